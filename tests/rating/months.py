"""Random months for the oracle and the engines: every kind of line that ``docs/rating.md`` speaks of."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import strategies as st

from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import (
    AccountBook,
    PriceBook,
    PriceRule,
    RecordedBook,
    RuleGroup,
    Specification,
    SpecificationFormat,
    markup_adjustment,
)
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from tests.rating.oracle import Line

MONTH = BillingMonth(2024, 9)
CUSTOMERS = (101, 102, 103, 104)
SUBSCRIPTIONS = ("s-1", "s-2", "s-3", "s-é")
TENANTS = ("t-1", "t-2", "t-3")
CURRENCIES = ("USD", "EUR", "JPY", "KWD")

tie_heavy = st.integers(-400, 400).map(lambda units: Decimal(units) / Decimal(800))
twelve_decimals = st.integers(-(10**15), 10**15).map(lambda units: Decimal(units).scaleb(-12))
large = st.integers(-(10**20), 10**20).map(lambda units: Decimal(units).scaleb(-9))
amounts = st.one_of(st.just(Decimal(0)), tie_heavy, twelve_decimals, large)
quantities = st.one_of(st.none(), st.integers(-(10**9), 10**9).map(lambda units: Decimal(units).scaleb(-8)))
days = st.integers(-3, 33).map(lambda offset: MONTH.first_day + timedelta(days=offset))
percents = st.one_of(
    st.none(),
    st.integers(-1_000_000, 3_000_000).map(lambda units: Decimal(units).scaleb(-4)),
    st.sampled_from([Decimal(-100), Decimal(0), Decimal("12.5"), Decimal("99899.9999")]),
)


@st.composite
def cost_line(draw: st.DrawFn) -> Line:
    """One charge; a commitment's usage always has a status, as import sees to it."""
    category = draw(st.sampled_from(["Usage"] * 6 + ["Purchase", "Purchase", "Tax", "Credit", "Adjustment"]))
    commitment = draw(st.sampled_from([None, None, "reservation-1"]))
    status = draw(st.sampled_from(["Used", "Unused"])) if commitment and category == "Usage" else None
    start = datetime.combine(draw(days), datetime.min.time()) + timedelta(hours=draw(st.integers(0, 23)))
    return Line(
        billed=draw(amounts),
        listed=draw(st.one_of(st.none(), amounts)),
        effective=draw(st.one_of(st.none(), amounts)),
        quantity=draw(quantities),
        unit=draw(st.sampled_from([None, "1 Hour", "1 GB"])),
        start=start,
        end=start
        + draw(st.sampled_from([timedelta(hours=1), timedelta(days=1), timedelta(days=2), timedelta(days=9)])),
        category=category,
        currency=draw(st.sampled_from(CURRENCIES)),
        provider=draw(st.sampled_from(["Microsoft", "AWS"])),
        service=draw(st.sampled_from([None, "Storage", "Virtual Machines", "ångström"])),
        subscription=draw(st.sampled_from([None, *SUBSCRIPTIONS])),
        tenant=draw(st.sampled_from([None, *TENANTS])),
        commitment=commitment,
        commitment_status=status,
    )


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


@st.composite
def rating_inputs(draw: st.DrawFn) -> RatingInputs:
    """Terms for some customers, books for some, and who has which account when."""
    bindings = [
        binding
        for kind, keys in ((AccountKind.SUBSCRIPTION, SUBSCRIPTIONS), (AccountKind.AZURE_CUSTOMER, TENANTS))
        for key in keys
        for binding in draw(account_bindings(kind, key))
    ]
    terms, books, accounts = [], [], []
    for customer_id in CUSTOMERS:
        if draw(st.integers(0, 9)) == 0:
            continue
        enabled = draw(st.sampled_from([True, True, True, False]))
        fallback = draw(st.sampled_from([Decimal(0), Decimal("7.25"), Decimal("0.0001")]))
        basis, policy = draw(st.sampled_from(Basis)), draw(st.sampled_from(CommitmentsPolicy))
        terms.append(CustomerTerms(customer_id, enabled, basis, policy, fallback))
        percent = draw(percents)
        if percent is not None:
            rule = PriceRule(1, "Markup", markup_adjustment(percent))
            specification = Specification(f"book {customer_id}", SpecificationFormat.XML)
            book = PriceBook((RuleGroup((rule,)),))
            books.append(RecordedBook(customer_id, f"Book {customer_id}", "0000-00", specification, book))
            accounts.append(AccountBook(customer_id, None, customer_id))
    return RatingInputs(MONTH, tuple(bindings), tuple(terms), tuple(books), tuple(accounts), draw(st.booleans()))


_COLUMNS = {
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
}


def write_parts(lines: list[Line], folder: Path, part_count: int) -> tuple[Path, ...]:
    """Write ``lines`` as Parquet parts of a lake, in order; the last part may be empty."""
    size = max(1, -(-len(lines) // part_count))
    paths = []
    with duckdb.connect() as connection:
        for index in range(part_count):
            part = lines[index * size : (index + 1) * size]
            values = [
                [None if (value := getattr(line, field)) is None else _text(value) for line in part]
                for field, _ in _COLUMNS.values()
            ]
            columns = ", ".join(
                f"CAST(unnest(CAST(${number} AS VARCHAR[])) AS {kind}) AS {name}"
                for number, (name, (_, kind)) in enumerate(_COLUMNS.items(), 1)
            )
            path = folder / f"part-{index:05d}.parquet"
            connection.execute(f"CREATE OR REPLACE TABLE part AS SELECT {columns}", values)
            connection.execute(f"COPY part TO '{path}' (FORMAT parquet)")
            paths.append(path)
    return tuple(paths)


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
