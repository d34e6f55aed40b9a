"""What is read of a run that is done: margins, explanations, the customer's own file, lists of what needs attention.

One small September, computed by hand. Acorn (7) pays twice what its lines cost; Birch (8) what they cost, commitments
as they are used up; Cedar (9) is not billed; the subscription s-9 is nobody's.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.identifiers import AccountKind
from rebill.model.price_book import AccountBook
from rebill.model.rating import AccountBinding, Attention
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.rating import explained
from rebill.rating.attention import ATTENTION_LINES, UNASSIGNED_BY_ACCOUNT, marked_lines
from rebill.rating.customer_data_set import COLUMN_TYPES, DataSetHead, charges, in_order
from rebill.rating.explained import LineOfRun, of_customer
from rebill.services.runs.rate_month import ImportedCost, rate_month
from tests.rating.lines import Line
from tests.rating.months import MONTH, write_parts
from tests.rating.test_engine_against_oracle import imported_sums
from tests.rating.test_price_book_words import CHARGE, book_of, month_of, on, rule

ACORN, BIRCH, CEDAR = 7, 8, 9
MACHINES, DISKS = "Virtual Machines", "Storage"


def charge(billed: str, service: str | None = MACHINES, *, subscription: str = "s-1", **told: Any) -> Line:
    """A charge without a tenant; its description names no price."""
    told = {"tenant": None, "description": f"{service} of {subscription}", **told}
    return replace(CHARGE, billed=Decimal(billed), service=service, subscription=subscription, **told)


EUROS: dict[str, Any] = {"currency": "EUR", "quantity": Decimal(3)}
BIRCHES: dict[str, Any] = {"subscription": "s-2", "billing_account": None}
LINES = [
    charge("10"),
    charge("4", start=on(10, 23), quantity=None),
    charge("5", DISKS, start=on(12), end=on(13), billing_account=None, unit=None),
    charge("7", currency="EUR"),
    charge("-1", charge_class="Correction", quantity=Decimal(-3), unit=None),
    charge("3", start=on(13), end=on(17)),
    charge("6", billing_account="Payer-2", provider="AWS"),
    charge("20", category="Purchase", commitment="r-9", **{**EUROS, "quantity": None}),
    charge("30", category="Purchase", unit="GB", **{**EUROS, "quantity": Decimal("0.25")}),
    charge("1", quantity=None, unit=None, currency="EUR"),
    # So many lines are in the first file, as many in the second.
    charge("-2", charge_class="Correction", quantity=None, unit="GB", currency="EUR"),
    charge("-3", charge_class="Correction", quantity=Decimal(-1), unit="GB", currency="EUR"),
    charge("0.5", None, category="Tax", **EUROS),
    charge("8", DISKS, **BIRCHES),
    charge("2", DISKS, category="Purchase", commitment="r-1", effective=Decimal(0), **BIRCHES),
    charge("9", DISKS, commitment="r-1", commitment_status="Used", effective=None, quantity=None, unit=None, **BIRCHES),
    charge("1", category="Tax", **BIRCHES),
    charge("11", subscription="s-3"),
    charge("6", subscription="s-9", tenant="t-9"),
    charge("-2.000000000001", DISKS, subscription="s-9", tenant="t-9"),
]
INPUTS = replace(
    month_of(book_of(rule())),
    bindings=(
        AccountBinding(AccountKind.SUBSCRIPTION, "s-1", ACORN, None, date(2024, 9, 15)),
        AccountBinding(AccountKind.SUBSCRIPTION, "s-1", BIRCH, date(2024, 9, 15), None),
        AccountBinding(AccountKind.SUBSCRIPTION, "s-2", BIRCH, None, None),
        AccountBinding(AccountKind.SUBSCRIPTION, "s-3", CEDAR, None, None),
    ),
    terms=(
        CustomerTerms(ACORN, True, Basis.BILLED, CommitmentsPolicy.AS_BOUGHT, Decimal(0)),
        CustomerTerms(BIRCH, True, Basis.BILLED, CommitmentsPolicy.AMORTIZED, Decimal(5)),
        CustomerTerms(CEDAR, False, Basis.BILLED, CommitmentsPolicy.AS_BOUGHT, Decimal(0)),
    ),
    account_books=(AccountBook(ACORN, None, 1), AccountBook(ACORN, "payer-2", 1)),
)
HEAD = DataSetHead(ACORN, "Acorn", "Contoso", "EUR", MONTH, "")


@pytest.fixture(scope="module")
def run() -> Iterator[DuckDBEngine]:
    """An engine in which the month is rated, with its lines as they lie in the lake: each part is of one file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = write_parts(LINES, folder, 2)
        with DuckDBEngine(folder / "spill", "600MB") as engine:
            rate_month(engine, INPUTS, ImportedCost(parts, len(LINES), imported_sums(LINES)), folder)
            engine.view_parts("bare_lines", parts)
            sources = "'file-' || CAST(part AS VARCHAR) AS x_SourceFile, part_row + 1 AS x_SourceRow"
            engine.create_table_as("lake_lines", f"SELECT *, {sources} FROM bare_lines")
            yield engine


