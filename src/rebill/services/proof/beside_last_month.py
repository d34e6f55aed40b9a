"""A customer's statement beside the one of the month before: why it pays more, or less."""

from dataclasses import dataclass

from rebill.model.errors import NotFound
from rebill.model.month_movement import Movement, movements
from rebill.model.party import Caller
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.billing.read_ties import read_ties
from rebill.store.statements import StatementRecord


@dataclass(frozen=True)
class BesideLastMonth:
    """Two statements of one customer and currency, each without corrections of other months and carry lines."""

    before: StatementRecord
    now: StatementRecord
    movements: tuple[Movement, ...]

    @property
    def totals(self) -> tuple[int, int]:
        """What the lines of the month before, and of this one, come to, in minor units."""
        before, now = (sum(line.amount_minor_units for line in one.statement.lines) for one in (self.before, self.now))
        return before, now


def beside_last_month(installation: Installation, caller: Caller, statement_id: int) -> BesideLastMonth:
    """A statement beside that of the month before, line by line.

    Raises ``NotFound`` for a statement that ``caller`` may not see, and where none stands for the month before.
    """
    now = get_statement(installation, caller, statement_id)
    standing = _of_last_month(installation, caller, now)
    if not standing:
        month, currency = now.statement.month.preceding, now.statement.currency
        said = f"No statement of {month} in {currency} stands for {now.customer_name}: all of this one is new."
        raise NotFound("nothing_to_compare", said)
    before = get_statement(installation, caller, standing[-1])
    return BesideLastMonth(before, now, movements(before.statement.lines, now.statement.lines))


def has_last_month(installation: Installation, caller: Caller, record: StatementRecord) -> bool:
    """Whether a statement has one of the month before to be seen beside."""
    return bool(_of_last_month(installation, caller, record))


def _of_last_month(installation: Installation, caller: Caller, record: StatementRecord) -> list[int]:
    """The statements of the month before that stand, by their ids; there is one at most."""
    statement = record.statement
    listed = every_statement(installation, caller, StatementFilter(statement.customer_id, statement.month.preceding))
    ids = [one.statement_id for one in listed if one.statement.currency == statement.currency]
    ties = read_ties(installation, caller, ids)
    return [one for one in ids if not ties[one].is_taken_back]
