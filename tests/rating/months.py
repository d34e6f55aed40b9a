"""Random months for the oracle and the engines: every kind of line that ``docs/rating.md`` speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol, TypeVar

import duckdb
from hypothesis import strategies as st

from rebill.model.cost_line import LINE_KEY
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import AccountBook
from rebill.model.rating import AccountBinding, RatingInputs, RefundRules
from rebill.model.terms import NO_GUARDS, Basis, CommitmentsPolicy, CustomerTerms, Guards
from rebill.sources.reading import LINE_KEY_SQL
from tests.rating.books import (
    CURRENCIES,
    DESCRIPTIONS,
    DETAILS,
    METERS,
    OPERATIONS,
    PLANS,
    REGIONS,
    SERVICE_CODES,
    SERVICES,
    UNITS,
    price_book,
    recorded,
)
from tests.rating.lines import Line
from tests.rating.random_rules import billing_rules

MONTH = BillingMonth(2024, 9)
CUSTOMERS = (101, 102, 103, 104)
SUBSCRIPTIONS = ("s-1", "s-2", "s-3", "s-é")
TENANTS = ("t-1", "t-2", "t-3")
INVOICES = ("G-7", "G-8", "G-8b", "G-9")
BILLING_ACCOUNTS = (" Payer-1 ", "payer-2", "/providers/Microsoft.Billing/billingAccounts/4711", " 4711", "815")
ACCOUNT_KEYS = (*SUBSCRIPTIONS[:2], *TENANTS[:2], "payer-1", "payer-2")

_AMOUNTS = ((0, 0), (400, 3), (10**15, 12))
SIZES_OF_AMOUNTS = (_AMOUNTS, (*_AMOUNTS, (8 * 10**17, 12)), (*_AMOUNTS, (10**20, 9)))
"""Units and decimals of the amounts of a month: all small; some that 64 bits just hold or do not; some large."""
days = st.integers(-3, 33).map(lambda offset: MONTH.first_day + timedelta(days=offset))


Value = TypeVar("Value")


class Chooser(Protocol):
    """Where the values of a line come from: Hypothesis, or plain chance where months are to be long."""

    amounts: Sequence[tuple[int, int]]
    """One of ``SIZES_OF_AMOUNTS``."""

    def among(self, values: Sequence[Value]) -> Value: ...

    def whole(self, least: int, greatest: int) -> int: ...

    def amount(self) -> Decimal:
        """Zero, one that is a tie when rounded, or one of many decimals."""
        units, scale = self.among(self.amounts)
        ties = Decimal(5) if scale == 3 else Decimal(4)
        return Decimal(self.whole(-units, units)).scaleb(-scale) * ties / 4

    def maybe(self, values: Sequence[Value]) -> Value | None:
        """One of them, or none."""
        return self.among((None, *values))


@dataclass(frozen=True)
class Drawn(Chooser):
    """Values that Hypothesis draws, and can make smaller."""

    draw: st.DrawFn
    amounts: Sequence[tuple[int, int]]

    def among(self, values: Sequence[Value]) -> Value:
        return self.draw(st.sampled_from(values))

    def whole(self, least: int, greatest: int) -> int:
        return self.draw(st.integers(least, greatest))


@dataclass(frozen=True)
class ByChance(Chooser):
    """Values by chance, in the order of a seed."""

    chance: Random
    amounts: Sequence[tuple[int, int]]

    def among(self, values: Sequence[Value]) -> Value:
        return self.chance.choice(values)

    def whole(self, least: int, greatest: int) -> int:
        return self.chance.randint(least, greatest)


def made_line(choose: Chooser) -> Line:
    """One charge; a commitment's usage always has a status, as import sees to it."""
    category = choose.among((*["Usage"] * 6, "Purchase", "Purchase", "Tax", "Credit", "Adjustment"))
    commitment = choose.among((None, None, "Reservation-1"))
    status = choose.among(("Used", "Unused")) if commitment and category == "Usage" else None
    day = MONTH.first_day + timedelta(days=choose.whole(-3, 33))
    start = datetime.combine(day, datetime.min.time()) + timedelta(hours=choose.whole(0, 23))
    return Line(
        billed=choose.amount(),
        listed=choose.among((None, choose.amount(), choose.amount())),
        effective=choose.among((None, choose.amount())),
        quantity=choose.among((None, *[Decimal(choose.whole(-(10**9), 10**9)).scaleb(-8)] * 3)),
        unit=choose.among(UNITS),
        start=start,
        end=start + choose.among((timedelta(hours=1), timedelta(days=1), timedelta(days=2), timedelta(days=9))),
        category=category,
        currency=choose.among(("USD", "USD", "USD", *CURRENCIES)),
        provider=choose.among((*["Microsoft"] * 4, *["AWS"] * 4, None, "Microsoft Azure", "Google Cloud")),
        service=choose.maybe(SERVICES),
        subscription=choose.maybe(SUBSCRIPTIONS),
        tenant=choose.maybe(TENANTS),
        commitment=commitment,
        commitment_status=status,
        billing_account=choose.maybe(BILLING_ACCOUNTS),
        charge_class=choose.among((None, None, "Correction")),
        frequency=choose.maybe(("One-Time", "Recurring", "Usage-Based")),
        commitment_category=choose.maybe(("Spend", "Usage")) if commitment else None,
        commitment_type=choose.maybe(PLANS) if commitment else None,
        commitment_name=choose.maybe(PLANS) if commitment else None,
        service_code=choose.maybe(SERVICE_CODES),
        region_id=choose.maybe(REGIONS),
        region_name=choose.maybe(REGIONS),
        meter=choose.maybe(METERS),
        meter_subcategory=choose.maybe(OPERATIONS),
        operation=choose.maybe(OPERATIONS),
        price_details=choose.maybe(DETAILS),
        description=choose.maybe(DESCRIPTIONS),
        previous_invoice=choose.maybe(INVOICES),
    )


