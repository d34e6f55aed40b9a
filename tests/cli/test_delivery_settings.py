"""Settings of delivery that cannot be are refused at once, and a password is never asked of the environment."""

from pathlib import Path

import pytest

from rebill.model.errors import Invalid
from rebill.settings import DeliverySettings, SmtpSecurity


@pytest.mark.parametrize(
    "environment",
    [
        {"REBILL_SMTP_HOST": "mail.example"},
        {"REBILL_SMTP_PORT": "mail"},
        {"REBILL_SMTP_PORT": "0"},
        {"REBILL_SMTP_PORT": "65536"},
        {"REBILL_SMTP_SECURITY": "perhaps"},
    ],
)
def test_what_cannot_be_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        DeliverySettings.from_environment(environment)


def test_what_is_left_out_is_safe() -> None:
    assert DeliverySettings.from_environment({}) == DeliverySettings()
    given = {"REBILL_SMTP_HOST": "mail.example", "REBILL_MAIL_FROM": "a@b.example", "REBILL_SMTP_PASSWORD_FILE": "/p"}
    settings = DeliverySettings.from_environment(given)
    assert (settings.smtp_port, settings.smtp_security) == (587, SmtpSecurity.STARTTLS)
    assert settings.smtp_password_file == Path("/p")
