"""Draw up the statements of a rated month: of a run, and of whoever computes it again."""

from collections.abc import Mapping

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.months import BillingMonth
from rebill.model.rating import RatedMonth
from rebill.model.statement import Statement, drawn_up


def draw_up(rated: RatedMonth, month: BillingMonth, digits: Mapping[str, int] = MINOR_DIGITS) -> list[Statement]:
    """Every customer's statement, in order of customer id and currency. ``digits``: currency → minor digits."""
    return [
        drawn_up(
            found.customer_id, month, found.currency, list(found.lines), found.statement_cost, digits[found.currency]
        )
        for found in rated.customers
    ]
