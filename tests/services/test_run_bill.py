"""A month billed, on both stores: whose line, what price, which statement, and what a run leaves behind."""

import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rebill.documents import statement_csv, statement_json
from rebill.lake.runs import MANIFEST, only_run, run_folder
from rebill.model.checklist import Step, StepState
from rebill.model.errors import Conflict, Forbidden, NotFound, ProgramError
from rebill.model.party import Caller, Role
from rebill.model.rating import Attention, RatedMonth
from rebill.model.run_state import RunState, interrupted_sentence
from rebill.model.terms import Basis, CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.month_checklist import month_checklist
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.billing.run_under_way import state_of_run
from rebill.services.runs.rate_month import rate_month
from tests.services.months import SEPTEMBER, Month, charge, stored


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    return Month(installation, partner, tmp_path)


def bill(month: Month, customer_id: int | None = None) -> BillRun:
    return run_bill(month.installation, month.caller, SEPTEMBER, customer_id)


def prices(run: BillRun) -> dict[str, tuple[str, str, str]]:
    """Customer → (partner cost, price, margin)."""
    return {
        record.customer_name: (
            f"{record.statement.statement_cost.normalize():f}",
            record.statement.price_text,
            f"{record.statement.margin.normalize():f}",
        )
        for record in run.statements
    }


def lines(month: Month, run: BillRun, customer: str) -> list[tuple[str | None, str | None, str, int]]:
    """(subscription, service, exact amount, minor units) of a customer's only statement."""
    (found,) = [record for record in run.statements if record.customer_name == customer]
    statement = get_statement(month.installation, month.caller, found.statement_id).statement
    return [
        (line.priced.subscription, line.priced.service, f"{line.priced.exact_amount:f}", line.amount_minor_units)
        for line in statement.lines
    ]


