"""``make focus``: what the published FOCUS validator says of a customer's data set."""

from pathlib import Path

import duckdb
import pytest

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.document import DocumentForm
from rebill.model.manual_line import NewManualLine
from rebill.model.money import ZERO
from rebill.model.party import Caller
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.read_statements import every_statement
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead
from rebill.services.presenting.customer_data_set import write_customer_data_set
from tests.documents.focus_rules import OVERSTATED, asking_for_ascii
from tests.documents.focus_validator import failing_rules
from tests.services.months import SEPTEMBER, Month, charge

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def _charge(day: int, billed: str, **columns: str) -> dict[str, str]:
    absent = dict.fromkeys(("RegionId", "ResourceId", "ServiceSubcategory", "Tags"), "")
    return charge(f"2024-09-{day:02}", billed, SubAccountId="sub-1", **{**absent, **columns})


def _data_set(
    installation: Installation,
    partner: Caller,
    folder: Path,
    *besides: dict[str, str],
    commitment: str = "r-1",
    customer: str = "Indigo",
) -> Path:
    """An issued month with a charge of every category, an entry, and minor units to deal out; and ``besides``."""
    month = Month(installation, partner, folder)
    customer_id = month.customer(customer, basis="billed")
    month.cost(
        _charge(5, "7.777777", RegionId="westeurope", ServiceSubcategory="Virtual Machines"),
        _charge(6, "3.131313", ServiceCategory="Storage", ServiceSubcategory="Nonsense"),
        _charge(6, "1.01", ServiceName="Blobs", ServiceCategory="Storage", ServiceSubcategory="Nonsense"),
        _charge(7, "12.121212", ChargeCategory="Purchase", Tags='{"a": "b"}', CommitmentDiscountId=commitment),
        _charge(8, "-1.515151", ChargeCategory="Credit"),
        _charge(9, "4.242424", ChargeCategory="Tax"),
        *besides,
    )
    month.subscriptions(customer_id, "sub-1")
    enter_manual_line(installation, partner, NewManualLine(customer_id, SEPTEMBER, ZERO + 4, "Set-up", "USD"))
    change_letterhead(installation, partner, LetterheadChange({"legal_name": "Contoso Cloud Partner GmbH"}))
    run_bill(installation, partner, SEPTEMBER)
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well"))
    (record,) = every_statement(installation, partner, StatementFilter())
    file = folder / "data-set.parquet"
    write_customer_data_set(installation, partner, record.statement_id, DocumentForm.FOCUS_PARQUET, file)
    return file


def test_the_validator_finds_nothing_but_what_rules_that_contradict_each_other_ask(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    found = failing_rules(_data_set(installation, partner, tmp_path), tmp_path / "validator")
    assert found.keys() <= {"InvoiceId-C-004-C"}, "every row has its invoice"


def test_of_names_the_validator_asks_for_ascii_where_its_rules_ask_for_unicode(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    file = _data_set(installation, partner, tmp_path, customer="Müller & Söhne")
    with duckdb.connect() as engine:
        names = engine.execute("SELECT DISTINCT BillingAccountName FROM read_parquet($1)", [str(file)]).fetchall()
    assert names == [("Müller & Söhne",)]
    assert "BillingAccountName-C-002-M" in asking_for_ascii()
    found = failing_rules(file, tmp_path / "validator")
    assert found.keys() <= {"InvoiceId-C-004-C", "BillingAccountName-C-002-M"}


def test_of_purchases_that_cover_nothing_later_the_validator_asks_too_much(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bought = _charge(10, "5", ChargeCategory="Purchase", ServiceName="A licence")
    file = _data_set(installation, partner, tmp_path, bought)
    with duckdb.connect() as engine:
        asked = "SELECT BilledCost > 0, EffectiveCost = 0 FROM read_parquet($1) WHERE ChargeCategory = 'Purchase'"
        assert sorted(engine.execute(asked, [str(file)]).fetchall()) == [(True, False), (True, True)]
    assert failing_rules(file, tmp_path / "validator").keys() <= OVERSTATED.keys()


def test_the_validator_finds_what_is_wrong(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    file, wrong = _data_set(installation, partner, tmp_path), tmp_path / "wrong.parquet"
    changed = "* EXCLUDE (ChargeFrequency) REPLACE ('Mainframes' AS ServiceSubcategory, 'dollars' AS BillingCurrency)"
    with duckdb.connect() as engine:
        engine.execute(f"COPY (SELECT {changed} FROM read_parquet('{file}')) TO '{wrong}' (FORMAT parquet)")
    found = failing_rules(wrong, tmp_path / "validator").keys()
    assert found >= {"ServiceSubcategory-C-003-M", "BillingCurrency-C-006-M"}
