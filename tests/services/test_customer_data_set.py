"""A customer's data set: it adds up to the statement, passes the rules of FOCUS 1.2, and betrays no cost."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.document import DocumentForm, DocumentKind
from rebill.model.errors import NotFound
from rebill.model.manual_line import NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.read_statements import every_statement
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead
from rebill.services.presenting.customer_data_set import write_customer_data_set
from rebill.services.presenting.statement_file import statement_file
from tests.documents.focus_rules import asked_rules, broken_rules
from tests.services.months import SEPTEMBER, Month, charge

Table = list[dict[str, str | None]]


def _charge(day: str, billed: str, **columns: str) -> dict[str, str]:
    told = {"SubAccountId": "sub-1", **dict.fromkeys(("RegionId", "ResourceId", "Tags"), ""), **columns}
    return charge(f"2024-09-{day}", billed, **told)


def _month(installation: Installation, partner: Caller, folder: Path) -> Month:
    """Indigo uses services with a markup of a third, gets a credit, and pays an entry; a neighbour has its own."""
    month = Month(installation, partner, folder)
    one = month.customer("Indigo", basis="billed", markup_percent=Decimal("33.3333"))
    other = month.customer("Neighbour Secret Ltd", basis="billed")
    month.cost(
        _charge("05", "7.777777", ListCost="9.5", RegionId="westeurope", ResourceId="vm-1"),
        _charge(
            "06", "3.131313", ListCost="4.5", ServiceName="=cmd()", ServiceCategory="Nonsense", ChargeClass="Correction"
        ),
        _charge("07", "12.121212", ChargeCategory="Purchase", Tags='{"a": "b"}'),
        _charge("08", "-1.515151", ChargeCategory="Credit", Tags="{broken"),
        _charge("09", "4.242424", ChargeCategory="Tax"),
        _charge("10", "55.5", ListCost="55.5", SubAccountId="sub-2"),
    )
    month.subscriptions(one, "sub-1")
    month.subscriptions(other, "sub-2")
    enter_manual_line(installation, partner, NewManualLine(one, SEPTEMBER, Decimal("4.005"), "Set-up", "USD"))
    change_letterhead(installation, partner, LetterheadChange({"legal_name": "Contoso Cloud Partner GmbH"}))
    run_bill(installation, partner, SEPTEMBER)
    return month


def _statement(installation: Installation, caller: Caller, customer_id: int, notes: bool = False) -> int:
    wanted = StatementFilter(customer_id=customer_id, with_notes=notes)
    found = every_statement(installation, caller, wanted)
    return next(one.statement_id for one in found if (one.document.kind is DocumentKind.NOTE) is notes)


def _read(content: bytes) -> tuple[list[str], Table]:
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    rows: Table = [{name: value or None for name, value in row.items()} for row in reader]
    return list(reader.fieldnames or ()), rows


def _sum(rows: Table) -> Decimal:
    return sum((Decimal(row["BilledCost"] or "") for row in rows), Decimal(0))


def test_it_adds_up_to_the_statement_and_passes_every_rule(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    month = _month(installation, partner, tmp_path)
    customer_id = month.customers["Indigo"].customer_id
    statement_id = _statement(installation, partner, customer_id)
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well"))
    file = statement_file(installation, partner, statement_id, DocumentForm.FOCUS)
    columns, rows = _read(file.content)
    (record,) = every_statement(installation, partner, StatementFilter(customer_id=customer_id))
    assert _sum(rows) == Decimal(record.statement.price_text)
    assert broken_rules(columns, rows) == {}
    assert len(asked_rules(columns)) > 130
    described = [(row["ChargeCategory"], row["ChargeDescription"]) for row in rows]
    assert described[:5] == [(category, "D2s v5") for category in ("Usage", "Usage", "Purchase", "Credit", "Tax")]
    assert described[5:] == [("Adjustment", "Set-up"), ("Adjustment", "Rounding")]
    first, second, third, credit, *_ = rows
    assert [row["ChargeClass"] for row in rows] == [None, "Correction", *[None] * (len(rows) - 2)]
    assert first["BilledCost"] == first["ListCost"] == first["EffectiveCost"] == first["ContractedCost"]
    assert first["BilledCost"] == "10.370366740741"
    assert {row["InvoiceIssuerName"] for row in rows} == {row["ProviderName"] for row in rows}
    assert {row["ProviderName"] for row in rows} == {"Contoso Cloud Partner GmbH"}
    assert {row["InvoiceId"] for row in rows} == {record.document.invoice_id}
    assert (first["PublisherName"], first["RegionName"], first["ResourceType"]) == (
        "Microsoft",
        "westeurope",
        "Resource",
    )
    assert (second["ServiceName"], second["ServiceCategory"]) == ("'=cmd()", "Other")
    assert (third["Tags"], credit["Tags"]) == ('{"a": "b"}', None)


def test_parquet_says_the_same_in_exact_types(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = _month(installation, partner, tmp_path)
    customer_id = month.customers["Indigo"].customer_id
    statement_id = _statement(installation, partner, customer_id)
    file = tmp_path / "data.parquet"
    write_customer_data_set(installation, partner, statement_id, DocumentForm.FOCUS_PARQUET, file)
    columns, rows = _read(statement_file(installation, partner, statement_id, DocumentForm.FOCUS).content)
    with duckdb.connect() as engine:
        found = engine.execute("SELECT BilledCost, ChargePeriodStart, InvoiceId FROM read_parquet($1)", [str(file)])
        kept = found.fetchall()
        described = engine.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
    types = {name: kind for name, kind, *_ in described}
    assert list(types) == columns
    assert (types["BilledCost"], types["ChargePeriodStart"]) == ("DECIMAL(28,12)", "TIMESTAMP")
    assert [Decimal(row["BilledCost"] or "") for row in rows] == [cost for cost, *_ in kept]
    assert {invoice for *_, invoice in kept} == {None}
    again = tmp_path / "again.parquet"
    write_customer_data_set(installation, partner, statement_id, DocumentForm.FOCUS_PARQUET, again)
    assert again.read_bytes() == file.read_bytes()


def test_it_betrays_no_cost_and_no_other_customer(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = _month(installation, partner, tmp_path)
    customer_id = month.customers["Indigo"].customer_id
    own = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer_id)
    content = statement_file(installation, own, _statement(installation, own, customer_id), DocumentForm.FOCUS).content
    told = content.decode()
    for secret in ("7.777777", "3.131313", "12.121212", "9.5,", "55.5", "Secret", "First Partner"):
        assert secret not in told
    assert "x_" not in told.splitlines()[0]
    others = _statement(installation, partner, month.customers["Neighbour Secret Ltd"].customer_id)
    with pytest.raises(NotFound):
        statement_file(installation, own, others, DocumentForm.FOCUS)


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ("$0.17 per On Demand Linux c5.xlarge Instance Hour", "Storage"),
        ("€ 5 per user", "Storage"),
        ("first 10 TB, USD 5 a GB", "Storage"),
        ("0,085 per GB-Mo", "Storage"),
        ("Partner earned credit 15 %", "Storage"),
        ("Virtual Machines Dv3 Series - D2 v3 - US East", "Virtual Machines Dv3 Series - D2 v3 - US East"),
        ("P1 LRS, all regions", "P1 LRS, all regions"),
    ],
)
def test_a_description_that_may_tell_a_price_gives_way_to_the_service(
    installation: Installation, partner: Caller, tmp_path: Path, described: str, told: str
) -> None:
    """Amazon writes the price of a unit there, which beside the quantity is what the partner paid."""
    month = Month(installation, partner, tmp_path)
    customer_id = month.customer("Indigo", basis="billed", markup_percent=Decimal(15))
    month.cost(_charge("05", "0.17", ServiceName="Storage", ChargeDescription=described))
    month.subscriptions(customer_id, "sub-1")
    run_bill(installation, partner, SEPTEMBER)
    statement_id = _statement(installation, partner, customer_id)
    columns, rows = _read(statement_file(installation, partner, statement_id, DocumentForm.FOCUS).content)
    assert [row["ChargeDescription"] for row in rows] == [told, "Rounding"]
    assert broken_rules(columns, rows) == {}


def test_a_note_has_a_row_for_each_of_its_lines(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = _month(installation, partner, tmp_path)
    customer_id = month.customers["Indigo"].customer_id
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well"))
    month.cost(charge("2024-09-28", "10", SubAccountId="sub-1"), scope="late", name="late.csv")
    run_bill(installation, partner, SEPTEMBER)
    correct_month(installation, partner, ClosingOrder(ClosingAct.CORRECT, SEPTEMBER, reason="Late usage"))
    note_id = _statement(installation, partner, customer_id, notes=True)
    columns, rows = _read(statement_file(installation, partner, note_id, DocumentForm.FOCUS).content)
    assert [(row["ChargeClass"], row["ChargeDescription"], row["BilledCost"]) for row in rows] == [
        ("Correction", "Virtual Machines", "13.333330000000"),
        ("Correction", "Rounding", "-0.003330000000"),
    ]
    assert broken_rules(columns, rows) == {}


def test_a_month_of_entries_alone_has_a_data_set_too(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    customer_id = month.customer("Indigo")
    may = BillingMonth(2024, 5)
    enter_manual_line(installation, partner, NewManualLine(customer_id, may, Decimal("-4.005"), "Goodwill", "USD"))
    run_bill(installation, partner, may)
    content = statement_file(
        installation, partner, _statement(installation, partner, customer_id), DocumentForm.FOCUS
    ).content
    columns, rows = _read(content)
    assert [(row["ChargeDescription"], row["BilledCost"]) for row in rows] == [
        ("Goodwill", "-4.005000000000"),
        ("Rounding", "-0.005000000000"),
    ]
    assert broken_rules(columns, rows) == {}


def test_the_rules_are_really_asked(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = _month(installation, partner, tmp_path)
    statement_id = _statement(installation, partner, month.customers["Indigo"].customer_id)
    columns, rows = _read(statement_file(installation, partner, statement_id, DocumentForm.FOCUS).content)
    for column, value in (
        ("ServiceCategory", "Nonsense"),
        ("BillingCurrency", "dollars"),
        ("ChargePeriodStart", "yesterday"),
        ("BilledCost", "1,5"),
        ("ChargeCategory", None),
        ("InvoiceIssuerName", "Another"),
        ("PricingQuantity", None),
    ):
        changed = [{**rows[0], column: value}, *rows[1:]]
        assert broken_rules(columns, changed), column
    assert broken_rules([column for column in columns if column != "BilledCost"], rows)
