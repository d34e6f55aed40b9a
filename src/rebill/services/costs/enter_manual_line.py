"""Enter a manual line for a customer's month."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.money import entered_amount
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.parties.customer_rules import currency_fault, only_faults
from rebill.store.closing import billing_start
from rebill.store.customers import customer_name
from rebill.store.manual_lines import add_manual_line
from rebill.store.scope import Scope

GREATEST_REASON_LENGTH = 1000


def enter_manual_line(installation: Installation, caller: Caller, new: NewManualLine) -> ManualLine:
    """Enter a line; the next run bills it. For an issued month it becomes a correction.

    Amounts are rounded once to twelve decimals. Raises ``Forbidden``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> ManualLine:
        scope = Scope.of(connection, caller)
        faults = faults_of_entry(scope, new)
        if faults:
            raise Invalid("invalid_manual_line", "Nothing was entered: correct the fields named here.", faults)
        line = add_manual_line(scope, as_kept(new), now)
        record_change(
            scope,
            caller,
            Act.ENTER_MANUAL_LINE,
            line.manual_line_id,
            now,
            after={"entry_number": line.entry_number, **vars(line.entered)},
            customer_id=new.customer_id,
        )
        return line

    return installation.database.write(act)


def manual_line_faults(installation: Installation, caller: Caller, new: NewManualLine) -> Mapping[str, str]:
    """What is wrong with a line, of which some fields could not be read."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        return faults_of_entry(Scope.of(connection, caller), new)


def as_kept(new: NewManualLine) -> NewManualLine:
    """A line as it is kept: amounts rounded once, texts composed."""
    return replace(
        new,
        amount=entered_amount(new.amount),
        cost=None if new.cost is None else entered_amount(new.cost),
        reason=composed(new.reason.strip()),
        invoice_id=composed(new.invoice_id.strip()),
    )


def faults_of_entry(scope: Scope, new: NewManualLine) -> dict[str, str]:
    """What is wrong with a line, by field."""
    start = billing_start(scope)
    # A deleted customer's days are still billed.
    is_known = customer_name(scope, new.customer_id, even_deleted=True) is not None
    faults = {
        "client_api_id": None if is_known else "names no customer: list the customers to find its client_api_id",
        "billing_period": f"lies before {start}, the partner's first month" if start and new.month < start else None,
        "amount": _fault_of(entered_amount, new.amount),
        "cost": None if new.cost is None else _fault_of(entered_amount, new.cost),
        "reason": text_fault(new.reason, required=True, greatest=GREATEST_REASON_LENGTH),
        "currency": currency_fault(new.currency),
        "invoice_id": text_fault(new.invoice_id),
    }
    if not new.amount and not new.cost:
        faults["amount"] = "is 0, and so is the cost: there is nothing to enter"
    return only_faults(faults)


def _fault_of(check: Callable[[Decimal], Decimal], value: Decimal) -> str | None:
    try:
        check(value)
    except ValueError as error:
        return str(error)
    return None
