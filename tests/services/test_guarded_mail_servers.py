"""Mail servers that want encryption and a password: what is sent, what is told of faults, and no secret."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rebill.model.document_delivery import DeliveryState, DocumentDelivery
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents
from rebill.settings import DeliverySettings, SmtpSecurity
from rebill.store.whole_record import rows_of, tables_of_record
from rebill.twin.certificates import CertificateFiles, write_certificates
from tests.mail_server import Mailbox, mail_server
from tests.services.deliveries import BY_MAIL, WITHOUT_INVOICE, delivering, issued

PASSWORD = "correct horse battery staple"
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""The server that is encrypted from the first byte does not know that it is."""
both_ways = pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])


@pytest.fixture
def certificates(tmp_path: Path) -> CertificateFiles:
    """An authority and the mail server's certificate by it."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    return write_certificates(folder)


@pytest.fixture
def settings(tmp_path: Path, certificates: CertificateFiles) -> DeliverySettings:
    """Of a mail server that lets rebill in; the port is still to be said."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return replace(
        BY_MAIL,
        smtp_user="rebill",
        smtp_password_file=tmp_path / "password",
        smtp_certificates=certificates.authority,
    )


def sent(installation: Installation, partner: Caller, settings: DeliverySettings) -> DocumentDelivery:
    """What becomes of the one letter of September; no secret stands in the record."""
    sender = delivering(installation, settings)
    (delivery,) = deliver_documents(sender, partner, DeliveryOrder())
    with installation.database.reading() as connection:
        kept = [str(row) for table in tables_of_record() for row in rows_of(connection, table)]
    assert PASSWORD not in "".join(kept)
    return delivery


@both_ways
def test_a_letter_is_handed_over_encrypted_by_who_knows_the_password(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    settings: DeliverySettings,
    certificates: CertificateFiles,
    security: SmtpSecurity,
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(password=PASSWORD)
    with mail_server(box, security, certificates) as port:
        done = sent(installation, partner, replace(settings, smtp_port=port, smtp_security=security))
    assert (done.state, done.fault, len(box.letters)) == (DeliveryState.DELIVERED, WITHOUT_INVOICE, 1)


def test_a_wrong_password_is_told_without_it_and_nothing_is_sent(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    settings: DeliverySettings,
    certificates: CertificateFiles,
    caplog: pytest.LogCaptureFixture,
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(password="another")
    with mail_server(box, SmtpSecurity.STARTTLS, certificates) as port:
        secured = replace(settings, smtp_port=port, smtp_security=SmtpSecurity.STARTTLS)
        failed = sent(installation, partner, secured)
        assert (failed.state, failed.attempts) == (DeliveryState.FAILED, 1)
        assert failed.fault.startswith("the mail server does not let this user in (SMTPAuthenticationError 535)")
        assert PASSWORD not in caplog.text
        box.password = PASSWORD
        assert sent(installation, partner, secured).state is DeliveryState.DELIVERED
    assert len(box.letters) == 1


@both_ways
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    settings: DeliverySettings,
    certificates: CertificateFiles,
    security: SmtpSecurity,
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(password=PASSWORD)
    with mail_server(box, security, certificates) as port:
        untrusting = replace(settings, smtp_port=port, smtp_security=security, smtp_certificates=None)
        failed = sent(installation, partner, untrusting)
    assert failed.state is DeliveryState.FAILED
    assert failed.fault.startswith("the mail server's certificate is not trusted (")
    assert box.letters == []


def test_a_server_without_encryption_gets_neither_password_nor_letter(
    installation: Installation, partner: Caller, tmp_path: Path, settings: DeliverySettings
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox()
    with mail_server(box) as port:
        failed = sent(installation, partner, replace(settings, smtp_port=port, smtp_security=SmtpSecurity.STARTTLS))
    assert (failed.state, box.letters) == (DeliveryState.FAILED, [])
    assert failed.fault == "the mail server cannot be spoken to (SMTPNotSupportedError)"


def test_a_password_file_that_cannot_be_read_is_told(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    settings: DeliverySettings,
    certificates: CertificateFiles,
) -> None:
    issued(installation, partner, tmp_path)
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    with mail_server(Mailbox(password=PASSWORD), SmtpSecurity.TLS, certificates) as port:
        secured = replace(settings, smtp_port=port, smtp_security=SmtpSecurity.TLS)
        told = sent(installation, partner, secured).fault
        assert told == "the mail server cannot be spoken to (UnicodeDecodeError)"
        (tmp_path / "password").unlink()
        assert sent(installation, partner, secured).fault == "the mail server cannot be spoken to (FileNotFoundError)"


def test_one_address_of_two_that_is_refused_is_told_and_the_other_has_the_letter(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    settings: DeliverySettings,
    certificates: CertificateFiles,
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(password=PASSWORD, refused=("cfo@indigo.example",))
    with mail_server(box, SmtpSecurity.STARTTLS, certificates) as port:
        secured = replace(settings, smtp_port=port, smtp_security=SmtpSecurity.STARTTLS)
        done = sent(installation, partner, secured)
    told = f"the mail server did not take it for 1 of its addresses; {WITHOUT_INVOICE}"
    assert (done.state, done.fault, len(box.letters)) == (DeliveryState.DELIVERED, told, 1)


def test_a_server_that_hangs_up_in_the_middle_of_a_letter_leaves_it_unsure(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    with hanging_up_in_the_middle() as port:
        unsure = sent(installation, partner, replace(BY_MAIL, smtp_port=port))
    assert unsure.state is DeliveryState.UNSURE
    assert unsure.fault.startswith("the connection was lost while it was handed over (")


def test_a_server_that_hangs_up_before_anything_is_said_took_nothing(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    with hanging_up_in_the_middle(after=0) as port:
        failed = sent(installation, partner, replace(BY_MAIL, smtp_port=port))
    assert failed.state is DeliveryState.FAILED


@contextmanager
def hanging_up_in_the_middle(after: int = 20_000) -> Iterator[int]:
    """A server that closes the connection once it has had so many bytes; its port."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            if not after:
                return
            connection.sendall(b"220 here\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    break
                connection.sendall(b"250 go on\r\n")
            connection.sendall(b"354 go on\r\n")
            lines.read(after)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()
