"""A customer's month beside the month before: why it pays more, or less."""

from collections.abc import Sequence
from dataclasses import dataclass

from rebill.model.document import DocumentKind
from rebill.model.errors import NotFound
from rebill.model.month_movement import Movement, movements
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import get_statement
from rebill.store.bill_rows import BillRow, bill_rows, is_standing_statement
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord


@dataclass(frozen=True)
class BesideLastMonth:
    """Two months of one customer and currency, each without corrections of other months and carry lines.

    ``now``: the statement that stands, else one that was taken back (``is_taken_back``), which counts nothing.
    ``corrections``: what corrections of the month before, and of this one, come to, in minor units; ``totals``: what
    stands of the months with them.
    """

    before: StatementRecord
    now: StatementRecord
    is_taken_back: bool
    movements: tuple[Movement, ...]
    corrections: tuple[int, int]
    totals: tuple[int, int]


def beside_last_month(installation: Installation, caller: Caller, statement_id: int) -> BesideLastMonth:
    """What stands of a customer's month, of which a document is named, beside the month before, line by line.

    Raises ``NotFound`` for a document that ``caller`` may not see, and where no statement stands for the month before.
    """
    asked = get_statement(installation, caller, statement_id)
    month = asked.statement.month
    of_before, of_now = (_standing(installation, caller, asked, one) for one in (month.preceding, month))
    id_before, id_now = _statement_id(of_before), _statement_id(of_now)
    if id_before is None:
        of_month = f"{month.preceding} in {asked.statement.currency}"
        said = f"No statement of {of_month} stands for {asked.customer_name}: all of this one is new."
        raise NotFound("nothing_to_compare", said)
    before = get_statement(installation, caller, id_before)
    now = asked if id_now is None else get_statement(installation, caller, id_now)
    lines_now = () if id_now is None else now.statement.lines
    return BesideLastMonth(
        before,
        now,
        id_now is None,
        movements(before.statement.lines, lines_now),
        (_units(of_before, with_statement=False), _units(of_now, with_statement=False)),
        (_units(of_before), _units(of_now)),
    )


def has_last_month(installation: Installation, caller: Caller, record: StatementRecord) -> bool:
    """Whether a statement has one of the month before to be seen beside. Raises ``Forbidden``."""
    return _statement_id(_standing(installation, caller, record, record.statement.month.preceding)) is not None


def _standing(
    installation: Installation, caller: Caller, record: StatementRecord, month: BillingMonth
) -> list[BillRow]:
    """The documents of a month, of the customer and currency of ``record``, that nothing took back."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        found = bill_rows(Scope.of(connection, caller), month, record.statement.customer_id)
    return [row for row in found if row.currency == record.statement.currency and row.void_id is None]


def _statement_id(rows: Sequence[BillRow]) -> int | None:
    return next((row.statement_id for row in rows if is_standing_statement(row)), None)


def _units(rows: Sequence[BillRow], with_statement: bool = True) -> int:
    return sum(row.price_minor_units for row in rows if with_statement or row.kind != DocumentKind.STATEMENT)
