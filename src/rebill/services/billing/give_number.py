"""Take the number that the partner's own system gave to an issued document."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.closing import Numbering
from rebill.model.errors import Conflict, Invalid
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.billing.read_statements import unknown_statement
from rebill.store.closing import closing_settings_of, hold_closing
from rebill.store.given_numbers import add_given_number, is_number_taken
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord, find_statement

GREATEST_NUMBER_LENGTH = 100


def number_fault(invoice_id: str) -> str | None:
    """What is wrong with a number, whatever document it is for."""
    return text_fault(composed(invoice_id.strip()), required=True, greatest=GREATEST_NUMBER_LENGTH)


def give_number(installation: Installation, caller: Caller, statement_id: int, invoice_id: str) -> StatementRecord:
    """Number an issued document; once, for ever. The same number again changes nothing.

    Raises ``Forbidden``, ``NotFound``, ``Invalid`` for a number that cannot be, and ``Conflict`` where the document
    is not issued, has a number, or another document has this one.
    """
    require(caller, Permission.CHANGE)
    number = composed(invoice_id.strip())
    fault = number_fault(invoice_id)
    if fault is not None:
        raise Invalid("invalid_number", "No number was given: correct it.", {"invoice_id": fault})

    now = installation.clock()

    def act(connection: Connection) -> StatementRecord:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        record = find_statement(scope, statement_id)
        if record is None:
            raise unknown_statement(statement_id)
        if record.document.invoice_id == number:
            return record
        _require_unnumbered(scope, record, number)
        add_given_number(scope, statement_id, number, now)
        numbered = find_statement(scope, statement_id)
        if numbered is None:
            raise AssertionError("a document just numbered must be found")
        record_change(
            scope,
            caller,
            Act.GIVE_NUMBER,
            statement_id,
            now,
            before={"invoice_id": ""},
            after={"invoice_id": number},
            customer_id=record.statement.customer_id,
        )
        return numbered

    return installation.database.write(act)


def _require_unnumbered(scope: Scope, record: StatementRecord, number: str) -> None:
    if record.statement.status is not StatementStatus.FINAL:
        raise Conflict("not_issued", "The statement is Estimated and has no number: finalize its month first.")
    if record.document.invoice_id:
        raise Conflict("numbered_already", f"The document has the number {record.document.invoice_id} for ever.")
    if closing_settings_of(scope).numbering is not Numbering.EXTERNAL:
        raise Conflict(
            "numbers_are_gapless",
            "rebill numbers this partner's documents itself: set the partner's numbering to external first.",
        )
    if is_number_taken(scope, number):
        raise Conflict("number_taken", f"Another document has the number {number}: give another one.")
