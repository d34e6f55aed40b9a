"""Corrections by hand: the page read line by line in plain ``Decimal``, sharing no arithmetic with rebill.

A document is its exact amounts by key, and what each shows. Where oracle and rebill differ, one misreads the page.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

Amounts = dict[str, Decimal]
"""Exact amounts by line key."""


def rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def shown(exact: Amounts, total: Decimal, digits: int) -> Amounts:
    """``total`` dealt over lines in order of their keys: floors, then the greatest remainders first."""
    unit = Decimal(1).scaleb(-digits)
    visible = {key: exact[key].quantize(unit, rounding=ROUND_FLOOR) for key in sorted(exact)}
    if sum(visible.values(), Decimal(0)) - unit == total:
        visible[min(visible)] -= unit
    waiting = sorted(visible, key=lambda key: (visible[key] - exact[key], key))
    while sum(visible.values(), Decimal(0)) < total:
        visible[waiting.pop(0)] += unit
    return visible


def statement(now: Amounts, digits: int) -> tuple[Amounts, Amounts, Decimal]:
    """(exact, shown, total) of a month's statement."""
    total = rounded(sum(now.values(), Decimal(0)), digits)
    return dict(now), shown(now, total, digits), total


def correction(
    now: Amounts, issued: list[tuple[Amounts, Amounts, Decimal]], digits: int
) -> tuple[Amounts, Amounts, Decimal]:
    """(exact, shown, total) of what is missing from everything ``issued`` to be ``now``."""
    before: Amounts = {}
    for exact, _, _ in issued:
        for key, amount in exact.items():
            before[key] = before.get(key, Decimal(0)) + amount
    keys = now.keys() | before.keys()
    differs = {key: now.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in keys}
    differs = {key: amount for key, amount in differs.items() if amount != 0}
    wanted = rounded(sum(now.values(), Decimal(0)), digits)
    total = wanted - sum((one[2] for one in issued), Decimal(0))
    return differs, shown(differs, total, digits), total
