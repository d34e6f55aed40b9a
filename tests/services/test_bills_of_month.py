"""The table of a month's bills lists every document of it, and comes to what home and margins tell of the month."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.closing import LateCost
from rebill.model.document import DocumentTies
from rebill.model.margin import MarginsBy
from rebill.model.months import BillingMonth
from rebill.services.acting.installation import Installation
from rebill.services.billing.bills_of_month import BillOrder, Bills, bills_of_month
from rebill.services.proof.beside_last_month import beside_last_month
from rebill.services.proof.month_glance import month_at_a_glance
from rebill.services.proof.read_margins import MarginsOrder, read_margins
from tests.beginnings import Beginnings
from tests.services.accountant import OCTOBER, Accountant, begun, cost
from tests.services.months import SEPTEMBER, charge, stored


@pytest.fixture
def accountant(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """September is issued to three customers: two at ten and twenty, one whose charges come to nothing but cost."""
    return begun(beginnings, installation, tmp_path, "September issued to three", _accountant_begins)


def _accountant_begins(accountant: Accountant) -> None:
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "8.5", "10", SubAccountId="s-1"),
        charge("2024-09-02", "15", "20", SubAccountId="s-2"),
        charge("2024-09-02", "4", "5", SubAccountId="s-3"),
        charge("2024-09-03", "-3", "-5", SubAccountId="s-3", ServiceName="Storage"),
    )
    for name, subscription in (("First", "s-1"), ("Second", "s-2"), ("Third", "s-3")):
        accountant.subscriptions(accountant.customer(name), subscription)
    accountant.run()
    accountant.finalize()


def _bills(
    accountant: Accountant,
    month: BillingMonth = SEPTEMBER,
    order: BillOrder = BillOrder.CUSTOMER,
    text: str = "",
) -> Bills:
    return bills_of_month(accountant.installation, accountant.caller, month, order, text, 1, 100)


def _told(bills: Bills) -> list[str]:
    """Every bill with what it corrects or is taken back by; documents go by their kinds, counted for each customer."""
    called: dict[str, str] = {}
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for bill in sorted(bills.bills, key=lambda bill: bill.invoice_id):
        counted[bill.customer_name, bill.kind] += 1
        called[bill.invoice_id] = f"{bill.kind} {counted[bill.customer_name, bill.kind]}"
    return sorted(
        f"{bill.customer_name} {called[bill.invoice_id]}: {bill.price:f}{_marks(bill.ties, called)}"
        for bill in bills.bills
    )


def _marks(ties: DocumentTies, called: dict[str, str]) -> str:
    corrects = f" corrects {called[ties.corrects.invoice_id]}" if ties.corrects else ""
    if not ties.is_taken_back:
        return corrects
    return f"{corrects} taken back by {called[ties.taken_back_by.invoice_id] if ties.taken_back_by else 'nothing'}"


def _sums_everywhere(accountant: Accountant, month: BillingMonth) -> set[tuple[Decimal, Decimal]]:
    """Price and cost of the month as its bills, home and margins tell them: one pair where all agree."""
    (bills,) = _bills(accountant, month).sums
    ((glance, _),) = month_at_a_glance(accountant.installation, accountant.caller, month).figures
    (margin,) = read_margins(accountant.installation, accountant.caller, MarginsOrder(MarginsBy.MONTH, month, None))
    return {(one.price or Decimal(0), one.cost or Decimal(0)) for one in (bills.now, glance, margin)}


def _statement_ids(accountant: Accountant, month: BillingMonth = SEPTEMBER) -> dict[str, int]:
    found = stored(accountant.installation, accountant.caller, month)
    return {record.customer_name: record.statement_id for record in found}


def _void_all(accountant: Accountant) -> None:
    for statement_id in _statement_ids(accountant).values():
        accountant.void(statement_id)


def test_after_a_void_everything_is_listed_with_its_mark_and_the_sum_is_what_stands(accountant: Accountant) -> None:
    _void_all(accountant)
    accountant.run()
    assert _bills(accountant, text="first").estimated_count == 3
    accountant.finalize()
    bills = _bills(accountant)
    assert _told(bills) == [
        "First note 1: -10.00 corrects statement 1",
        "First statement 1: 10.00 taken back by note 1",
        "First statement 2: 10.00",
        "Second note 1: -20.00 corrects statement 1",
        "Second statement 1: 20.00 taken back by note 1",
        "Second statement 2: 20.00",
        "Third statement 1: 0.00 taken back by nothing",
        "Third statement 2: 0.00",
    ]
    assert (bills.total, bills.estimated_count) == (8, 0)
    assert sum(bill.price for bill in bills.bills) == Decimal(30)
    assert _sums_everywhere(accountant, SEPTEMBER) == {(Decimal(30), Decimal("24.5"))}


@pytest.mark.parametrize("order", list(BillOrder))
def test_a_voided_month_that_is_not_issued_anew_comes_to_nothing_in_any_order(
    accountant: Accountant, order: BillOrder
) -> None:
    _void_all(accountant)
    accountant.deliver(SEPTEMBER, charge("2024-09-02", "1", "2", SubAccountId="s-1"))
    accountant.run()
    bills = _bills(accountant, order=order)
    assert (bills.total, len(bills.bills), bills.estimated_count) == (6, 6, 1)
    (sums,) = bills.sums
    assert (sums.now.price, sums.now.cost) == (Decimal(2), Decimal(1))
    assert _sums_everywhere(accountant, SEPTEMBER) == {(Decimal(2), Decimal(1))}


def test_a_correction_on_a_later_statement_is_listed_in_the_month_that_it_corrects(accountant: Accountant) -> None:
    accountant.settle(late_cost=LateCost.NEXT)
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "8.5", "11", SubAccountId="s-1"),
        charge("2024-09-02", "15", "20", SubAccountId="s-2"),
        charge("2024-09-02", "4", "5", SubAccountId="s-3"),
        charge("2024-09-03", "-3", "-5", SubAccountId="s-3", ServiceName="Storage"),
    )
    accountant.run()
    accountant.correct()
    assert _bills(accountant).total == 3, "what waits is not billed yet"
    accountant.deliver(OCTOBER, cost(OCTOBER, "7", "s-1"))
    accountant.run(OCTOBER)
    accountant.finalize(OCTOBER, override="Second and Third have no cost")
    (block,) = (bill for bill in _bills(accountant).bills if bill.kind == "block")
    september, october = _statement_ids(accountant)["First"], _statement_ids(accountant, OCTOBER)["First"]
    assert block.ties.corrects is not None
    assert (block.price, block.ties.corrects.statement_id, block.page_id) == (Decimal(1), september, october)
    assert _sums_everywhere(accountant, SEPTEMBER) == {(Decimal(31), Decimal("24.5"))}
    assert _sums_everywhere(accountant, OCTOBER) == {(Decimal(7), Decimal(7))}


def test_a_month_stands_beside_all_of_the_month_before_that_stood(accountant: Accountant) -> None:
    accountant.void(_statement_ids(accountant)["Second"])
    accountant.run()
    accountant.finalize()
    accountant.deliver(OCTOBER, cost(OCTOBER, "7", "s-1"), cost(OCTOBER, "25", "s-2"))
    accountant.run(OCTOBER)
    (sums,) = _bills(accountant, OCTOBER).sums
    assert (sums.now.price, sums.before) == (Decimal(32), Decimal(30))
    assert sums.difference == Decimal(2)
    (found,) = _bills(accountant, OCTOBER, text="sec").sums
    assert (found.now.price, found.difference) == (Decimal(25), Decimal(5))
    differences = {bill.customer_name: bill.difference for bill in _bills(accountant, OCTOBER).bills}
    assert differences == {"First": Decimal(-3), "Second": Decimal(5)}


def test_the_months_of_customers_beside_the_month_before_add_up_to_the_sum(accountant: Accountant) -> None:
    """Each customer's month as a whole, on one of its documents: also one that is corrected, taken back, or gone."""
    accountant.deliver(OCTOBER, cost(OCTOBER, "7", "s-1"), cost(OCTOBER, "4", "s-3"), scope="october")
    accountant.run(OCTOBER)
    accountant.finalize(OCTOBER, override="Second has no cost")
    accountant.deliver(OCTOBER, cost(OCTOBER, "7", "s-1"), cost(OCTOBER, "6", "s-3"), scope="october")
    third = accountant.customers["Third"].customer_id
    accountant.run(OCTOBER, third)
    accountant.correct(OCTOBER, third)
    accountant.void(_statement_ids(accountant, OCTOBER)["First"])
    bills = _bills(accountant, OCTOBER, order=BillOrder.DIFFERENCE)
    told = [(bill.customer_name, bill.kind.value, bill.difference) for bill in bills.bills]
    assert told[:2] == [("First", "statement", Decimal(-10)), ("Third", "statement", Decimal(6))]
    assert [difference for _, _, difference in told[2:]] == [None, None]
    (sums,) = bills.sums
    assert (sums.gone, sums.difference) == (Decimal(20), Decimal(-24))
    assert sum(bill.difference or 0 for bill in bills.bills) - sums.gone == sums.difference
    for bill in bills.bills[:2]:
        beside = beside_last_month(accountant.installation, accountant.caller, bill.statement_id)
        before, now = beside.totals
        assert Decimal(now - before).scaleb(-2) == bill.difference
        moved = sum(one.difference for one in beside.movements) - beside.corrections[0] + beside.corrections[1]
        assert moved == now - before
        assert (beside.is_taken_back, beside.corrections) in ((True, (0, 0)), (False, (0, 200)))
