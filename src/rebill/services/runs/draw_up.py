"""Draw up the statements of a rated month: of a run, and of whoever computes it again."""

from collections.abc import Callable, Mapping

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO, can_be_kept
from rebill.model.months import BillingMonth
from rebill.model.rating import CustomerLines, RatedMonth
from rebill.model.run_progress import RunProgress, RunStep
from rebill.model.statement import Balance, Statement, drawn_up


def draw_up(
    rated: RatedMonth,
    month: BillingMonth,
    digits: Mapping[str, int] = MINOR_DIGITS,
    tell: Callable[[RunProgress], None] = lambda _: None,
) -> list[Statement]:
    """Every customer's statement, in order of customer id and currency. ``digits``: currency → minor digits.

    ``tell``: is told how many are drawn up.

    Raises ``ProgramError`` where a statement or the balance comes to more than is kept: engines say so of what they
    compute, this of what fees, shares and entries make of it.
    """
    for balance in rated.balance:
        _require_kept_balance(balance)
    for found in rated.customers:
        _require_kept(found, digits[found.currency])
    statements = []
    for number, found in enumerate(rated.customers):
        tell(RunProgress(RunStep.DRAW_UP, number, len(rated.customers)))
        lines, minor_digits = list(found.lines), digits[found.currency]
        one = drawn_up(found.customer_id, month, found.currency, lines, found.statement_cost, minor_digits)
        statements.append(one)
    return statements


def _require_kept(found: CustomerLines, minor_digits: int) -> None:
    exact = [line.exact_amount for line in found.lines]
    # Of most statements even what all amounts without their signs come to can be kept, and so can each.
    if can_be_kept(sum(map(abs, exact), abs(found.statement_cost)), minor_digits):
        return
    for amount in (*exact, sum(exact, ZERO), found.statement_cost):
        if not can_be_kept(amount, minor_digits):
            _refuse(f"The statement of customer {found.customer_id} in {found.currency}")


def _require_kept_balance(balance: Balance) -> None:
    parts = (balance.imported, balance.billed, balance.billing_disabled, balance.unassigned, balance.unassigned_gross)
    if not all(can_be_kept(amount, 0) for amount in parts):
        _refuse(f"The cost in {balance.currency}")


def _refuse(what: str) -> None:
    raise ProgramError(
        "amount_out_of_range",
        f"{what} comes to more than is kept (16 digits before the point; less where a currency has more than two minor "
        "digits), and nothing was stored. Look at the greatest amounts of the month's cost, at percentages and rates, "
        "and at fees and manual lines, then run again.",
    )