def test_cost_of_customers_is_summed_by_service_and_nobody_elses_stands_among_it(run: DuckDBEngine) -> None:
    assert run.rows(explained.COST_BY_SERVICE) == [
        (ACORN, "EUR", MACHINES, 53),
        (ACORN, "EUR", None, 0),
        (ACORN, "USD", DISKS, 5),
        (ACORN, "USD", MACHINES, 22),
        (BIRCH, "USD", DISKS, 8),
        (BIRCH, "USD", MACHINES, 0),
    ]


def test_prices_and_costs_are_summed_by_account_and_rule(run: DuckDBEngine) -> None:
    # Customer, currency; subscription, tenant, billing account, month of the rules, rule; price, cost.
    assert run.rows(explained.PRICED_BY_ACCOUNT) == [
        (ACORN, "EUR", "s-1", None, "Payer-1", None, 1, 106, 53),
        (ACORN, "EUR", "s-1", None, "Payer-1", None, None, 0, 0),
        (ACORN, "USD", "s-1", None, "Payer-1", None, 1, 32, 16),
        (ACORN, "USD", "s-1", None, "Payer-2", None, 1, 12, 6),
        (ACORN, "USD", "s-1", None, None, None, 1, 10, 5),
        (BIRCH, "USD", "s-2", None, None, None, None, 8, 8),
    ]
    assert run.rows(explained.spend_by_agreement(ACORN)) == [
        ("EUR", "Microsoft", "payer-1", 106),
        ("USD", "AWS", "payer-2", 12),
        ("USD", "Microsoft", "payer-1", 32),
    ]


def test_lines_of_a_statement_come_to_their_charges_and_days_to_theirs(run: DuckDBEngine) -> None:
    assert run.rows(explained.exact_by_line(ACORN)) == [
        ("EUR", "Microsoft", "s-1", MACHINES, "Purchase", 100),
        ("EUR", "Microsoft", "s-1", MACHINES, "Usage", 6),
        ("EUR", "Microsoft", "s-1", None, "Tax", 0),
        ("USD", "AWS", "s-1", MACHINES, "Usage", 12),
        ("USD", "Microsoft", "s-1", DISKS, "Usage", 10),
        ("USD", "Microsoft", "s-1", MACHINES, "Usage", 32),
    ]
    assert run.rows(explained.spend_by_day(ACORN, "USD")) == [
        (date(2024, 9, 10), 38),
        (date(2024, 9, 12), 10),
        (date(2024, 9, 13), 6),
    ]


