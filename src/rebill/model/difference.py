"""Differences of a month between two computations of it: by customer, service and cause; they add up exactly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rebill.model.money import ZERO

MINOR_UNITS: Final = "minor_units"
"""The cause of what shown totals differ by, beside their exact amounts."""


class Cause(StrEnum):
    """Why an amount is another: which input of the computation changed."""

    COST = "cost"
    """Cost data came, or was replaced."""
    ASSIGNMENT = "assignment"
    TERMS = "terms"
    PRICE_BOOK = "price_book"
    BILLING_RULE = "billing_rule"
    MANUAL_LINE = "manual_line"
    PARTNER_SETTING = "partner_setting"
    NOT_ISSUED = "not_issued"
    """Nothing was issued before: the whole amount is new."""
    OTHER = "other"
    """What several changes make together and none alone, and what no input explains."""


@dataclass(frozen=True)
class Difference:
    """A part of a difference, exact. ``service``: ``None`` = lines name none. ``cause``: a ``Cause``, or an input."""

    customer_id: int
    currency: str
    service: str | None
    cause: str
    amount: Decimal


@dataclass(frozen=True)
class TotalDifference:
    """A customer's total before and after, shown, in minor units; ``by_cause`` adds up to the difference, exactly.

    The cause ``minor_units`` is what rounding the totals adds to the differences of exact amounts.
    """

    customer_id: int
    customer_name: str
    currency: str
    minor_digits: int
    before: int
    after: int
    by_cause: Mapping[str, Decimal]

    def __post_init__(self) -> None:
        if sum(self.by_cause.values(), ZERO) != Decimal(self.after - self.before).scaleb(-self.minor_digits):
            raise AssertionError("the causes of a difference add up to it")


def by_cause(differences: Iterable[Difference]) -> dict[str, Decimal]:
    """Differences summed by cause; those that come to nothing are left out."""
    found: dict[str, Decimal] = {}
    for one in differences:
        found[one.cause] = found.get(one.cause, ZERO) + one.amount
    return {cause: amount for cause, amount in found.items() if amount}
