"""Corrections of issued months: the exact difference between what a month is now and what was issued for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebill.model.currencies import minor_digits
from rebill.model.money import ZERO, dealt_minor_units, minor_units
from rebill.model.months import BillingMonth
from rebill.model.statement import LineKey, PricedLine, Statement, line_order, numbered_lines


@dataclass(frozen=True)
class MonthSum:
    """A customer's month in one currency: as computed now, or as the sum of everything issued for it.

    ``lines`` differ in their keys; carry lines are not among them, and not in ``total_minor_units``.
    """

    lines: tuple[PricedLine, ...] = ()
    total_minor_units: int = 0
    statement_cost: Decimal = ZERO


@dataclass(frozen=True)
class PendingCorrection:
    """An issued month whose total is another now. Amounts in minor units, before carry lines.

    ``waits_as_block``: the correction was made already, of the whole difference, and goes on the next statement.
    """

    customer_id: int
    customer_name: str
    month: BillingMonth
    currency: str
    statement_id: int
    issued_minor_units: int
    recomputed_minor_units: int
    waits_as_block: bool

    @property
    def difference_minor_units(self) -> int:
        return self.recomputed_minor_units - self.issued_minor_units


def sum_of_lines(lines: Iterable[PricedLine]) -> tuple[PricedLine, ...]:
    """Lines of several documents, those of one key put together."""
    found: dict[LineKey, PricedLine] = {}
    for line in lines:
        known = found.get(line.key)
        found[line.key] = line if known is None else _together(known, line, 1)
    return tuple(found.values())


def corrected(
    customer_id: int,
    month: BillingMonth,
    currency: str,
    wanted: MonthSum,
    issued: MonthSum,
    digits: int | None = None,
) -> Statement:
    """What must be issued so that everything issued for the month is ``wanted``.

    One line for each key whose exact amount differs. The total is the rounded sum of what is wanted less the totals
    issued, and is dealt over the lines (``docs/rating.md``, Corrections); 0 = nothing is to be issued. ``digits``: of
    the minor unit, where they are not those that ISO 4217 lists today.
    """
    digits = minor_digits(currency) if digits is None else digits
    lines = sorted(_differences(wanted.lines, issued.lines), key=line_order)
    exact = sum((line.exact_amount for line in wanted.lines), ZERO)
    total = minor_units(exact, digits) - issued.total_minor_units
    shown = dealt_minor_units([line.exact_amount for line in lines], total, digits)
    cost = wanted.statement_cost - issued.statement_cost
    return Statement(customer_id, month, currency, numbered_lines(lines, shown), total, cost)


def _differences(wanted: Iterable[PricedLine], issued: Iterable[PricedLine]) -> list[PricedLine]:
    now, before = _by_key(wanted), _by_key(issued)
    found = [line if (old := before.get(key)) is None else _together(line, old, -1) for key, line in now.items()]
    found += [_negative(line) for key, line in before.items() if key not in now]
    return [line for line in found if line.exact_amount != 0]


def _by_key(lines: Iterable[PricedLine]) -> Mapping[LineKey, PricedLine]:
    return {line.key: line for line in lines}


def _together(line: PricedLine, other: PricedLine, sign: int) -> PricedLine:
    """``line`` with ``other`` added to it, or taken off it; a quantity only where both have one in one unit."""
    quantity = None
    if line.quantity is not None and other.quantity is not None and line.pricing_unit == other.pricing_unit:
        quantity = line.quantity + sign * other.quantity
    return line._replace(
        quantity=quantity,
        pricing_unit=None if quantity is None else line.pricing_unit,
        exact_amount=line.exact_amount + sign * other.exact_amount,
        charges=line.charges + sign * other.charges,
    )


def _negative(line: PricedLine) -> PricedLine:
    return line._replace(
        quantity=None if line.quantity is None else -line.quantity,
        exact_amount=-line.exact_amount,
        charges=-line.charges,
    )
