"""The month a delivery is of: told anew, moved, and no charge billed by two months."""

from pathlib import Path

import pytest

from rebill.model.audit import Act
from rebill.model.data_set import CostImportOrder
from rebill.model.errors import Conflict
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.months_due import months_due
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs, list_data_sets
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from tests.focus_files import SOUND_ROW, Row, row, write_csv

SEPTEMBER = BillingMonth(2024, 9)
OCTOBER = SEPTEMBER.following
WITHOUT_PERIOD = [name for name in SOUND_ROW if not name.startswith("BillingPeriod")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two charges that name no billing period."""
    return written(tmp_path, "a.csv", row(), row(BilledCost="2"))


def written(folder: Path, name: str, *rows: Row) -> Path:
    return write_csv(folder / name, rows, WITHOUT_PERIOD)


def months(installation: Installation, caller: Caller) -> list[BillingMonth]:
    return [one.billing_month for one in list_data_sets(installation, caller)]


@pytest.mark.parametrize("scope", [None, "contoso"])
def test_the_same_bytes_for_another_month_are_refused_or_moved_but_never_passed_over(
    installation: Installation, partner: Caller, file: Path, scope: str | None
) -> None:
    def imported(period: BillingMonth, read_anew: bool = False) -> list[bool]:
        order = CostImportOrder((file,), scope=scope, period=period, read_anew=read_anew)
        return [one.already_imported for one in import_costs(installation, partner, order).data_sets]

    assert imported(SEPTEMBER) == [False]
    run_bill(installation, partner, SEPTEMBER)
    with pytest.raises(Conflict) as refused:
        imported(OCTOBER)
    assert refused.value.code == "file_in_force"
    assert "2024-09" in refused.value.message and "--read-anew" in refused.value.message
    assert (months(installation, partner), imported(SEPTEMBER)) == ([SEPTEMBER], [True])
    assert imported(OCTOBER, read_anew=True) == [False]
    assert months(installation, partner) == [OCTOBER]
    # Both months want a run: the one that has the cost now, and the one that has it no more.
    assert months_due(installation, partner) == [SEPTEMBER, OCTOBER]


def test_a_period_that_no_line_needs_changes_nothing(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv", [row()])
    for is_known in (False, True):
        (found,) = import_costs(installation, partner, CostImportOrder((file,), period=OCTOBER)).data_sets
        assert (found.billing_month, found.already_imported) == (SEPTEMBER, is_known)
    assert len(newest_audit_entries(installation, partner, AuditFilter(act=Act.IMPORT_COSTS), 10)) == 1


def test_the_very_same_charges_of_another_month_are_not_counted_twice(
    installation: Installation, partner: Caller, file: Path, tmp_path: Path
) -> None:
    """As many, of the same cost, accounts and days; late usage of the same days stands beside."""
    (first,) = import_costs(installation, partner, CostImportOrder((file,), period=SEPTEMBER)).data_sets
    again = written(tmp_path, "b.csv", row(BilledCost="2"), row())
    with pytest.raises(Conflict) as refused:
        import_costs(installation, partner, CostImportOrder((again,), period=OCTOBER))
    assert refused.value.code == "double_counting"
    assert f"Data set {first.data_set_id} of 2024-09" in refused.value.message
    late = written(tmp_path, "late.csv", row(BilledCost="0.5"), row(BilledCost="2"))
    import_costs(installation, partner, CostImportOrder((late,), period=OCTOBER))
    import_costs(installation, partner, CostImportOrder((again,), period=OCTOBER.following, overlap_reason="Both."))
    assert months(installation, partner) == [SEPTEMBER, OCTOBER, OCTOBER.following]


def test_an_invoice_is_billed_by_one_month(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    """Fetched again with a row more, and imported for another month; another invoice's late usage stands beside."""
    columns = [*WITHOUT_PERIOD, "InvoiceId"]
    rows = [row(InvoiceId="G1"), row(InvoiceId="G1", BilledCost="2")]
    first = write_csv(tmp_path / "first.csv", rows, columns)
    import_costs(installation, partner, CostImportOrder((first,), period=SEPTEMBER))
    again = write_csv(tmp_path / "again.csv", [*rows, row(InvoiceId="G1 ", BilledCost="3")], columns)
    with pytest.raises(Conflict) as refused:
        import_costs(installation, partner, CostImportOrder((again,), period=OCTOBER))
    assert refused.value.code == "double_counting"
    assert "invoice G1 " in refused.value.message and "2024-09" in refused.value.message
    late = write_csv(tmp_path / "late.csv", [row(InvoiceId="G2", BilledCost="3"), row(BilledCost="4")], columns)
    import_costs(installation, partner, CostImportOrder((late,), period=OCTOBER))
    assert months(installation, partner) == [SEPTEMBER, OCTOBER]


def test_cost_whose_import_began_before_a_run_and_was_stored_after_it_is_due(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    import_costs(installation, partner, CostImportOrder((write_csv(tmp_path / "a.csv", [row()]),)))
    assert months_due(installation, partner) == [SEPTEMBER]
    run_bill(installation, partner, SEPTEMBER)
    assert months_due(installation, partner) == [SEPTEMBER]
    october = row(BillingPeriodStart="2024-10-01", ChargePeriodStart="2024-10-02", ChargePeriodEnd="2024-10-03")
    import_costs(installation, partner, CostImportOrder((write_csv(tmp_path / "b.csv", [october]),)))
    assert months_due(installation, partner) == [OCTOBER]
    run_bill(installation, partner, OCTOBER)
    # The clock of the tests stands still: by moments, this came no later than the run.
    late = row(SubAccountId="another")
    import_costs(installation, partner, CostImportOrder((write_csv(tmp_path / "c.csv", [late]),)))
    assert months_due(installation, partner) == [SEPTEMBER]
