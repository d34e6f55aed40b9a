"""The data set of a note is told as its statement's: side by side they add up in every dimension that both have."""

import csv
import io
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.document import DocumentForm, DocumentKind
from rebill.model.manual_line import NewManualLine
from rebill.model.party import Caller, Role
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.read_statements import every_statement
from rebill.services.billing.run_bill import run_bill
from rebill.services.billing.void_statement import void_statement
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.presenting.statement_file import statement_file
from tests.documents.focus_rules import broken_rules
from tests.services.months import SEPTEMBER, Month, charge

Row = dict[str, str]
DIMENSIONS = (
    *("ServiceCategory", "ServiceSubcategory", "ServiceName", "PublisherName", "ChargeCategory"),
    *("SubAccountId", "SubAccountName"),
)
AMAZON = {"ProviderName": "AWS", "PublisherName": "Amazon Web Services, Inc.", "SubAccountId": "111122223333"}
AMAZON |= {"SubAccountName": "Production", "ServiceName": "Amazon EC2"}
AZURE = {"SubAccountId": "sub-1", "SubAccountName": "Shop", "ServiceSubcategory": "", "Tags": ""}


def _charge(day: int, billed: str, **columns: str) -> Row:
    return charge(f"2024-09-{day:02}", billed, **{**AZURE, **columns})


CHARGES = (
    _charge(
        5, "7.777777", ServiceCategory="Networking", ServiceName="Bandwidth", ServiceSubcategory="Network Security"
    ),
    _charge(6, "3.131313", ServiceCategory="Storage", ServiceName="Bandwidth"),
    _charge(7, "1.000001", ServiceCategory="Databases", ServiceName="SQL Database"),
    _charge(8, "-0.5", ServiceCategory="Databases", ServiceName="SQL Database", ChargeCategory="Credit"),
    _charge(9, "2.222222", ServiceCategory="Nonsense", ServiceName=""),
    _charge(10, "4.444444", **AMAZON),
)


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    """September of Indigo is issued: two providers, five services, a credit, an entry."""
    month = Month(installation, partner, tmp_path)
    customer_id = month.customer("Indigo", basis="billed", markup_percent=Decimal("33.3333"))
    month.cost(*CHARGES, scope="all")
    month.subscriptions(customer_id, "sub-1", AMAZON["SubAccountId"])
    enter_manual_line(installation, partner, NewManualLine(customer_id, SEPTEMBER, Decimal("4.005"), "Set-up", "USD"))
    run_bill(installation, partner, SEPTEMBER)
    _finalize(month)
    return month


def _finalize(month: Month) -> None:
    order = ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well")
    finalize_month(month.installation, month.caller, order)


def _correct(month: Month) -> None:
    run_bill(month.installation, month.caller, SEPTEMBER)
    correct_month(month.installation, month.caller, ClosingOrder(ClosingAct.CORRECT, SEPTEMBER, reason="Other cost"))


def _documents(month: Month) -> list[int]:
    """The month's documents in the order of issue: the statement, its notes, the statement after a void."""
    found = every_statement(month.installation, month.caller, StatementFilter(with_notes=True))
    order = {
        one.statement_id: (one.document.edition, one.document.kind is DocumentKind.NOTE, one.document.invoice_id)
        for one in found
    }
    return sorted(order, key=lambda statement_id: order[statement_id])


def _rows(month: Month, statement_id: int) -> list[Row]:
    """The rows of a document's data set, which come to its total, and keep the rules of FOCUS."""
    caller = month.caller
    content = statement_file(month.installation, caller, statement_id, DocumentForm.FOCUS).content
    own = Caller(caller.partner_id, Role.CUSTOMER_READ_ONLY, month.customers["Indigo"].customer_id)
    assert statement_file(month.installation, own, statement_id, DocumentForm.FOCUS).content == content
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    rows = list(reader)
    assert broken_rules(list(reader.fieldnames or ()), [{k: v or None for k, v in row.items()} for row in rows]) == {}
    found = every_statement(month.installation, caller, StatementFilter(with_notes=True))
    total = next(one.statement.price_text for one in found if one.statement_id == statement_id)
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(total)
    return rows


def _sums(*data_sets: list[Row]) -> dict[tuple[str, ...], Decimal]:
    """What the rows of these data sets come to in every dimension; nothing of those that come to 0."""
    sums: Counter[tuple[str, ...]] = Counter()
    for row in (row for rows in data_sets for row in rows):
        sums[tuple(row[name] for name in DIMENSIONS)] += Decimal(row["BilledCost"])  # type: ignore[assignment]  # Decimal counts
    return {dimensions: Decimal(amount) for dimensions, amount in sums.items() if amount}


def test_a_statement_and_the_note_that_takes_it_back_come_to_nothing_in_every_dimension(month: Month) -> None:
    (statement_id,) = _documents(month)
    void_statement(month.installation, month.caller, statement_id, "Wrong customer")
    note_id = _documents(month)[1]
    statement, note = _rows(month, statement_id), _rows(month, note_id)
    assert {row["ServiceCategory"] for row in note} == {"Networking", "Databases", "Compute", "Other"}
    assert {row["ChargeClass"] for row in note} == {"Correction"}
    assert _sums(statement, note) == {}


def test_a_statement_with_its_notes_is_what_the_last_run_computes(month: Month) -> None:
    """Cost that came late, a service that is gone, one that came between and went again, and one that is new."""
    short = [one for one in CHARGES if one["ServiceName"] != "SQL Database"]
    between = _charge(11, "0.777777", ServiceCategory="Analytics", ServiceName="Synapse", PublisherName="Fabrikam")
    new = _charge(12, "0.999999", ServiceCategory="Security", ServiceName="Sentinel", PublisherName="Northwind")
    month.cost(*short, between, scope="all", name="cost.csv")
    _correct(month)
    month.cost(*short, new, _charge(13, "5.000001", **AMAZON), scope="all", name="cost.csv")
    _correct(month)
    statement_id, *note_ids = _documents(month)
    issued = [_rows(month, one) for one in (statement_id, *note_ids)]
    assert len(issued) == 3
    assert {row["ServiceCategory"] for row in issued[2]} == {"Analytics", "Security", "Compute", "Other"}
    void_statement(month.installation, month.caller, statement_id, "Begin anew")
    _finalize(month)
    *_, void_id, anew_id = _documents(month)
    assert _sums(*issued) == _sums(_rows(month, anew_id))
    assert _sums(*issued, _rows(month, void_id)) == {}


def test_a_note_makes_up_for_the_rounding_of_both_sums(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    """Half a yen up, and half a yen down: a whole unit of money, which is no fault of the note."""
    month = Month(installation, partner, tmp_path)
    customer_id = month.customer("Indigo", basis="billed")
    month.cost(_charge(5, "100.5", BillingCurrency="JPY"), scope="all")
    month.subscriptions(customer_id, "sub-1")
    run_bill(installation, partner, SEPTEMBER)
    _finalize(month)
    month.cost(_charge(5, "-100.5", BillingCurrency="JPY"), scope="all")
    _correct(month)
    amounts = [row["BilledCost"] for row in _rows(month, _documents(month)[1])]
    assert amounts == ["-201.000000000000", "-1.000000000000"]