@st.composite
def few_lines(draw: st.DrawFn) -> list[Line]:
    """Lines of which each value can be made smaller, to show what a fault is about."""
    choose = Drawn(draw, draw(st.sampled_from(SIZES_OF_AMOUNTS)))
    return [made_line(choose) for _ in range(draw(st.integers(0, 6)))]


@st.composite
def many_lines(draw: st.DrawFn, counts: Sequence[int] = (40, 200)) -> list[Line]:
    """So many lines that most rules match some."""
    chance = ByChance(Random(draw(st.integers(0, 2**32))), draw(st.sampled_from(SIZES_OF_AMOUNTS)))
    return [made_line(chance) for _ in range(draw(st.sampled_from(counts)))]


@st.composite
def account_bindings(draw: st.DrawFn, kind: AccountKind, key: str) -> list[AccountBinding]:
    """Assignments of one account that never overlap, with gaps and transfers in mid-month."""
    edges = sorted(draw(st.sets(days, max_size=4)))
    spans: list[tuple[date | None, date | None]] = list(zip([None, *edges], [*edges, None], strict=True))
    owners = [draw(st.sampled_from([None, *CUSTOMERS])) for _ in spans]
    return [
        AccountBinding(kind, key, owner_id, first, until)
        for owner_id, (first, until) in zip(owners, spans, strict=True)
        if owner_id is not None
    ]


guards: st.SearchStrategy[dict[str, Any]] = st.sampled_from([False, True]).flatmap(
    lambda any_guard: st.fixed_dictionaries(
        {
            "cap_at_list": st.sampled_from([None, False, True]),
            "floor_at_cost": st.sampled_from([None, False, True]),
            "margin_floor_percent": st.sampled_from([None, *map(Decimal, ("0", "12.5", "33.3333", "99.8"))]),
        }
        if any_guard
        else {}
    )
)
partner_guards = st.one_of(
    st.just(NO_GUARDS),
    st.builds(Guards, st.booleans(), st.booleans(), st.sampled_from([Decimal(0), Decimal("20"), Decimal("50")])),
)


@st.composite
def rating_inputs(draw: st.DrawFn) -> RatingInputs:
    """Terms for some customers, books for some, and who has which account when."""
    accounts = ((AccountKind.SUBSCRIPTION, SUBSCRIPTIONS), (AccountKind.AZURE_CUSTOMER, TENANTS))
    allocations = (
        (AccountKind.COMMITMENT, ("reservation-1",)),
        (AccountKind.CHARGE_KIND, ("purchase", "adjustment", "unused_commitment", "usage")),
    )
    bindings = [
        binding
        for kind, keys in (*accounts, *(draw(st.sampled_from([(), allocations]))))
        for key in keys
        for binding in draw(account_bindings(kind, key))
    ]
    earlier = draw(st.sampled_from([(), (), (BillingMonth(2024, 8),), (BillingMonth(2024, 7), BillingMonth(2024, 8))]))
    return RatingInputs(
        month=MONTH,
        home_currency=draw(st.sampled_from(["USD", "USD", *CURRENCIES])),
        bindings=tuple(bindings),
        **draw(pricing()),
        bill_input_tax=draw(st.booleans()),
        departed=tuple(sorted(draw(st.one_of(st.just(set()), st.sets(st.sampled_from(CUSTOMERS), max_size=2))))),
        refund_rules=tuple(
            RefundRules(month, invoices, **draw(pricing()))
            for month, invoices in zip(earlier, (INVOICES[:1], INVOICES[1:3]), strict=False)
        ),
    )


