"""Every column of a customer's own data set, of charges that say all and of charges that say nothing."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from rebill.model.months import BillingMonth
from rebill.rating.customer_data_set import (
    ASKED_COLUMNS,
    COLUMN_TYPES,
    DataSetHead,
    DataSetRow,
    as_text,
    charges,
    in_order,
    other_rows,
    words_of_lines,
    words_of_services,
)
from tests.documents.focus_rules import rules
from tests.rating.test_price_book_words import on

ACORN = 7
HEAD = DataSetHead(ACORN, "Acorn's", "Contoso", "USD", BillingMonth(2024, 9), "R-1")
OF_RUN = """
CREATE TABLE account_spans AS SELECT * FROM (VALUES
    (1, 7, 's-1', 'billed', 1), (2, 8, 's-2', 'billed', 1), (3, 7, NULL, 'billed', 1), (4, 7, 's-4', 'unassigned', 1)
) AS s(span_number, customer_id, subscription, binding, rule_set);
CREATE TABLE products AS SELECT * FROM (VALUES
    (1, 'Microsoft', 'Virtual Machines', 'Usage', 'USD'), (2, NULL, NULL, 'Purchase', 'USD'),
    (3, 'Microsoft', 'Backup', 'Credit', 'USD'), (4, 'Microsoft', 'Backup', 'Tax', 'USD'),
    (5, 'Microsoft', 'Backup', 'Usage', 'EUR')
) AS d(product_number, provider, service, charge_category, currency);
CREATE TABLE prices AS SELECT 1 AS rule_set, unnest(range(1, 6)) AS product_number;
CREATE TABLE rated_lines AS SELECT * FROM (VALUES
    (0, 0, 1, 1, 2.5, 7.25), (0, 1, 3, 2, NULL, 40), (0, 2, 1, 3, 3, -2), (0, 3, 1, 4, 1, 0.5),
    (1, 0, 3, 1, NULL, 1), (0, 4, 2, 1, 1, 99), (0, 5, 4, 1, 1, 99), (0, 6, 1, 5, 1, 99)
) AS l(part, part_row, span_number, product_number, quantity, price)"""
NOTHING: dict[str, Any] = dict.fromkeys(ASKED_COLUMNS)
TOLD: dict[str, Any] = {
    **NOTHING,
    "ChargePeriodStart": on(3),
    "ChargePeriodEnd": on(3, 5),
    "ChargeDescription": "A machine",
    "ChargeFrequency": "Recurring",
    "PricingUnit": "1 Hour",
    "PublisherName": "Fabrikam",
    "RegionId": "eastus",
    "RegionName": "East US",
    "ResourceId": "vm-1",
    "ResourceName": "Machine 1",
    "ResourceType": "Machine",
    "ServiceCategory": "Compute",
    "ServiceSubcategory": "Virtual Machines",
    "SubAccountName": "First",
    "Tags": '{"a": "b"}',
}
UNTOLD = {
    **NOTHING,
    "ChargePeriodStart": on(4),
    "ChargeDescription": "$0.17 for each",
    "ChargeFrequency": "Whenever",
    "CommitmentDiscountId": "r-1",
    "RegionName": "Nowhere",
    "ResourceId": "r-1",
    "SubAccountName": "Nobody's",
    "ServiceCategory": "Mainframes",
    "ServiceSubcategory": "Virtual Machines",
    "Tags": "{broken",
}
TAKEN_BACK = {**TOLD, "ChargeClass": "Correction", "Tags": "[1]", "ServiceCategory": "Storage", "RegionName": None}
LAKE = {
    (0, 0): TOLD,
    (0, 1): UNTOLD,
    (0, 2): TAKEN_BACK,
    (0, 3): {**TOLD, "ServiceCategory": "Networking", "ServiceSubcategory": "Network Security"},
    (1, 0): {**UNTOLD, "ChargeClass": "Other", "ServiceCategory": "Web", "ServiceSubcategory": "Application Platforms"},
    (0, 4): TOLD,
    (0, 5): TOLD,
    (0, 6): TOLD,
}
OF_MONTH = {
    "BillingAccountId": "7",
    "BillingAccountName": "Acorn's",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": datetime(2024, 10, 1),  # noqa: DTZ001  # As the engine has it, in UTC.
    "BillingPeriodStart": on(1),
    "InvoiceId": "R-1",
    "InvoiceIssuerName": "Contoso",
    "ProviderName": "Contoso",
}


def fill(engine: duckdb.DuckDBPyConnection, kept: list[str], lake: Mapping[tuple[int, int], dict[str, Any]]) -> None:
    """Make the tables of the run, and a lake that has these columns."""
    engine.execute(OF_RUN)
    kinds = {name: "TIMESTAMP" if name.startswith("ChargePeriod") else "VARCHAR" for name in kept}
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    engine.execute(f"CREATE TABLE lake_lines (part INTEGER, part_row BIGINT, {columns})")
    marks = ", ".join("?" * (2 + len(kept)))
    for place, told in lake.items():
        engine.execute(f"INSERT INTO lake_lines VALUES ({marks})", [*place, *(told[name] for name in kept)])


def rows(
    *queries: str, lacking: tuple[str, ...] = (), lake: Mapping[tuple[int, int], dict[str, Any]] = LAKE
) -> list[dict[str, Any]]:
    """The rows of these queries, in order, from a lake that lacks some columns."""
    with duckdb.connect() as engine:
        fill(engine, [name for name in ASKED_COLUMNS if name not in lacking], lake)
        found = engine.execute(in_order(queries))
        names = [name for name, *_ in found.description or ()]
        assert names == list(COLUMN_TYPES)
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def row(amount: str, **told: Any) -> dict[str, Any]:
    """A row: what every row of the month says, and what this one does; all that is not named is absent."""
    costs = dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), Decimal(amount))
    return {**dict.fromkeys(COLUMN_TYPES), **costs, **OF_MONTH, **told}


MACHINE = {
    "ChargePeriodStart": on(3),
    "ChargePeriodEnd": on(3, 5),
    "ChargeDescription": "A machine",
    "ChargeFrequency": "Recurring",
    "PublisherName": "Fabrikam",
    "RegionId": "eastus",
    "RegionName": "East US",
    "ResourceId": "vm-1",
    "ResourceName": "Machine 1",
    "ResourceType": "Machine",
    "SubAccountId": "s-1",
    "SubAccountName": "First",
    "Tags": '{"a": "b"}',
}
BARE = {
    "ChargePeriodStart": on(4),
    "ChargePeriodEnd": on(5),
    "ResourceId": "r-1",
    "ResourceName": "r-1",
    "ResourceType": "Resource",
}
COMPUTED = {"ServiceCategory": "Compute", "ServiceSubcategory": "Virtual Machines", "ServiceName": "Virtual Machines"}
STORED = {"ServiceCategory": "Storage", "ServiceSubcategory": "Other (Storage)", "ServiceName": "Backup"}
UNKNOWN = {"ServiceCategory": "Other", "ServiceSubcategory": "Other (Other)", "ServiceName": "Other"}
USAGE = {"ChargeCategory": "Usage", "PricingQuantity": Decimal("2.5"), "PricingUnit": "1 Hour"}
OF_CHARGES = [
    row("7.25", **MACHINE, **COMPUTED, **USAGE),
    row(
        "40",
        **BARE,
        **UNKNOWN,
        EffectiveCost=Decimal(0),
        ChargeCategory="Purchase",
        ChargeDescription="Charge",
        ChargeFrequency="One-Time",
        PricingQuantity=Decimal(1),
        PricingUnit="Units",
    ),
    row(
        "-2",
        **{**MACHINE, "RegionName": "eastus", "Tags": None},
        **STORED,
        ChargeCategory="Credit",
        ChargeClass="Correction",
        PricingQuantity=Decimal(3),
        PricingUnit="1 Hour",
    ),
    # A service is in one category: that of its first row.
    row("0.5", **MACHINE, **STORED, ChargeCategory="Tax"),
    row(
        "1",
        **BARE,
        **COMPUTED,
        ChargeCategory="Usage",
        ChargeDescription="Virtual Machines",
        ChargeFrequency="Usage-Based",
        PublisherName="Microsoft",
        PricingQuantity=Decimal(1),
        PricingUnit="Units",
    ),
]


def test_a_row_of_a_charge_says_what_its_line_says_and_what_focus_wants_in_place_of_what_it_does_not() -> None:
    assert rows(charges(HEAD, ASKED_COLUMNS)) == OF_CHARGES


def test_what_an_old_lake_does_not_hold_is_not_known() -> None:
    lacking = ("Tags", "ResourceId", "PublisherName")
    first, *_ = rows(charges(HEAD, [name for name in ASKED_COLUMNS if name not in lacking]), lacking=lacking)
    unknown = dict.fromkeys(("Tags", "ResourceId", "ResourceName", "ResourceType"))
    assert first == {**OF_CHARGES[0], **unknown, "PublisherName": "Microsoft"}


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("A machine of size 2", True),
        ("USDA beef", True),
        ("5 USD an hour", False),
        ("An hour in EUR", False),
        ("KWD", False),
        ("0.17 an hour", False),
        ("1,5 an hour", False),
        ("10 % off", False),
        ("€ 3", False),
    ],
)
def test_a_description_that_may_tell_a_price_gives_way_to_the_service(description: str, told: bool) -> None:
    lake = {(0, 0): {**TOLD, "ChargeDescription": description}}
    (found,) = rows(charges(HEAD, ASKED_COLUMNS), lake=lake)
    assert found["ChargeDescription"] == (description if told else "Virtual Machines")


def test_rows_without_a_charge_stand_behind_the_charges_in_their_order() -> None:
    others = [
        DataSetRow("4.5", "Bob's set-up"),
        DataSetRow("-1", "Fee", "Purchase", correction=True, service="Desk", subscription="s-9", publisher="AWS"),
        DataSetRow(
            "-2",
            "Disk",
            subscription="s-8",
            subscription_name="Bob's",
            service_category="Storage",
            service_subcategory="Other (Storage)",
            service="Disks",
        ),
    ]
    found = rows(other_rows(HEAD, others), charges(HEAD, ASKED_COLUMNS))
    assert found[: len(OF_CHARGES)] == OF_CHARGES
    whole_month = {"ChargePeriodStart": on(1), "ChargePeriodEnd": OF_MONTH["BillingPeriodEnd"]}
    once = {**whole_month, **UNKNOWN, "ChargeFrequency": "One-Time"}
    assert found[len(OF_CHARGES) :] == [
        row("4.5", **once, ChargeCategory="Adjustment", ChargeDescription="Bob's set-up", PublisherName="Contoso"),
        row(
            "-1",
            **{**once, "ServiceName": "Desk"},
            ChargeCategory="Purchase",
            ChargeClass="Correction",
            ChargeDescription="Fee",
            PublisherName="AWS",
            SubAccountId="s-9",
            SubAccountName="s-9",
        ),
        row(
            "-2",
            **{**once, **STORED, "ServiceName": "Disks"},
            ChargeCategory="Adjustment",
            ChargeDescription="Disk",
            PublisherName="Contoso",
            SubAccountId="s-8",
            SubAccountName="Bob's",
        ),
    ]
    not_issued = DataSetHead(ACORN, "Acorn's", "Contoso", "USD", HEAD.month, "")
    assert {one["InvoiceId"] for one in rows(charges(not_issued, ASKED_COLUMNS))} == {None}


def test_what_rows_tell_of_a_line_and_a_service_is_what_their_first_tells() -> None:
    lake = {
        **LAKE,
        (0, 3): {**TOLD, "PublisherName": "Second"},
        (1, 0): {**TOLD, "ServiceCategory": "Storage", "SubAccountName": "Renamed"},
        (1, 1): {**TOLD, "PublisherName": "Later"},
    }
    with duckdb.connect() as engine:
        fill(engine, ASKED_COLUMNS, lake)
        # A second charge of the first one's line, which lies behind it and tells other words.
        engine.execute("INSERT INTO rated_lines VALUES (1, 1, 1, 1, 1, 1)")
        of_lines = engine.execute(words_of_lines(HEAD, ASKED_COLUMNS)).fetchall()
        of_services = engine.execute(words_of_services(HEAD, ASKED_COLUMNS)).fetchall()
    assert {tuple(four): told for *four, told in of_lines} == {
        ("Microsoft", "s-1", "Virtual Machines", "Usage"): ("Fabrikam", "First"),
        (None, None, None, "Purchase"): (None, None),
        ("Microsoft", "s-1", "Backup", "Credit"): ("Fabrikam", "First"),
        ("Microsoft", "s-1", "Backup", "Tax"): ("Second", "First"),
        ("Microsoft", None, "Virtual Machines", "Usage"): ("Fabrikam", None),
    }
    assert dict(of_services) == {
        "Virtual Machines": ("Compute", "Virtual Machines"),
        "Other": ("Other", "Other (Other)"),
        "Backup": ("Storage", "Other (Storage)"),
    }


def test_columns_are_those_of_focus_in_the_order_of_their_names() -> None:
    known = {rule["Reference"] for rule in rules().values() if rule["EntityType"] == "Column"}
    assert set(COLUMN_TYPES) <= known
    assert list(COLUMN_TYPES) == sorted(COLUMN_TYPES)
    amounts = {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"}
    instants = {f"{of}Period{edge}" for of in ("Billing", "Charge") for edge in ("Start", "End")}
    for name, kind in COLUMN_TYPES.items():
        quantity = "DECIMAL(20,8)" if name == "PricingQuantity" else "VARCHAR"
        assert kind == ("DECIMAL(28,12)" if name in amounts else "TIMESTAMP" if name in instants else quantity), name


def test_csv_has_instants_as_focus_writes_them_and_no_text_that_a_spreadsheet_runs() -> None:
    texts = ["=1", "+1", "@x", "-x", "\tx", "\rx", "x=1", "'x"]
    with duckdb.connect() as engine:
        values = {
            name: "TIMESTAMP '2024-09-03 05:06:07'" if kind == "TIMESTAMP" else "1.5" if "(" in kind else "text"
            for name, kind in COLUMN_TYPES.items()
        }
        columns = ", ".join(f"CAST({value} AS {COLUMN_TYPES[name]}) AS {name}" for name, value in values.items())
        found = engine.execute(as_text(f"SELECT {columns} FROM (SELECT unnest(?) AS text)"), [texts])
        assert [name for name, *_ in found.description or ()] == list(COLUMN_TYPES)
        told = [dict(zip(COLUMN_TYPES, one, strict=True)) for one in found.fetchall()]
    for name, kind in COLUMN_TYPES.items():
        if kind == "TIMESTAMP":
            assert {one[name] for one in told} == {"2024-09-03T05:06:07Z"}, name
        elif kind == "VARCHAR":
            assert [one[name] for one in told] == [*(f"'{text}" for text in texts[:6]), *texts[6:]], name
        else:
            assert {one[name] for one in told} == {Decimal("1.5")}, name
