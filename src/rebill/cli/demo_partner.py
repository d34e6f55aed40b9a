"""The demo's partner: its customers, their terms, and who gets which of the sample's accounts."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rebill.model.customer import NewCustomer
from rebill.model.money import ZERO, parse_decimal
from rebill.model.months import BillingMonth
from rebill.model.statement import Balance, Binding
from rebill.model.terms import Basis, CommitmentsPolicy

PARTNER_NAME = "Paper Lantern Cloud"
MONTH = BillingMonth(2024, 9)
FOLLOWING_MONTH = MONTH.following
"""One charge of the sample is billed in the month after."""
EXPECTED_CHARGES = 1000
EXPECTED_ACCOUNTS = 73
EXPECTED_COST = Decimal("20.520226728990")
"""What the published sample adds up to, in ``BilledCost``; the demo checks that none of it goes astray."""
LEFT_UNASSIGNED = (12, 23, 34, 45, 56)
"""Places, by cost from the greatest, of the accounts that the demo leaves unassigned on purpose."""
SHOWN_CUSTOMER = "Brass Kettle Robotics"
"""Whose statement is shown in full."""


def _terms(
    name: str,
    basis: Basis,
    markup: str | None,
    commitments: CommitmentsPolicy = CommitmentsPolicy.AS_BOUGHT,
    billing_enabled: bool = True,
) -> NewCustomer:
    return NewCustomer(
        name=name,
        basis=basis,
        markup_percent=None if markup is None else Decimal(markup),
        commitments=commitments,
        billing_enabled=billing_enabled,
    )


CUSTOMERS: Sequence[NewCustomer] = (
    _terms("Amber Lighthouse Bakery", Basis.LIST, None),
    _terms("Brass Kettle Robotics", Basis.BILLED, "15"),
    _terms("Copper Fern Museum", Basis.LIST, "-5", CommitmentsPolicy.RETAIL),
    _terms("Dapper Otter Logistics", Basis.BILLED, "20", CommitmentsPolicy.AMORTIZED),
    _terms("Echo Valley Observatory", Basis.LIST, "-12.5"),
    _terms("Fable and Finch Books", Basis.BILLED, "8.75"),
    _terms("Gilded Acorn Bank", Basis.LIST, "3"),
    _terms("Hollow Moon Studios", Basis.BILLED, None),
    _terms("Indigo Montoya Inc", Basis.LIST, "10"),
    _terms("Juniper Clockworks", Basis.BILLED, "33.3333"),
    _terms("Kite and Key Energy", Basis.LIST, "-2", CommitmentsPolicy.AMORTIZED),
    _terms("Lantern Street Clinic", Basis.LIST, None, billing_enabled=False),
)


@dataclass(frozen=True)
class SampleCost:
    """What the sample file says by itself, read without rebill: cost by account and billing month.

    ``gross``: the same without the signs of the charges.
    """

    charges: int
    by_account_and_month: Mapping[tuple[str, str], Decimal]
    gross: Mapping[tuple[str, str], Decimal]

    @property
    def accounts(self) -> list[str]:
        """Every account (as the file spells it), the one with the greatest cost first."""
        totals: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for (account, _), cost in self.by_account_and_month.items():
            totals[account] += cost
        return sorted(totals, key=lambda account: (-totals[account], account))

    @property
    def total(self) -> Decimal:
        return sum(self.by_account_and_month.values(), ZERO)


def read_sample(file: Path) -> SampleCost:
    """Add up the sample's ``BilledCost`` with nothing but the standard library, to check rebill against."""
    costs: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    gross: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    charges = 0
    with file.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            charges += 1
            key, cost = (row["SubAccountId"], row["BillingPeriodStart"][:7]), parse_decimal(row["BilledCost"])
            costs[key] += cost
            gross[key] += abs(cost)
    return SampleCost(charges, dict(costs), dict(gross))


def shared_out(accounts: Sequence[str]) -> list[list[str]]:
    """Which accounts each customer gets, in the order of ``CUSTOMERS``: dealt like cards, a few left out."""
    hands: list[list[str]] = [[] for _ in CUSTOMERS]
    dealt = [account for place, account in enumerate(accounts) if place not in LEFT_UNASSIGNED]
    for place, account in enumerate(dealt):
        hands[place % len(hands)].append(account)
    return hands


def expected_balance(sample: SampleCost, month: BillingMonth, currency: str = "USD") -> Balance:
    """Where a month's cost must have gone, from the sample file and the sharing out alone."""
    binding_of: dict[str, Binding] = {}
    for customer, hand in zip(CUSTOMERS, shared_out(sample.accounts), strict=True):
        binding = Binding.BILLED if customer.billing_enabled else Binding.BILLING_DISABLED
        binding_of.update(dict.fromkeys(hand, binding))
    sums, gross = dict.fromkeys(Binding, ZERO), dict.fromkeys(Binding, ZERO)
    for (account, row_month), cost in sample.by_account_and_month.items():
        if row_month == str(month):
            binding = binding_of.get(account, Binding.UNASSIGNED)
            sums[binding] += cost
            gross[binding] += sample.gross[account, row_month]
    return Balance(
        currency=currency,
        imported=sum(sums.values(), ZERO),
        billed=sums[Binding.BILLED],
        billing_disabled=sums[Binding.BILLING_DISABLED],
        unassigned=sums[Binding.UNASSIGNED],
        unassigned_gross=gross[Binding.UNASSIGNED],
    )
