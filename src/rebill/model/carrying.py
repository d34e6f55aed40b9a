"""Carrying credit forward: a ledger of each customer and currency, written by issued documents alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebill.model.months import BillingMonth
from rebill.model.statement import LineKind, PricedLine


@dataclass(frozen=True)
class StatementToSettle:
    """An Estimated statement before what goes with it: ``own_minor_units`` are of its own lines.

    ``carries``: the customer's terms of its month let a total below 0 be carried forward.
    """

    statement_id: int
    month: BillingMonth
    own_minor_units: int
    carries: bool


@dataclass(frozen=True)
class WaitingBlock:
    """A correction that goes on the next statement that is issued."""

    block_id: int
    month: BillingMonth
    minor_units: int
    cost: Decimal


@dataclass(frozen=True)
class Settled:
    """What goes with a statement when it is issued: blocks, and what is carried to it (below 0) or from it."""

    statement_id: int
    blocks: tuple[WaitingBlock, ...]
    carried_minor_units: int


def carried(total_minor_units: int, open_credit: int, carries: bool) -> int:
    """What a statement's carry line comes to, 0 = it has none; ``total_minor_units`` is before it.

    A total below 0 becomes 0 and a credit, where it ``carries``; a total above 0 takes up the open credit.
    """
    if total_minor_units < 0:
        return -total_minor_units if carries else 0
    return -min(open_credit, total_minor_units)


def settled(statements: Sequence[StatementToSettle], blocks: Sequence[WaitingBlock], open_credit: int) -> list[Settled]:
    """What goes with each statement of one customer and currency, as if they were issued in order of months.

    All blocks go on the first. ``open_credit`` (minor units): what issued documents left.
    """
    waiting, found = tuple(sorted(blocks, key=lambda block: block.month)), []
    for statement in sorted(statements, key=lambda one: one.month):
        total = statement.own_minor_units + sum(block.minor_units for block in waiting)
        moved = carried(total, open_credit, statement.carries)
        found.append(Settled(statement.statement_id, waiting, moved))
        open_credit += moved
        waiting = ()
    return found


def carry_line(minor_units: int, minor_digits: int) -> PricedLine:
    """The line that moves ``minor_units`` from a statement (above 0) or to it."""
    kind = LineKind.CARRIED_FORWARD if minor_units > 0 else LineKind.BROUGHT_FORWARD
    return PricedLine(
        provider=None,
        subscription=None,
        service=None,
        charge_category=None,
        quantity=None,
        pricing_unit=None,
        exact_amount=Decimal(minor_units).scaleb(-minor_digits),
        charges=0,
        kind=kind,
        description=kind.value.replace("_", " "),
    )
