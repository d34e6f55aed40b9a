"""Every way of signing in, against a sign-in service that looks at what it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from rebill.model.errors import Forbidden, Invalid
from rebill.settings import MicrosoftSettings
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.twin.certificates import write_application_certificate
from rebill.twin.faults import Fault, Faults
from rebill.twin.server import RunningTwin, running_twin
from rebill.twin.signing_in import IDENTITY_HEADER
from rebill.twin.world import TwinWorld

SMALL = TwinWorld(customer_count=1, days=1)
CLOUD = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")


@pytest.fixture(scope="module")
def twin() -> Iterator[RunningTwin]:
    with running_twin(SMALL) as running, stamina.set_testing(True, attempts=8):
        yield running


def customers_listed(environment: dict[str, str]) -> int:
    """How many customers who signs in by these settings is told of."""
    with MicrosoftCalls(MicrosoftSettings.from_environment(environment)) as calls:
        return len(calls.partner_center("/v1/customers?size=40").document["items"])


def test_an_application_signs_in_by_its_certificate_alone(twin: RunningTwin) -> None:
    environment = twin.environment_with_certificate
    assert "REBILL_MICROSOFT_CLIENT_SECRET" not in environment
    assert customers_listed(environment) == 1


def test_another_certificate_is_refused_with_what_to_look_at(twin: RunningTwin, tmp_path: Path) -> None:
    write_application_certificate(tmp_path / "another.pem")
    another = {"REBILL_MICROSOFT_CERTIFICATE_FILE": str(tmp_path / "another.pem")}
    with pytest.raises(Forbidden) as refused:
        customers_listed({**twin.environment_with_certificate, **another})
    assert refused.value.code == "microsoft_sign_in_refused"
    assert "AADSTS700027" in refused.value.message
    assert "PRIVATE KEY" not in refused.value.message


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_a_certificate_that_cannot_be_read_is_refused_and_nothing_is_sent(
    twin: RunningTwin, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "broken.pem"
    if content is not None:
        file.write_bytes(content)
    broken = {"REBILL_MICROSOFT_CERTIFICATE_FILE": str(file)}
    with pytest.raises(Invalid) as refused:
        customers_listed({**twin.environment_with_certificate, **broken})
    assert (refused.value.code, str(file) in refused.value.message) == ("certificate_not_readable", True)


def test_a_machine_signs_in_by_the_identity_that_its_cloud_gives_it(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLOUD:
        monkeypatch.setenv(name, twin.environment_of_machine[name])
    assert customers_listed(twin.environment_of_machine) == 1


def test_a_machine_without_an_identity_is_told_so_and_no_secret(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", twin.environment_of_machine["IDENTITY_ENDPOINT"])
    monkeypatch.setenv("IDENTITY_HEADER", "wrong-header-that-must-never-be-seen")
    with pytest.raises(Exception) as refused:
        customers_listed(twin.environment_of_machine)
    assert "must-never-be-seen" not in str(refused.value)
    assert IDENTITY_HEADER not in str(refused.value)


def test_a_sign_in_that_fails_for_a_while_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults.all(5)
    with running_twin(SMALL, faults) as twin, stamina.set_testing(True, attempts=8):
        assert customers_listed(twin.environment_with_certificate) == 1
        for name in CLOUD:
            monkeypatch.setenv(name, twin.environment_of_machine[name])
        assert customers_listed(twin.environment_of_machine) == 1
    assert faults.suffered.keys() & {Fault.THROTTLED, Fault.SERVER_ERROR}
