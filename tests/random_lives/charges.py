"""Charges by chance, and what a month of them comes to for those who are billed at cost: by plain sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from rebill.model.months import BillingMonth
from tests.services.accountant import cost

SUBSCRIPTIONS = ("s-1", "s-2", "s-3")
MINOR_DIGITS = {"USD": 2, "JPY": 0}

Owned = tuple[int, str]
"""Customer and currency."""


@dataclass(frozen=True)
class RandomCharge:
    """A charge of one day, at cost."""

    day: date
    subscription: str
    service: str
    currency: str
    amount: Decimal

    def columns(self, month: BillingMonth) -> dict[str, str]:
        """It as a row of a cost file that bills it in ``month``."""
        named = {"ServiceName": self.service, "BillingCurrency": self.currency}
        days = {"ChargePeriodStart": f"{self.day}T00:00:00Z", "ChargePeriodEnd": f"{self.day}T23:59:59Z"}
        return {**cost(month, str(self.amount), self.subscription, **named), **days}


@dataclass(frozen=True)
class Entered:
    """A manual line in dollars."""

    month: BillingMonth
    customer_id: int
    amount: Decimal


def random_amount(chance: Random) -> Decimal:
    """From -20 to 30, with two to five decimals: half cents and half yen are frequent."""
    decimals = chance.choice([2, 3, 3, 5])
    return Decimal(chance.randint(-20 * 10**decimals, 30 * 10**decimals)).scaleb(-decimals)


def random_charges(chance: Random, month: BillingMonth, kept: Iterable[RandomCharge]) -> list[RandomCharge]:
    """Another delivery of a month: most of what was ``kept`` before, and more; every account has some."""
    found = [one for one in kept if chance.random() < 0.7]
    for subscription in SUBSCRIPTIONS:
        for _ in range(chance.randint(0, 2)):
            day = date(month.year, month.month, chance.randint(1, 28))
            service, currency = chance.choice(["X", "Y"]), chance.choice(["USD", "USD", "JPY"])
            found.append(RandomCharge(day, subscription, service, currency, random_amount(chance)))
        if not any(one.subscription == subscription for one in found):
            first = date(month.year, month.month, 1)
            found.append(RandomCharge(first, subscription, "X", "USD", random_amount(chance)))
    return found


def made_rich(chance: Random, month: BillingMonth, months: Iterable[BillingMonth], row: dict[str, str]) -> None:
    """The row gets what rules tell charges apart by: retail, provider, kind, commitment, the invoice it takes back."""
    row["ListCost"] = str(Decimal(row["BilledCost"]) * Decimal(chance.choice(["1.25", "0.9", "0"])))
    row["ProviderName"] = chance.choice(["Microsoft", "Microsoft", "AWS"])
    row["InvoiceId"] = f"G-{month.month}"
    row["x_PreviousInvoiceId"] = f"G-{chance.choice([*months]).month}" if chance.random() < 0.3 else ""
    row["ChargeCategory"] = chance.choice(["Usage", "Usage", "Purchase", "Credit", "Tax", "Adjustment"])
    row["EffectiveCost"] = str(Decimal(row["BilledCost"]) / 2)
    if chance.random() < 0.2 and row["ChargeCategory"] in ("Usage", "Purchase"):
        row["CommitmentDiscountId"] = "r-1"
        row["CommitmentDiscountStatus"] = chance.choice(["Used", "Unused"])


def owner_on(owners: Iterable[tuple[date, int]], day: date) -> int:
    """Whose an account is on a day; ``owners`` from which day on, in order."""
    return [customer_id for first, customer_id in owners if first <= day][-1]


def totals_by_hand(
    charges: Iterable[RandomCharge], owners: Mapping[str, Iterable[tuple[date, int]]], entered: Iterable[Entered]
) -> dict[Owned, int]:
    """What a month comes to for each customer and currency, in minor units, at cost."""
    exact: dict[Owned, Decimal] = defaultdict(Decimal)
    for one in charges:
        exact[owner_on(owners[one.subscription], one.day), one.currency] += one.amount
    for line in entered:
        exact[line.customer_id, "USD"] += line.amount
    return {
        key: int(amount.scaleb(MINOR_DIGITS[key[1]]).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        for key, amount in exact.items()
    }
