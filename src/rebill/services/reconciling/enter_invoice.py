"""Enter an invoice of Microsoft's, or what amends one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.microsoft_invoice import InvoiceKind, MicrosoftInvoice, NewMicrosoftInvoice
from rebill.model.money import entered_amount
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.parties.customer_rules import currency_fault, only_faults
from rebill.store.microsoft_invoices import add_invoice, invoices_in_force, withdraw_invoice
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope

GREATEST_NUMBER_LENGTH = 128


def enter_invoice(installation: Installation, caller: Caller, new: NewMicrosoftInvoice) -> MicrosoftInvoice:
    """Enter an invoice; one of the same number replaces what was entered, and one that is the same changes nothing.

    The total is rounded once to twelve decimals. Raises ``Forbidden``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> MicrosoftInvoice:
        scope = Scope.of(connection, caller)
        # Of a number one invoice is in force, whoever enters it meanwhile.
        hold_partner(scope)
        standing = invoices_in_force(scope)
        faults = faults_of_invoice(standing, new)
        if faults:
            raise Invalid("invalid_invoice", "Nothing was entered: correct the fields named here.", faults)
        wanted = as_kept(new)
        known = next((one for one in standing if one.entered.number == wanted.number), None)
        if known is not None and known.entered == wanted and not known.is_read:
            return known
        return put_in_force(scope, caller, wanted, known, now)

    return installation.database.write(act)


def invoice_faults(installation: Installation, caller: Caller, new: NewMicrosoftInvoice) -> Mapping[str, str]:
    """What is wrong with an invoice, of which some fields could not be read."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        return faults_of_invoice(invoices_in_force(Scope.of(connection, caller)), new)


def put_in_force(
    scope: Scope,
    caller: Caller,
    wanted: NewMicrosoftInvoice,
    known: MicrosoftInvoice | None,
    now: datetime,
    is_read: bool = False,
) -> MicrosoftInvoice:
    """Keep a sound invoice in place of the one of its number that is ``known``, and record that."""
    if known is not None:
        withdraw_invoice(scope, known.microsoft_invoice_id, now)
    kept = add_invoice(scope, wanted, now, is_read)
    before = None if known is None else vars(known.entered)
    record_change(scope, caller, Act.ENTER_INVOICE, kept.microsoft_invoice_id, now, before=before, after=vars(wanted))
    return kept


def as_kept(new: NewMicrosoftInvoice) -> NewMicrosoftInvoice:
    """An invoice as the record has it: numbers composed, the total to twelve decimals."""
    return replace(
        new,
        number=composed(new.number.strip()),
        amends=composed(new.amends.strip()),
        total=entered_amount(new.total),
    )


def faults_of_invoice(standing: Sequence[MicrosoftInvoice], new: NewMicrosoftInvoice) -> dict[str, str]:
    """What is wrong with an invoice, by field; ``standing``: those in force."""
    return only_faults(
        {
            "number": text_fault(new.number, required=True, greatest=GREATEST_NUMBER_LENGTH),
            "currency": currency_fault(new.currency),
            "total": _total_fault(new),
            "amends": text_fault(new.amends, greatest=GREATEST_NUMBER_LENGTH) or _amends_fault(standing, new),
        }
    )


def _total_fault(new: NewMicrosoftInvoice) -> str | None:
    try:
        total = entered_amount(new.total)
    except ValueError as error:
        return str(error)
    if new.kind.takes_back and total > 0:
        return f"of a {new.kind.replace('_', ' ')} is not above 0: it takes back, so write it with a minus"
    return None


def _amends_fault(standing: Sequence[MicrosoftInvoice], new: NewMicrosoftInvoice) -> str | None:
    number, amends = composed(new.number.strip()), composed(new.amends.strip())
    if new.kind is InvoiceKind.INVOICE:
        return "is for notes: an invoice amends nothing" if amends else None
    if not amends:
        return "must name the invoice that the note belongs to"
    amended = next((one.entered for one in standing if one.entered.number == amends), None)
    if amends == number or (amended is not None and amended.kind is not InvoiceKind.INVOICE):
        return "must name an invoice, not a note"
    if any(one.entered.amends == number for one in standing):
        return f"makes {number} a note, and other notes name it as their invoice: withdraw those first"
    return None
