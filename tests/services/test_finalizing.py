"""A month is finalized: what was run is issued, numbered without a gap, and never changes again."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from rebill.model.closing import Numbering
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.party import Caller, Role
from rebill.model.terms import Basis, CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.give_number import give_number
from rebill.services.parties.change_customer import change_customer
from rebill.store.tables import partners
from tests.beginnings import Beginnings
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, NOVEMBER, OCTOBER, Accountant, begun, cost, refused
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


@pytest.fixture
def september(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """Two customers with a subscription each (First s-1, Second s-2); September is delivered and run."""
    return begun(beginnings, installation, tmp_path, "September run for two", _september_begins)


def _september_begins(accountant: Accountant) -> None:
    for name, subscription in (("First", "s-1"), ("Second", "s-2")):
        accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10.005", subscription), scope=f"export of {name}")
        accountant.subscriptions(accountant.customer(name), subscription)
    accountant.run()


def in_order(accountant: Accountant) -> list[str]:
    """The names of the customers in the order in which documents get numbers."""
    return sorted(accountant.customers, key=lambda name: accountant.customers[name].customer_id)


def billing_starts(accountant: Accountant, month: str) -> None:
    with accountant.installation.database.writing() as connection:
        connection.execute(update(partners).values(billing_start=month))


def test_statements_become_final_with_their_ids_and_numbers_in_order(september: Accountant) -> None:
    estimated = {record.statement_id for record in september.run().statements}
    done = september.finalize()
    assert {record.statement_id for record in done.documents} == estimated
    first, second = in_order(september)
    assert [f"{record.customer_name} {record.document.invoice_id}" for record in done.documents] == [
        f"{first} S2024-000001",
        f"{second} S2024-000002",
    ]
    assert {record.document.invoice_date for record in done.documents} == {datetime(2024, 10, 15, tzinfo=UTC).date()}
    assert september.documents()[0].endswith("Final 10.01 USD")


def test_what_is_issued_stays_whatever_is_run_later(september: Accountant) -> None:
    september.finalize()
    before = september.documents()
    whole = [september.whole(record.statement_id) for record in september.run().statements]
    september.deliver(SEPTEMBER, cost(SEPTEMBER, "99"), scope="export of First")
    run = september.run()
    assert september.documents() == before
    assert [september.whole(record.statement_id) for record in run.statements] == whole
    with pytest.raises(Conflict) as nothing:
        september.finalize()
    assert nothing.value.code == "nothing_to_finalize"
    assert "What was voided has one after the next rebill bill run --period" in str(nothing.value)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statements SET total_minor_units = 1",
        "UPDATE statements SET status = 'Estimated', issued_at = NULL",
        "DELETE FROM statements",
        "UPDATE statement_lines SET exact_amount = '1'",
        "UPDATE statement_lines SET description = 'other'",
        "DELETE FROM statement_lines",
        "INSERT INTO statement_lines (statement_id, number, partner_id, line_kind, description, exact_amount, "
        "amount_minor_units, charge_count) SELECT statement_id, 99, partner_id, 'manual', 'late', '1', 100, 0 "
        "FROM statements",
        "DELETE FROM statements WHERE partner_id > 0",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_issued(september: Accountant, change: str) -> None:
    september.finalize()
    before = september.documents()
    with pytest.raises(IntegrityError), september.installation.database.writing() as connection:
        connection.execute(text(change))
    assert september.documents() == before


def test_a_line_of_an_estimated_statement_cannot_be_moved_onto_an_issued_one(september: Accountant) -> None:
    first, second = (september.customers[name].customer_id for name in ("First", "Second"))
    september.finalize(customer_id=first)
    moved = text(
        "UPDATE statement_lines SET number = 99, statement_id = (SELECT statement_id FROM statements WHERE "
        "status = 'Final') WHERE statement_id = (SELECT statement_id FROM statements WHERE customer_id = :second)"
    )
    with pytest.raises(IntegrityError), september.installation.database.writing() as connection:
        connection.execute(moved, {"second": second})


def test_a_total_of_nothing_is_issued_and_below_nothing_is_a_credit_statement(accountant: Accountant) -> None:
    owed, refunded = accountant.customer("Even"), accountant.customer("Refunded")
    accountant.deliver(
        SEPTEMBER,
        cost(SEPTEMBER, "5", ServiceName="Storage"),
        cost(SEPTEMBER, "-5", ServiceName="Refund"),
        cost(SEPTEMBER, "-7.25", "s-2"),
    )
    accountant.subscriptions(owed, "s-1")
    accountant.subscriptions(refunded, "s-2")
    accountant.run()
    accountant.finalize()
    told = [line.replace("S2024-000001", "N").replace("S2024-000002", "N") for line in accountant.documents()]
    assert told == ["Even: statement N Final 0.00 USD", "Refunded: credit_statement N Final -7.25 USD"]


def test_everything_in_the_way_is_said_at_once_and_a_reason_overrides_it(
    accountant: Accountant, clock: SettableClock
) -> None:
    clock.now = datetime(2024, 9, 30, tzinfo=UTC)
    customer_id = accountant.customer("First", commitments=CommitmentsPolicy.RETAIL)
    accountant.deliver(AUGUST, cost(AUGUST, "1"), scope="daily export")
    reservation = {"CommitmentDiscountId": "r-1", "CommitmentDiscountStatus": "Used"}
    accountant.deliver(
        SEPTEMBER, charge("2024-09-03", "1", "0", SubAccountId="s-1", **reservation), scope="unbilled:USD"
    )
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "3", "nobody's"), scope="other")
    accountant.subscriptions(customer_id, "s-1")
    accountant.run()
    with pytest.raises(Conflict) as blocked:
        accountant.finalize()
    assert refused(blocked.value) == (
        "finalizing_blocked",
        {
            "unassigned_cost",
            "unbilled_delivery",
            "close_day_not_come",
            "delivery_missing",
            "lines_need_attention",
            "earlier_month_not_run",
        },
    )
    assert str(blocked.value).endswith("all the same: rebill bill finalize --period 2024-09 --override REASON.")
    assert "assign the accounts" in blocked.value.fields["unassigned_cost"]
    assert [line.split(" ")[3] for line in accountant.documents()] == ["Estimated"]
    done = accountant.finalize(override="Agreed with finance")
    assert {blocker.kind.value for blocker in done.overridden} == set(blocked.value.fields)
    assert done.order.reason == "Agreed with finance"
    assert [record.statement.status.value for record in done.documents] == ["Final"]


def test_rows_put_aside_hold_a_month_back(accountant: Accountant) -> None:
    customer_id = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "1"))
    accountant.subscriptions(customer_id, "s-1")
    with accountant.installation.database.writing() as connection:
        connection.execute(text("UPDATE data_sets SET reject_count = 2"))
    accountant.run()
    with pytest.raises(Conflict) as blocked:
        accountant.finalize()
    assert refused(blocked.value) == ("finalizing_blocked", {"rejected_rows"})


def test_unassigned_cost_within_the_partners_threshold_holds_nothing_back(accountant: Accountant) -> None:
    customer_id = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "1"), cost(SEPTEMBER, "-0.50", "nobody's"))
    accountant.subscriptions(customer_id, "s-1")
    accountant.run()
    accountant.settle(unassigned_threshold=Decimal("0.49"))
    with pytest.raises(Conflict):
        accountant.finalize()
    accountant.settle(unassigned_threshold=Decimal("0.50"))
    assert len(accountant.finalize().documents) == 1


@pytest.mark.parametrize("changed", ["cost", "assignment", "terms", "the whole month's cost for one customer"])
def test_a_stale_run_is_not_issued(september: Accountant, changed: str) -> None:
    first = september.customers["First"].customer_id
    if changed == "cost":
        september.deliver(SEPTEMBER, cost(SEPTEMBER, "12"), scope="export of First")
    elif changed == "assignment":
        september.move(september.customers["Second"].customer_id, "2024-10-01", "s-1")
    elif changed == "terms":
        basis = CustomerChange(terms=TermsChange(basis=Basis.BILLED))
        change_customer(september.installation, september.caller, first, basis)
    else:
        september.deliver(SEPTEMBER, cost(SEPTEMBER, "12"), scope="export of First")
        september.run(customer_id=first)
    with pytest.raises(Conflict) as stale:
        september.finalize(override="Whatever")
    assert stale.value.code == "run_is_stale"
    september.run()
    assert len(september.finalize(override="Whatever").documents) == 2


def test_one_customer_is_issued_by_its_own_run(september: Accountant) -> None:
    first = september.customers["First"].customer_id
    september.deliver(SEPTEMBER, cost(SEPTEMBER, "12"), scope="export of First")
    september.run(customer_id=first)
    assert [record.statement.price_text for record in september.finalize(customer_id=first).documents] == ["12.00"]
    with pytest.raises(Conflict) as stale:
        september.finalize(customer_id=september.customers["Second"].customer_id)
    assert stale.value.code == "run_is_stale"
    with pytest.raises(NotFound):
        september.finalize(customer_id=1)


def test_a_customers_earlier_months_finalize_first(accountant: Accountant, clock: SettableClock) -> None:
    customer_id = accountant.customer("First")
    for month in (AUGUST, SEPTEMBER):
        accountant.deliver(month, cost(month, "4"))
    accountant.subscriptions(customer_id, "s-1")
    accountant.run(AUGUST)
    accountant.run(SEPTEMBER)
    with pytest.raises(Conflict) as waits:
        accountant.finalize(SEPTEMBER, override="Whatever")
    assert refused(waits.value) == ("earlier_month_waits", {f"customer {customer_id}"})
    accountant.finalize(AUGUST)
    accountant.finalize(SEPTEMBER)
    assert [line.split(" ")[2] for line in accountant.documents()] == ["S2024-000001", "S2024-000002"]


def test_months_before_the_start_of_billing_are_never_issued(accountant: Accountant) -> None:
    customer_id = accountant.customer("First")
    for month in (AUGUST, SEPTEMBER):
        accountant.deliver(month, cost(month, "4"))
    accountant.subscriptions(customer_id, "s-1")
    accountant.run(AUGUST)
    accountant.run(SEPTEMBER)
    billing_starts(accountant, "2024-09")
    with pytest.raises(Conflict) as before:
        accountant.finalize(AUGUST, override="Whatever")
    assert before.value.code == "before_billing_start"
    assert len(accountant.finalize(SEPTEMBER).documents) == 1


def test_a_month_that_was_not_run_says_so(accountant: Accountant) -> None:
    with pytest.raises(Conflict) as not_run:
        accountant.finalize(NOVEMBER)
    assert not_run.value.code == "month_not_run"


def test_numbers_are_each_partners_and_each_years_own(
    september: Accountant, other_partner: Caller, clock: SettableClock, tmp_path: Path
) -> None:
    september.finalize()
    other = Accountant(september.installation, other_partner, tmp_path / "other")
    other.folder.mkdir()
    customer_id = other.customer("Other")
    other.deliver(SEPTEMBER, cost(SEPTEMBER, "4", "s-9"))
    other.subscriptions(customer_id, "s-9")
    other.run()
    other.finalize()
    assert other.documents() == ["Other: statement S2024-000001 Final 4.00 USD"]
    clock.now = datetime(2025, 1, 3, tzinfo=UTC)
    other.deliver(OCTOBER, cost(OCTOBER, "5", "s-9"))
    other.run(OCTOBER)
    other.finalize(OCTOBER)
    assert other.documents(OCTOBER) == ["Other: statement S2025-000001 Final 5.00 USD"]


def test_a_partners_own_system_numbers_what_is_issued_once(september: Accountant) -> None:
    september.settle(numbering=Numbering.EXTERNAL)
    (estimated, other) = september.run().statements
    with pytest.raises(Conflict) as not_issued:
        give_number(september.installation, september.caller, estimated.statement_id, "ERP-1")
    assert not_issued.value.code == "not_issued"
    done = september.finalize()
    assert [record.document.invoice_id for record in done.documents] == ["", ""]
    for _ in range(2):
        record = give_number(september.installation, september.caller, estimated.statement_id, " ERP-1 ")
        assert record.document.invoice_id == "ERP-1"
    for statement_id, number, code in (
        (estimated.statement_id, "ERP-2", "numbered_already"),
        (other.statement_id, "ERP-1", "number_taken"),
    ):
        with pytest.raises(Conflict) as conflict:
            give_number(september.installation, september.caller, statement_id, number)
        assert conflict.value.code == code
    with pytest.raises(Invalid):
        give_number(september.installation, september.caller, other.statement_id, "  ")
    with pytest.raises(NotFound):
        give_number(september.installation, september.caller, 7, "ERP-3")
    with pytest.raises(IntegrityError), september.installation.database.writing() as connection:
        connection.execute(text("UPDATE given_numbers SET invoice_id = 'ERP-9'"))


def test_gapless_numbers_are_nobody_elses_to_give(september: Accountant) -> None:
    done = september.finalize()
    with pytest.raises(Conflict) as conflict:
        give_number(september.installation, september.caller, done.documents[0].statement_id, "ERP-1")
    assert conflict.value.code == "numbered_already"


def test_a_read_only_key_and_a_customers_own_may_not_finalize(september: Accountant) -> None:
    first = september.customers["First"].customer_id
    for caller in (
        Caller(september.caller.partner_id, Role.READ_ONLY),
        Caller(september.caller.partner_id, Role.CUSTOMER_READ_ONLY, first),
    ):
        september.caller = caller
        with pytest.raises(Forbidden):
            september.finalize()