def test_a_markup_is_on_retail_and_the_margin_is_price_less_cost(month: Month) -> None:
    first = month.customer("First", markup_percent=Decimal(15))
    month.cost(charge("2024-09-03", "80", "100", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    assert prices(bill(month)) == {"First": ("80", "115.00", "35")}


def test_on_basis_billed_the_markup_is_on_cost(month: Month) -> None:
    first = month.customer("First", basis=Basis.BILLED, markup_percent=Decimal("12.5"))
    month.cost(charge("2024-09-03", "80", "100", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    assert prices(bill(month)) == {"First": ("80", "90.00", "10")}


def test_a_discount_off_retail_is_not_taken_off_a_cost(month: Month) -> None:
    first = month.customer("First", markup_percent=Decimal(-10), fallback_markup_percent=Decimal(5))
    month.cost(
        charge("2024-09-03", "80", "100", SubAccountId="s-1", ServiceName="Retail known"),
        charge("2024-09-03", "40", "", SubAccountId="s-1", ServiceName="Retail absent"),
        charge("2024-09-03", "20", "0", SubAccountId="s-1", ServiceName="Retail zero"),
    )
    month.subscriptions(first, "s-1")
    run = bill(month)
    assert lines(month, run, "First") == [
        ("s-1", "Retail absent", "42.000000000000", 4200),
        ("s-1", "Retail known", "90.000000000000", 9000),
        ("s-1", "Retail zero", "21.000000000000", 2100),
    ]


def test_an_account_that_moves_in_mid_month_is_split_by_day(month: Month) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(*(charge(f"2024-09-{day:02d}", "1", "1", SubAccountId="s-1") for day in (14, 15, 16)))
    month.subscriptions(first, "s-1")
    month.move(second, "2024-09-15", "s-1")
    assert prices(bill(month)) == {"First": ("1", "1.00", "0"), "Second": ("2", "2.00", "0")}


def test_every_line_is_billed_or_billing_disabled_or_unassigned(month: Month) -> None:
    billed = month.customer("Billed")
    disabled = month.customer("Own house", billing_enabled=False)
    month.cost(
        charge("2024-09-01", "0.000000000001", "5", SubAccountId="s-1"),
        charge("2024-09-01", "2.5", "5", SubAccountId="s-2"),
        charge("2024-09-01", "4", "5", SubAccountId="s-3"),
        charge("2024-09-01", "-0.25", "0", ChargeCategory="Adjustment", ServiceName="Rounding"),
    )
    month.subscriptions(billed, "s-1")
    month.subscriptions(disabled, "s-2")
    run = bill(month)
    (balance,) = run.balance
    assert balance.imported == Decimal("6.250000000001")
    assert (balance.billed, balance.billing_disabled) == (Decimal("0.000000000001"), Decimal("2.5"))
    assert balance.unassigned == Decimal("3.75")
    assert balance.difference == 0
    assert [record.customer_name for record in run.statements] == ["Billed"]


@pytest.mark.parametrize(
    ("policy", "cost", "price"),
    [
        (CommitmentsPolicy.AS_BOUGHT, "100", "100.00"),
        (CommitmentsPolicy.AMORTIZED, "10", "10.00"),
        (CommitmentsPolicy.RETAIL, "100", "12.00"),
    ],
)
def test_a_reservation_reaches_the_customer_by_its_policy(
    month: Month, policy: CommitmentsPolicy, cost: str, price: str
) -> None:
    first = month.customer("First", commitments=policy)
    reservation = {"SubAccountId": "s-1", "CommitmentDiscountId": "reservation-1"}
    month.cost(
        charge("2024-09-01", "100", "100", effective="0", ChargeCategory="Purchase", **reservation),
        charge("2024-09-02", "0", "12", effective="7", CommitmentDiscountStatus="Used", **reservation),
        charge("2024-09-03", "0", "0", effective="3", CommitmentDiscountStatus="Unused", **reservation),
    )
    month.subscriptions(first, "s-1")
    run = bill(month)
    assert prices(run)["First"][:2] == (cost, price)
    assert run.attention == ()


def test_retail_that_is_wanted_but_missing_is_counted_and_never_guessed(month: Month) -> None:
    first = month.customer("First", commitments=CommitmentsPolicy.RETAIL)
    month.cost(
        charge("2024-09-02", "0", "0", SubAccountId="s-1", CommitmentDiscountId="r", CommitmentDiscountStatus="Used")
    )
    month.subscriptions(first, "s-1")
    run = bill(month)
    assert run.attention == ((Attention.NO_RETAIL, 1),)
    assert prices(run)["First"][1] == "0.00"


def test_the_shown_lines_add_up_to_the_rounded_total(month: Month) -> None:
    first = month.customer("First")
    amounts = {"A": "1.004", "B": "2.006", "C": "3.005"}
    month.cost(
        *(charge("2024-09-01", cost, cost, SubAccountId="s-1", ServiceName=name) for name, cost in amounts.items())
    )
    month.subscriptions(first, "s-1")
    run = bill(month)
    assert [units for *_, units in lines(month, run, "First")] == [100, 201, 301]
    assert prices(run)["First"][1] == "6.02"


def test_currencies_never_mix(month: Month) -> None:
    first = month.customer("First")
    month.cost(
        charge("2024-09-01", "10.005", "10.005", SubAccountId="s-1"),
        charge("2024-09-01", "99.5", "99.5", SubAccountId="s-1", BillingCurrency="JPY"),
        charge("2024-09-01", "1.0005", "1.0005", SubAccountId="s-1", BillingCurrency="KWD"),
    )
    month.subscriptions(first, "s-1")
    run = bill(month)
    found = {record.statement.currency: record.statement.price_text for record in run.statements}
    assert found == {"JPY": "100", "KWD": "1.001", "USD": "10.01"}


def test_a_second_run_rebuilds_statements_whole_and_keeps_their_ids(month: Month) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"), charge("2024-09-20", "5", "5", SubAccountId="s-2"))
    month.subscriptions(first, "s-1", "s-2")
    before = bill(month)
    again = bill(month)
    assert [record.statement_id for record in again.statements] == [record.statement_id for record in before.statements]
    assert prices(again) == prices(before) == {"First": ("15", "15.00", "0")}
    month.move(second, "1900-01-02", "s-1", "s-2")
    moved = bill(month)
    assert prices(moved) == {"Second": ("15", "15.00", "0")}
    kept = stored(month.installation, month.caller, SEPTEMBER)
    assert [record.customer_name for record in kept] == ["Second"]
    with pytest.raises(NotFound):
        get_statement(month.installation, month.caller, before.statements[0].statement_id)
    month.move(first, "1900-01-02", "s-1", "s-2")
    assert [record.statement_id for record in bill(month).statements] == [before.statements[0].statement_id]


def test_usage_of_several_days_across_a_transfer_is_marked_and_stays_whole(month: Month) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(
        charge("2024-09-10", "10", "10", SubAccountId="s-1", ChargePeriodEnd="2024-09-20T00:00:00Z"),
        charge("2024-09-10", "3", "3", SubAccountId="s-1", ChargePeriodEnd="2024-09-15T00:00:00Z"),
        charge("2024-09-14", "1", "1", SubAccountId="s-1", ChargePeriodEnd="2024-09-15T00:00:00Z"),
        charge("2024-09-01", "5", "5", SubAccountId="s-1", ChargePeriodEnd="2024-10-01", ChargeCategory="Purchase"),
    )
    month.subscriptions(first, "s-1")
    assert bill(month).attention == ()
    month.move(second, "2024-09-15", "s-1")
    run = bill(month)
    assert run.attention == ((Attention.SPANS_TRANSFER, 1),)
    assert prices(run) == {"First": ("19", "19.00", "0")}


def test_one_customer_only_leaves_the_others_statements_as_they_were(month: Month) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"), charge("2024-09-01", "5", "5", SubAccountId="s-2"))
    month.subscriptions(first, "s-1")
    month.subscriptions(second, "s-2")
    whole = bill(month)
    only = bill(month, second)
    assert [record.customer_name for record in only.statements] == ["Second"]
    assert only.balance == whole.balance
    runs_now = {record.customer_name: record.run_id for record in stored(month.installation, month.caller)}
    assert runs_now == {"First": whole.run_id, "Second": only.run_id}
    with pytest.raises(NotFound):
        bill(month, 999)


def test_a_statement_gives_the_same_bytes_on_every_store(month: Month) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "10", "10.5", SubAccountId="s-1", PricingQuantity="2.5"))
    month.subscriptions(first, "s-1")
    (record,) = bill(month).statements
    statement = get_statement(month.installation, month.caller, record.statement_id).statement
    assert statement_csv(1, statement) == (
        "statement_id,customer_id,period,currency,status,document_type,invoice_id,invoice_date,corrects,"
        "n,provider,subscription,service,charge_category,quantity,amount,kind,reference,description,correction_of,"
        "tax_category,tax_percent\r\n"
        f"1,{first},2024-09,USD,Estimated,statement,,,,"
        "1,Microsoft,s-1,Virtual Machines,Usage,2.50000000,10.50,charges,,,,,\r\n"
    )
    document = json.loads(statement_json(1, statement))
    assert document["lines"][0]["quantity"] == "2.50000000"
    assert (document["total"], document["lines"][0]["amount"]) == ("10.50", "10.50")


def test_cost_that_changes_during_a_run_refuses_the_run(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"), scope="export")
    month.subscriptions(first, "s-1")
    before = prices(bill(month))

    def rate_while_cost_changes(*arguments: Any) -> RatedMonth:
        month.cost(charge("2024-09-01", "11", "11", SubAccountId="s-1"), scope="export", name="restated.csv")
        return rate_month(*arguments)

    monkeypatch.setattr("rebill.services.billing.run_bill.rate_month", rate_while_cost_changes)
    with pytest.raises(Conflict) as refused:
        bill(month)
    assert refused.value.code == "cost_changed"
    kept = stored(month.installation, month.caller, SEPTEMBER)
    assert [record.statement.price_text for record in kept] == [before["First"][1]]
    monkeypatch.undo()
    assert prices(bill(month))["First"][1] == "11.00"


def test_what_the_engine_cannot_compute_is_said_and_nothing_is_stored(month: Month) -> None:
    first = month.customer("First", markup_percent=Decimal("99899.9999"))
    month.cost(charge("2024-09-01", "1", "9999999999999999", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    with pytest.raises(ProgramError) as failed:
        bill(month)
    assert failed.value.code == "engine_failed"
    assert "An amount or a sum of amounts lies beyond what is kept" in str(failed.value)
    assert stored(month.installation, month.caller) == []


def test_a_disk_that_does_not_take_the_run_is_said_and_nothing_is_stored(month: Month) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "1", "1", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    in_the_way = month.installation.lake_folder / str(month.caller.partner_id) / "runs"
    in_the_way.write_text("not a folder")
    with pytest.raises(ProgramError) as failed:
        bill(month)
    assert failed.value.code == "lake_failed"
    assert stored(month.installation, month.caller) == []
    in_the_way.unlink()
    assert prices(bill(month)) == {"First": ("1", "1.00", "0")}


def test_a_month_without_cost_has_no_statement_and_an_empty_balance(month: Month) -> None:
    month.customer("First")
    run = bill(month)
    assert (run.statements, run.balance) == ((), ())


def test_a_new_delivery_of_the_scope_is_what_the_next_run_bills(month: Month) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"), scope="export")
    month.subscriptions(first, "s-1")
    assert prices(bill(month))["First"][1] == "10.00"
    month.cost(charge("2024-09-01", "11", "11", SubAccountId="s-1"), scope="export", name="restated.csv")
    assert prices(bill(month))["First"][1] == "11.00"


def test_partners_do_not_see_each_others_months(month: Month, other_partner: Caller, tmp_path: Path) -> None:
    other = Month(month.installation, other_partner, tmp_path)
    for each, cost in ((month, "10"), (other, "7")):
        customer_id = each.customer("Same name")
        each.cost(charge("2024-09-01", cost, cost, SubAccountId="s-1"), name=f"cost-{cost}.csv")
        each.subscriptions(customer_id, "s-1")
    own, foreign = bill(month), bill(other)
    assert prices(own)["Same name"][1] == "10.00"
    assert prices(foreign)["Same name"][1] == "7.00"
    with pytest.raises(NotFound):
        get_statement(month.installation, other_partner, own.statements[0].statement_id)
    with pytest.raises(NotFound):
        run_bill(month.installation, other_partner, SEPTEMBER, own.statements[0].statement.customer_id)


def test_only_one_run_of_a_month_works_at_a_time(month: Month) -> None:
    month.customer("First")
    with (
        only_run(month.installation.lake_folder, month.caller.partner_id, SEPTEMBER),
        pytest.raises(Conflict) as refused,
    ):
        bill(month)
    assert refused.value.code == "run_running"
    assert bill(month).statements == ()


_KILLED_AT_ITS_WORK = """
import os, pathlib, signal, sys
from rebill.lake.runs import MANIFEST, only_run, run_folder
from rebill.model.months import BillingMonth
with only_run(pathlib.Path(sys.argv[1]), int(sys.argv[2]), BillingMonth.parse(sys.argv[3])) as workplace:
    (workplace.folder / "rated_lines.parquet").write_bytes(b"a half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_takes_the_place_of_one_that_was_killed_and_leaves_the_same_bytes(month: Month) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    lake, partner_id = month.installation.lake_folder, month.caller.partner_id
    undisturbed = bill(month)
    assert not undisturbed.took_over
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_ITS_WORK, str(lake), str(partner_id), str(SEPTEMBER)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert state_of_run(month.installation, month.caller, SEPTEMBER) is RunState.INTERRUPTED
    after = bill(month)
    assert after.took_over
    assert state_of_run(month.installation, month.caller, SEPTEMBER) is RunState.NONE
    assert not bill(month).took_over
    manifests = [
        (lake / run_folder(partner_id, SEPTEMBER, run.run_id) / MANIFEST).read_bytes() for run in (undisturbed, after)
    ]
    assert manifests[0] == manifests[1]


def test_a_run_that_was_killed_shows_wherever_somebody_looks_at_the_month(month: Month) -> None:
    """Killed at its work, or after that and before the record knew of it; one that works shows too."""
    lake, partner_id = month.installation.lake_folder, month.caller.partner_id
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"))
    run = bill(month)

    def told() -> tuple[RunState, StepState, str]:
        found = month_checklist(month.installation, month.caller, SEPTEMBER)
        step = next(one for one in found.steps if one.step is Step.RUN)
        return state_of_run(month.installation, month.caller, SEPTEMBER), step.state, step.found[0]

    ended = (RunState.NONE, StepState.DONE, "Run 1 is of what is in force now, and balances.")
    interrupted = (RunState.INTERRUPTED, StepState.LOOK, interrupted_sentence(SEPTEMBER))
    assert told() == ended
    with only_run(lake, partner_id, SEPTEMBER):
        assert told() == (RunState.WORKING, StepState.LOOK, "A run of 2024-09 is under way.")
    assert told() == ended
    unrecorded = lake / run_folder(partner_id, SEPTEMBER, run.run_id + 1)
    unrecorded.mkdir()
    assert told() == interrupted
    assert bill(month).took_over
    assert not unrecorded.exists()
    (lake / str(partner_id) / "staging" / f"run-{SEPTEMBER}").mkdir()
    assert told() == interrupted


def test_runs_at_the_same_time_end_as_one_run_would(month: Month) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    outcomes: list[object] = []

    def attempt(run: Callable[[Month], BillRun] = bill) -> None:
        try:
            outcomes.append(run(month).run_id)
        except Conflict as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [outcome for outcome in outcomes if outcome != "run_running"]
    assert done
    assert len(outcomes) == 6
    (statement,) = stored(month.installation, month.caller, SEPTEMBER)
    assert statement.run_id in done
    assert lines(month, bill(month), "First") == [("s-1", "Virtual Machines", "10.000000000000", 1000)]


def test_a_read_only_key_and_a_customer_key_may_not_run(month: Month) -> None:
    first = month.customer("First")
    for caller in (
        Caller(month.caller.partner_id, Role.READ_ONLY),
        Caller(month.caller.partner_id, Role.CUSTOMER_READ_ONLY, first),
    ):
        with pytest.raises(Forbidden):
            run_bill(month.installation, caller, SEPTEMBER)


def test_a_customer_sees_its_own_statements_only(month: Month) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"), charge("2024-09-01", "5", "5", SubAccountId="s-2"))
    month.subscriptions(first, "s-1")
    month.subscriptions(second, "s-2")
    statements = {record.customer_name: record.statement_id for record in bill(month).statements}
    customer = Caller(month.caller.partner_id, Role.CUSTOMER_READ_ONLY, first)
    seen = stored(month.installation, customer)
    assert [record.statement_id for record in seen] == [statements["First"]]
    with pytest.raises(NotFound):
        get_statement(month.installation, customer, statements["Second"])


def test_the_manifest_names_every_input_and_equal_inputs_give_equal_proof(month: Month) -> None:
    first = month.customer("First", markup_percent=Decimal("7.5"))
    imported = month.cost(charge("2024-09-01", "10", "10", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    manifests = []
    for run in (bill(month), bill(month)):
        folder = month.installation.lake_folder / f"{month.caller.partner_id}/runs/2024-09/{run.run_id}"
        assert {file.name for file in folder.iterdir()} == {
            "account_spans.parquet",
            "manifest.json",
            "prices.parquet",
            "products.parquet",
            "rated_lines.parquet",
        }
        manifests.append(json.loads((folder / "manifest.json").read_text()))
    assert manifests[0] == manifests[1]
    inputs = manifests[0]["inputs"]
    assert [found["data_set_id"] for found in inputs["data_sets"]] == [imported.data_sets[0].data_set_id]
    assert inputs["assignments"] == [["subscription", "s-1", first, None, None]]
    book = inputs["price_books"][0]
    assert 'billingAdjustment="7.5" billingRuleType="percentIncrease"' in book["specification"]
    assert hashlib.sha256(book["specification"].encode()).hexdigest() == book["sha256"]
    assert inputs["price_book_accounts"] == [[first, None, book["price_book_id"]]]
    assert inputs["currencies"] == {"USD": 2}
    assert manifests[0]["balance"][0]["difference"] == "0.000000000000"