def test_a_line_is_explained_by_sums_and_by_its_first_charges(run: DuckDBEngine) -> None:
    line = LineOfRun(ACORN, "USD", "Microsoft", "s-1", MACHINES, "Usage")
    ((*_, count, billed, cost, price, first),) = run.rows(explained.totals(line, 2))
    assert (count, billed, cost, price) == (4, 16, 16, 32)
    assert [one[:2] for one in first] == [(0, 0), (0, 1)]
    tax = replace(line, currency="EUR", service=None, charge_category="Tax")
    ((*_, count, billed, cost, price, first),) = run.rows(explained.totals(tax, 0))
    assert (count, billed, cost, price, first) == (1, Decimal("0.5"), 0, 0, [])
    places = [(0, 0), (0, 2), (1, 0), (0, 6)]
    found = run.rows(explained.charges_at(places, of_customer(ACORN, "USD")))
    assert [row[:6] for row in found] == [(0, 0, 3, 10, 10, 20), (0, 2, 3, 5, 5, 10), (0, 6, 3, 6, 6, 12)]
    assert [row[6:8] for row in found] == [("subscription", "s-1")] * 3
    assert [row[:4] for row in run.rows(explained.cost_lines_at(places))] == [
        (0, 0, "file-0", 1),
        (0, 2, "file-0", 3),
        (0, 6, "file-0", 7),
        (1, 0, "file-1", 1),
    ]
    assert run.rows(explained.cost_lines_of_row(1, None, 5)) == [(0, 0), (1, 0)]
    assert run.rows(explained.cost_lines_of_row(1, "file-1", 5)) == [(1, 0)]
    assert run.rows(explained.cost_lines_of_row(1, None, 1)) == [(0, 0)]


def test_lines_that_need_attention_are_listed_once_each_with_whose_they_are(run: DuckDBEngine) -> None:
    run.create_table_as("marked_lines", marked_lines(list(Attention)))
    files = "VALUES (0, 'file-0', 3, 'aa'), (1, 'file-1', 4, 'bb'), (1, 'file-0', 5, 'cc')"
    run.create_table_as("source_files", f"SELECT * FROM ({files}) AS f(part, source_file, data_set_id, source_sha256)")
    listed = [
        (row[0], row[3:10], row[12])
        for row in sorted(run.rows(ATTENTION_LINES), key=lambda row: (row[1], row[2], row[0]))
    ]
    assert listed == [
        ("spans_transfer", ("aa", 6, ACORN, 3, "file-0", "s-1", None), 3),
        ("no_effective", ("bb", 6, BIRCH, 4, "file-1", "s-2", None), 9),
    ]


def test_what_nobody_has_is_summed_by_what_it_names(run: DuckDBEngine) -> None:
    assert run.rows(UNASSIGNED_BY_ACCOUNT) == [("s-9", "t-9", "USD", 2, Decimal("3.999999999999"))]


def test_a_customers_own_file_has_its_charges_at_its_prices_and_no_others(run: DuckDBEngine) -> None:
    held = {name for name, *_ in run.rows("DESCRIBE lake_lines")}
    rows = [dict(zip(COLUMN_TYPES, row, strict=True)) for row in run.rows(in_order([charges(HEAD, held)]))]
    told = [
        tuple(row[name] for name in ("BilledCost", "EffectiveCost", "ListCost", "PricingQuantity", "PricingUnit"))
        for row in rows
    ]
    assert told == [
        (14, 14, 14, 3, "1 Hour"),
        (40, 0, 40, 1, "1 Hour"),
        (60, 60, 60, Decimal("0.25"), "GB"),
        (2, 2, 2, 1, "Units"),
        (-4, -4, -4, None, None),
        (-6, -6, -6, -1, "GB"),
        (0, 0, 0, None, None),
    ]
    assert [row["ServiceName"] for row in rows] == [*[MACHINES] * 6, "Other"]
    categories = ["Usage", "Purchase", "Purchase", "Usage", "Usage", "Usage", "Tax"]
    assert [row["ChargeCategory"] for row in rows] == categories
    assert [row["ChargeClass"] for row in rows] == [*[None] * 4, "Correction", "Correction", None]
    assert {(row["SubAccountId"], row["BillingPeriodStart"]) for row in rows} == {("s-1", on(1))}
