"""Credit is carried forward, and late cost goes on the next statement: what each document then says."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.closing import LateCost
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.terms import LateCostTerm
from rebill.services.acting.installation import Installation
from rebill.services.parties.read_customers import get_customer
from rebill.services.proof.spend_by_day import spend_by_day
from tests.conftest import SettableClock
from tests.services.accountant import NOVEMBER, NOW_IN_DECEMBER, OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock) -> Accountant:
    clock.now = NOW_IN_DECEMBER
    return Accountant(installation, partner, tmp_path)


def billed(accountant: Accountant, month: BillingMonth, *amounts: str, **columns: str) -> None:
    """The month costs these amounts, each in a service of its own; it is run."""
    charges = [
        cost(month, amount, **{"ServiceName": f"Service {place}", **columns}) for place, amount in enumerate(amounts, 1)
    ]
    accountant.deliver(month, *charges)
    accountant.subscriptions(accountant.customers["First"].customer_id, "s-1")
    accountant.run(month)


def customer(accountant: Accountant, **terms: object) -> int:
    return accountant.customer("First", **terms)  # type: ignore[arg-type]  # names are those of NewCustomer


def estimated(accountant: Accountant) -> list[str]:
    """The totals of what is not issued, in order of months."""
    return [line.rpartition("Estimated ")[2] for line in accountant.documents() if "Estimated" in line]


def test_a_total_below_0_becomes_a_credit_that_the_next_statements_take_up(accountant: Accountant) -> None:
    customer(accountant, carry_forward=True)
    for month, amount in ((SEPTEMBER, "-10.005"), (OCTOBER, "4"), (NOVEMBER, "20")):
        billed(accountant, month, amount)
    assert estimated(accountant) == ["0.00 USD", "0.00 USD", "13.99 USD"]
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        accountant.run(month)
        accountant.finalize(month)
    assert accountant.lines("S2024-000001") == [
        "1 Service 1 -10.005 -10.01",
        "2 carried_forward carried forward 10.01 10.01",
    ]
    assert accountant.lines("S2024-000002") == ["1 Service 1 4 4.00", "2 brought_forward brought forward -4 -4.00"]
    assert accountant.lines("S2024-000003") == ["1 Service 1 20 20.00", "2 brought_forward brought forward -6.01 -6.01"]
    assert accountant.documents() == [
        "First: statement S2024-000001 Final 0.00 USD",
        "First: statement S2024-000002 Final 0.00 USD",
        "First: statement S2024-000003 Final 13.99 USD",
    ]


def test_without_the_choice_a_total_below_0_is_a_credit_statement(accountant: Accountant) -> None:
    customer(accountant)
    billed(accountant, SEPTEMBER, "-10")
    accountant.finalize()
    billed(accountant, OCTOBER, "4")
    accountant.finalize(OCTOBER)
    assert accountant.documents() == [
        "First: credit_statement S2024-000001 Final -10.00 USD",
        "First: statement S2024-000002 Final 4.00 USD",
    ]


def test_currencies_have_credit_of_their_own(accountant: Accountant) -> None:
    customer(accountant, carry_forward=True)
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "-10"), cost(SEPTEMBER, "3", BillingCurrency="EUR"))
    accountant.subscriptions(accountant.customers["First"].customer_id, "s-1")
    accountant.run()
    accountant.finalize()
    accountant.deliver(OCTOBER, cost(OCTOBER, "4"), cost(OCTOBER, "5", BillingCurrency="EUR"))
    accountant.run(OCTOBER)
    accountant.finalize(OCTOBER)
    totals = [line.rpartition("Final ")[2] for line in accountant.documents()]
    assert totals == ["3.00 EUR", "0.00 USD", "5.00 EUR", "0.00 USD"]


def test_runs_repeated_never_double_a_credit(accountant: Accountant) -> None:
    customer(accountant, carry_forward=True)
    billed(accountant, SEPTEMBER, "-10")
    for _ in range(3):
        accountant.run()
    accountant.finalize()
    billed(accountant, OCTOBER, "12")
    for _ in range(3):
        accountant.run(OCTOBER)
        accountant.run()
    assert estimated(accountant) == ["2.00 USD"]
    accountant.finalize(OCTOBER)
    billed(accountant, NOVEMBER, "1")
    assert estimated(accountant) == ["1.00 USD"]


def test_an_estimated_credit_that_is_gone_leaves_nothing_behind(accountant: Accountant) -> None:
    customer(accountant, carry_forward=True)
    billed(accountant, SEPTEMBER, "-10")
    billed(accountant, OCTOBER, "12")
    assert estimated(accountant) == ["0.00 USD", "2.00 USD"]
    billed(accountant, SEPTEMBER, "1")
    assert estimated(accountant) == ["1.00 USD", "12.00 USD"]


def test_what_was_carried_is_never_corrected_and_no_part_of_a_correction(accountant: Accountant) -> None:
    customer_id = customer(accountant, carry_forward=True)
    billed(accountant, SEPTEMBER, "-10")
    accountant.finalize()
    billed(accountant, SEPTEMBER, "-4")
    accountant.correct()
    billed(accountant, OCTOBER, "25")
    accountant.finalize(OCTOBER)
    assert [line.rpartition(": ")[2] for line in accountant.documents()] == [
        "debit_note N2024-000001 Final 6.00 USD",
        "statement S2024-000001 Final 0.00 USD",
        "statement S2024-000002 Final 15.00 USD",
    ]
    october = accountant.whole(accountant.statement_id("S2024-000002")).statement
    assert (f"{october.margin:.2f}", october.price_text) == ("0.00", "15.00")
    margin = get_customer(accountant.installation, accountant.caller, customer_id).margin_percentage
    assert str(margin) == "0.00"


def test_a_void_leaves_the_credit_and_the_new_edition_carries_its_own(accountant: Accountant) -> None:
    customer(accountant, carry_forward=True)
    billed(accountant, SEPTEMBER, "-10")
    accountant.finalize()
    accountant.void(accountant.statement_id("S2024-000001"))
    billed(accountant, SEPTEMBER, "-10")
    accountant.finalize()
    billed(accountant, OCTOBER, "50")
    accountant.finalize(OCTOBER)
    assert [line.rpartition(": ")[2] for line in accountant.documents()] == [
        "debit_note N2024-000001 Final 10.00 USD",
        "statement S2024-000001 Final 0.00 USD",
        "statement S2024-000002 Final 0.00 USD",
        "statement S2024-000003 Final 30.00 USD",
    ]


def test_late_cost_goes_on_the_next_statement_as_a_block_with_a_total_of_its_own(accountant: Accountant) -> None:
    customer(accountant)
    accountant.settle(late_cost=LateCost.NEXT)
    billed(accountant, SEPTEMBER, "10.004", "5.004")
    accountant.finalize()
    billed(accountant, SEPTEMBER, "10.004", "3.501", "1")
    done = accountant.correct()
    assert (done.documents, [block.statement.price_text for block in done.blocks]) == ((), ["-0.50"])
    billed(accountant, OCTOBER, "7")
    assert estimated(accountant) == ["6.50 USD"]
    accountant.finalize(OCTOBER)
    assert accountant.lines("S2024-000002") == [
        "1 Service 1 7 7.00",
        "2 correction of 2024-09 Service 2 -1.503 -1.50",
        "3 correction of 2024-09 Service 3 1 1.00",
    ]
    october = accountant.whole(accountant.statement_id("S2024-000002")).statement
    assert [(block.heading, block.total_minor_units) for block in october.blocks] == [("Correction of 2024-09", -50)]
    # The block belongs to what was issued for September: there is nothing more to correct, and October is its own.
    for month in (SEPTEMBER, OCTOBER):
        accountant.run(month)
        assert (accountant.correct(month).closing, accountant.run(month).pending) == (None, ())


def corrected_below_0(accountant: Accountant, cost_of_october: str) -> None:
    """October is issued with a correction of September by -20 on it, and what that leaves below 0 is carried."""
    customer(accountant, carry_forward=True)
    accountant.settle(late_cost=LateCost.NEXT)
    billed(accountant, SEPTEMBER, "30")
    accountant.finalize()
    billed(accountant, SEPTEMBER, "10")
    accountant.correct()
    billed(accountant, OCTOBER, cost_of_october)
    accountant.finalize(OCTOBER)


def test_a_block_may_bring_a_statement_below_0_and_is_carried_with_it(accountant: Accountant) -> None:
    corrected_below_0(accountant, "5")
    assert accountant.lines("S2024-000002") == [
        "1 Service 1 5 5.00",
        "2 correction of 2024-09 Service 1 -20 -20.00",
        "3 carried_forward carried forward 15 15.00",
    ]
    billed(accountant, NOVEMBER, "15.50")
    assert estimated(accountant) == ["0.50 USD"]


def test_what_each_day_comes_to_tells_corrections_and_what_is_carried_apart(accountant: Accountant) -> None:
    """They are of no day of this month, and neither fees, entries nor rounding."""
    corrected_below_0(accountant, "5.004")
    found = spend_by_day(accountant.installation, accountant.caller, accountant.statement_id("S2024-000002"))
    ((_, amount),) = found.days
    assert (amount, found.rest) == (Decimal("5.00"), Decimal(0))
    assert (found.corrections, found.carried) == (Decimal(-20), Decimal(15))


def test_what_days_come_to_adds_up_to_what_is_shown(accountant: Accountant) -> None:
    customer(accountant)
    days = ("2024-09-03", "2024-09-04", "2024-09-05")
    accountant.deliver(SEPTEMBER, *(charge(day, "0.335", SubAccountId="s-1") for day in days))
    accountant.subscriptions(accountant.customers["First"].customer_id, "s-1")
    accountant.run(SEPTEMBER)
    accountant.finalize()
    found = spend_by_day(accountant.installation, accountant.caller, accountant.statement_id("S2024-000001"))
    assert [str(amount) for _, amount in found.days] == ["0.34", "0.34", "0.33"]
    assert found.rest == 0


def test_a_block_that_waits_is_made_anew_and_goes_away_when_nothing_differs(accountant: Accountant) -> None:
    customer(accountant)
    accountant.settle(late_cost=LateCost.NEXT)
    billed(accountant, SEPTEMBER, "30")
    accountant.finalize()
    billed(accountant, OCTOBER, "5")
    for amount, expected in (("31", "6.00 USD"), ("29", "4.00 USD"), ("30", "5.00 USD")):
        billed(accountant, SEPTEMBER, amount)
        accountant.correct()
        assert estimated(accountant) == [expected]


def test_a_customers_own_terms_say_how_late_cost_comes(accountant: Accountant) -> None:
    customer(accountant, late_cost=LateCostTerm.NOTE)
    accountant.settle(late_cost=LateCost.NEXT)
    billed(accountant, SEPTEMBER, "30")
    accountant.finalize()
    billed(accountant, SEPTEMBER, "31")
    assert [record.statement.price_text for record in accountant.correct().documents] == ["1.00"]
