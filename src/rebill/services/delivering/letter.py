"""A document as a letter by electronic mail."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

from rebill.documents.presented import PresentedStatement
from rebill.documents.wording import wording_of
from rebill.model.document import DocumentForm
from rebill.services.delivering.faults import DeliveryFault, FaultKind, Unsure
from rebill.services.presenting.statement_file import StatementFile
from rebill.settings import DeliverySettings, SmtpSecurity

_SECONDS = 60
_REFUSED_FOR_GOOD = 500
"""Codes of a mail server below this one are of what may pass."""


def letter(
    settings: DeliverySettings, presented: PresentedStatement, addresses: str, file: StatementFile, moment: float
) -> EmailMessage:
    """The letter with the document's PDF to some addresses; its number names it, so that a doubled one is known."""
    wording = wording_of(presented.particulars.language)
    month = wording.month(presented.statement.month)
    title = f"{wording[presented.type.value]} {presented.document.invoice_id}"
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = addresses
    message["Subject"] = _one_line(f"{title} – {presented.particulars.issuer_name}, {month}")
    message["Date"] = formatdate(moment)
    message["Message-ID"] = f"<statement-{presented.statement_id}@rebill.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    payable = wording.amount(
        presented.tax.payable_minor_units, presented.statement.minor_digits, presented.statement.currency
    )
    message.set_content(f"{title}\n{month}\n{wording['payable']}: {payable}\n\n{presented.particulars.issuer_name}\n")
    kind, _, subkind = DocumentForm.PDF.media_type.partition("/")
    message.add_attachment(file.content, maintype=kind, subtype=subkind, filename=file.name)
    return message


def send(settings: DeliverySettings, message: EmailMessage) -> str:
    """Hand a letter to the mail server; answers what is to be told although it was taken, ``""`` for nothing.

    Raises ``DeliveryFault`` where the server surely did not take it, and ``Unsure`` where the connection was lost while
    it was handed over.
    """
    try:
        server = _connected(settings)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise DeliveryFault(_why_not_connected(error), FaultKind.UNREACHABLE) from None
    try:
        refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        told = ", ".join(str(code) for code in codes)
        raise DeliveryFault(f"the mail server refused every address ({told})", _kind_of(codes[0])) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFault(f"the mail server refused it ({_told(error)})", _kind_of(error.smtp_code)) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryFault(f"the mail server refused it ({_told(error)})", FaultKind.LASTING) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unsure(f"the connection was lost while it was handed over ({_told(error)})") from None
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    return f"the mail server did not take it for {len(refused)} of its addresses" if refused else ""


def _kind_of(code: int) -> FaultKind:
    return FaultKind.LASTING if code >= _REFUSED_FOR_GOOD else FaultKind.PASSING


def _why_not_connected(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server does not let this user in ({_told(error)}): look at REBILL_SMTP_USER and its password"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not trusted ({error.verify_message})"
    return f"the mail server cannot be spoken to ({_told(error)})"


def _told(error: Exception) -> str:
    """An error's name and code: its text may hold what was sent."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _connected(settings: DeliverySettings) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=settings.smtp_certificates)
    if settings.smtp_security is SmtpSecurity.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=_SECONDS, context=trusted
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS)
    try:
        if settings.smtp_security is SmtpSecurity.STARTTLS:
            server.starttls(context=trusted)
        if settings.smtp_user and settings.smtp_password_file is not None:
            server.login(settings.smtp_user, settings.smtp_password_file.read_text(encoding="utf-8").strip())
    except BaseException:
        server.close()
        raise
    return server


def _one_line(text: str) -> str:
    return " ".join(text.split())