@st.composite
def pricing(draw: st.DrawFn) -> dict[str, Any]:
    """What prices the charges of one month: terms, books, whom they price, billing rules."""
    terms = []
    of_partner = draw(partner_guards)
    for customer_id in CUSTOMERS:
        if draw(st.integers(0, 9)) == 0:
            continue
        enabled = draw(st.sampled_from([True] * 6 + [False]))
        fallback = draw(st.sampled_from([Decimal(0), Decimal("7.25"), Decimal("0.0001")]))
        basis, policy = draw(st.sampled_from(Basis)), draw(st.sampled_from(CommitmentsPolicy))
        standing = CustomerTerms(customer_id, enabled, basis, policy, fallback, partner_guards=of_partner)
        standing = replace(standing, home_currency=draw(st.sampled_from([None, None, *CURRENCIES])))
        terms.append(replace(standing, **draw(guards)))
    books = [recorded(number, draw(price_book(MONTH.first_day))) for number in range(1, draw(st.integers(1, 4)))]
    return {
        "terms": tuple(terms),
        "books": tuple(books),
        "account_books": draw(account_books(len(books))),
        "billing_rules": draw(billing_rules(CUSTOMERS, MONTH)),
    }


@st.composite
def account_books(draw: st.DrawFn, book_count: int) -> tuple[AccountBook, ...]:
    """A book for all accounts of some customers, and for single accounts of some."""
    if not book_count:
        return ()
    chosen = []
    for customer_id in CUSTOMERS:
        named = draw(st.sets(st.sampled_from(ACCOUNT_KEYS), max_size=2)) if draw(st.booleans()) else set()
        keys: list[str | None] = [None, *sorted(named)] if draw(st.integers(0, 5)) else [*sorted(named)]
        chosen += [AccountBook(customer_id, key, draw(st.integers(1, book_count))) for key in keys]
    return tuple(chosen)


COLUMNS: Final = {
    "BilledCost": ("billed", "DECIMAL(28,12)"),
    "ListCost": ("listed", "DECIMAL(28,12)"),
    "EffectiveCost": ("effective", "DECIMAL(28,12)"),
    "PricingQuantity": ("quantity", "DECIMAL(20,8)"),
    "PricingUnit": ("unit", "VARCHAR"),
    "ChargePeriodStart": ("start", "TIMESTAMP"),
    "ChargePeriodEnd": ("end", "TIMESTAMP"),
    "ChargeCategory": ("category", "VARCHAR"),
    "BillingCurrency": ("currency", "VARCHAR"),
    "ProviderName": ("provider", "VARCHAR"),
    "ServiceName": ("service", "VARCHAR"),
    "SubAccountId": ("subscription", "VARCHAR"),
    "x_AzureCustomerId": ("tenant", "VARCHAR"),
    "CommitmentDiscountId": ("commitment", "VARCHAR"),
    "CommitmentDiscountStatus": ("commitment_status", "VARCHAR"),
    "BillingAccountId": ("billing_account", "VARCHAR"),
    "ChargeClass": ("charge_class", "VARCHAR"),
    "ChargeFrequency": ("frequency", "VARCHAR"),
    "CommitmentDiscountCategory": ("commitment_category", "VARCHAR"),
    "CommitmentDiscountType": ("commitment_type", "VARCHAR"),
    "CommitmentDiscountName": ("commitment_name", "VARCHAR"),
    "x_ServiceCode": ("service_code", "VARCHAR"),
    "RegionId": ("region_id", "VARCHAR"),
    "RegionName": ("region_name", "VARCHAR"),
    "SkuMeter": ("meter", "VARCHAR"),
    "x_SkuMeterSubcategory": ("meter_subcategory", "VARCHAR"),
    "x_Operation": ("operation", "VARCHAR"),
    "SkuPriceDetails": ("price_details", "VARCHAR"),
    "ChargeDescription": ("description", "VARCHAR"),
    "x_PreviousInvoiceId": ("previous_invoice", "VARCHAR"),
}


class Keys(StrEnum):
    """What the key of a line is: as an import makes it, absent as of an older version, or by chance alike for all."""

    IMPORTED = LINE_KEY_SQL
    ABSENT = "CAST(NULL AS BIGINT)"
    ALIKE = "CAST(7 AS BIGINT)"


def write_parts(lines: list[Line], folder: Path, part_count: int, keys: Keys = Keys.IMPORTED) -> tuple[Path, ...]:
    """Write ``lines`` as Parquet parts of a lake, in order; the last part may be empty."""
    size = max(1, -(-len(lines) // part_count))
    paths = []
    with duckdb.connect() as connection:
        for index in range(part_count):
            part = lines[index * size : (index + 1) * size]
            values = [
                [None if (value := getattr(line, field)) is None else _text(value) for line in part]
                for field, _ in COLUMNS.values()
            ]
            columns = ", ".join(
                f"CAST(unnest(CAST(${number} AS VARCHAR[])) AS {kind}) AS {name}"
                for number, (name, (_, kind)) in enumerate(COLUMNS.items(), 1)
            )
            path = folder / f"part-{index:05d}.parquet"
            connection.execute(f"CREATE OR REPLACE TABLE part AS SELECT {columns}", values)
            connection.execute(f"COPY (SELECT *, {keys} AS {LINE_KEY} FROM part) TO '{path}' (FORMAT parquet)")
            paths.append(path)
    return tuple(paths)


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
