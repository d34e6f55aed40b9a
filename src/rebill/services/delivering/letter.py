"""A document as a letter by electronic mail."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

from rebill.documents.presented import PresentedStatement
from rebill.documents.wording import wording_of
from rebill.model.document import DocumentForm
from rebill.services.delivering.folder import DeliveryFault
from rebill.services.presenting.statement_file import StatementFile
from rebill.settings import DeliverySettings, SmtpSecurity

_SECONDS = 60


def letter(
    settings: DeliverySettings, presented: PresentedStatement, file: StatementFile, moment: float
) -> EmailMessage:
    """The letter with the document's PDF; its number names the letter, so that a doubled one is known."""
    wording = wording_of(presented.particulars.language)
    month = wording.month(presented.statement.month)
    title = f"{wording[presented.type.value]} {presented.document.invoice_id}"
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = presented.particulars.recipient.details.email
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


class Unsure(Exception):
    """A letter of which nobody knows whether the mail server took it."""


def send(settings: DeliverySettings, message: EmailMessage) -> str:
    """Hand a letter to the mail server; answers what is to be told although it was taken, ``""`` for nothing.

    Raises ``DeliveryFault`` where the server surely did not take it, and ``Unsure`` where the connection was lost while
    it was handed over.
    """
    try:
        server = _connected(settings)
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryFault(f"the mail server cannot be spoken to ({_told(error)})") from None
    try:
        refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({str(code) for code, _ in error.recipients.values()})
        raise DeliveryFault(f"the mail server refused every address ({', '.join(codes)})") from None
    except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
        raise DeliveryFault(f"the mail server refused it ({_told(error)})") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unsure(f"the connection was lost while it was handed over ({_told(error)})") from None
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    return f"the mail server did not take it for {len(refused)} of its addresses" if refused else ""


def _told(error: Exception) -> str:
    """An error's name and code: its text may hold what was sent."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _connected(settings: DeliverySettings) -> smtplib.SMTP:
    if settings.smtp_security is SmtpSecurity.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS)
    try:
        if settings.smtp_security is SmtpSecurity.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user and settings.smtp_password_file is not None:
            server.login(settings.smtp_user, settings.smtp_password_file.read_text(encoding="utf-8").strip())
    except BaseException:
        server.close()
        raise
    return server


def _one_line(text: str) -> str:
    return " ".join(text.split())
