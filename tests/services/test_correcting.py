"""Issued months are corrected by adding: refunds, transfers, negative totals, voids, late cost by note."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.closing import LateCost
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from tests.services.accountant import Accountant, cost
from tests.services.months import SEPTEMBER


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def issued(accountant: Accountant, *charges: dict[str, str]) -> int:
    """Customer First with subscription s-1 has September issued for these charges; its id."""
    customer_id = accountant.customer("First")
    accountant.deliver(SEPTEMBER, *charges)
    accountant.subscriptions(customer_id, "s-1")
    accountant.run()
    accountant.finalize()
    return customer_id


def restated(accountant: Accountant, *charges: dict[str, str]) -> list[tuple[str, int]]:
    """Microsoft delivers September anew and it is run; who waits for a correction of how many minor units."""
    accountant.deliver(SEPTEMBER, *charges)
    return [(pending.customer_name, pending.difference_minor_units) for pending in accountant.run().pending]


def storage(amount: str) -> dict[str, str]:
    return cost(SEPTEMBER, amount, ServiceName="Storage")


def machines(amount: str) -> dict[str, str]:
    return cost(SEPTEMBER, amount, ServiceName="Virtual Machines")


def test_a_refund_after_the_close_is_a_credit_note_with_a_line_for_what_differs(accountant: Accountant) -> None:
    issued(accountant, storage("10"), machines("5"))
    assert restated(accountant, storage("10"), machines("3.50")) == [("First", -150)]
    done = accountant.correct(reason="Refund of machines")
    assert accountant.documents() == [
        "First: credit_note N2024-000001 Final -1.50 USD",
        "First: statement S2024-000001 Final 15.00 USD",
    ]
    assert accountant.lines("N2024-000001") == ["1 Virtual Machines -1.5 -1.50"]
    (note,) = done.documents
    assert (note.document.corrects_id, note.document.reason) == (
        accountant.statement_id("S2024-000001"),
        "Refund of machines",
    )
    assert note.statement.statement_cost == Decimal("-1.5")
    assert accountant.run().pending == ()


def test_late_cost_is_a_debit_note_and_a_second_correction_takes_up_from_there(accountant: Accountant) -> None:
    issued(accountant, storage("10"))
    restated(accountant, storage("10"), machines("2.25"))
    accountant.correct()
    restated(accountant, storage("9"), machines("2.50"))
    accountant.correct()
    assert accountant.documents() == [
        "First: debit_note N2024-000001 Final 2.25 USD",
        "First: credit_note N2024-000002 Final -0.75 USD",
        "First: statement S2024-000001 Final 10.00 USD",
    ]
    assert accountant.lines("N2024-000002") == ["1 Storage -1 -1.00", "2 Virtual Machines 0.25 0.25"]


def test_a_difference_of_nothing_in_total_is_not_issued_and_says_so(accountant: Accountant) -> None:
    issued(accountant, storage("10"), machines("5"))
    assert restated(accountant, storage("12"), machines("3")) == []
    done = accountant.correct()
    assert (done.closing, done.documents, done.blocks) == (None, (), ())
    assert restated(accountant, storage("12"), machines("4")) == [("First", 100)]
    accountant.correct()
    assert accountant.lines("N2024-000001") == ["1 Storage 2 2.00", "2 Virtual Machines -1 -1.00"]


@pytest.mark.parametrize(
    ("before", "after", "total", "lines"),
    [
        # 1.004 + 2.004 → 3.01; 1.006 + 2.004 → 3.01: nothing in total.
        (("1.004", "2.004"), ("1.006", "2.004"), None, []),
        # 0.004 was issued as 0.00; 0.005 is 0.01, and the one line, 0.001 above its floor, gets the unit.
        (("0.004", "1"), ("0.005", "1"), "0.01", ["1 Storage 0.001 0.01"]),
        # All lines exact, the total one less than they: the first line loses one unit.
        (("0.005", "0"), ("-0.005", "0"), "-0.02", ["1 Storage -0.01 -0.02"]),
        # All lines exact, the total one more than they: the first line gets one unit.
        (("-0.005", "0"), ("0.005", "0"), "0.02", ["1 Storage 0.01 0.02"]),
        # A floor lies towards minus infinity.
        (("1.001", "0"), ("0.995", "0"), "0.00", []),
        (("1.004", "0"), ("0.994", "0"), "-0.01", ["1 Storage -0.01 -0.01"]),
    ],
)
def test_units_are_dealt_over_the_lines_of_a_note(
    accountant: Accountant, before: Sequence[str], after: Sequence[str], total: str | None, lines: list[str]
) -> None:
    issued(accountant, storage(before[0]), machines(before[1]))
    restated(accountant, storage(after[0]), machines(after[1]))
    documents = accountant.correct().documents
    if not lines:
        assert documents == ()
        return
    assert [record.statement.price_text for record in documents] == [total]
    assert accountant.lines("N2024-000001") == lines


def test_a_transfer_after_the_close_credits_one_and_bills_the_other_late(accountant: Accountant) -> None:
    issued(accountant, storage("10"), machines("5"))
    second = accountant.customer("Second")
    accountant.move(second, "1900-01-02", "s-1", correct_issued=True)
    run = accountant.run()
    assert [pending.difference_minor_units for pending in run.pending] == [-1500]
    accountant.finalize()
    accountant.correct(reason="The account was Second's")
    assert accountant.documents() == [
        "First: credit_note N2024-000001 Final -15.00 USD",
        "First: statement S2024-000001 Final 15.00 USD",
        "Second: statement S2024-000002 Final 15.00 USD",
    ]


def test_a_month_that_became_negative_is_credited_beyond_nothing(accountant: Accountant) -> None:
    issued(accountant, storage("10"))
    restated(accountant, storage("10"), machines("-12.50"))
    accountant.correct()
    assert accountant.documents()[0] == "First: credit_note N2024-000001 Final -12.50 USD"


def test_a_void_takes_back_everything_and_the_month_is_issued_anew(accountant: Accountant) -> None:
    issued(accountant, storage("10.004"), machines("5"))
    restated(accountant, storage("10.004"), machines("7"))
    accountant.correct()
    first = accountant.statement_id("S2024-000001")
    done = accountant.void(first, "Wrong company")
    assert [record.statement.price_text for record in done.documents] == ["-17.00"]
    assert accountant.lines("N2024-000002") == ["1 Storage -10.004 -10.00", "2 Virtual Machines -7 -7.00"]
    assert accountant.documents()[0] == "First: statement - Estimated 17.00 USD"
    accountant.finalize()
    assert accountant.documents() == [
        "First: debit_note N2024-000001 Final 2.00 USD",
        "First: credit_note N2024-000002 Final -17.00 USD",
        "First: statement S2024-000001 Final 15.00 USD",
        "First: statement S2024-000002 Final 17.00 USD",
    ]
    assert accountant.statement_id("S2024-000002") != first
    restated(accountant, storage("10.004"), machines("8"))
    (note,) = accountant.correct().documents
    assert note.document.corrects_id == accountant.statement_id("S2024-000002")
    assert note.statement.price_text == "1.00"


def test_a_statement_of_nothing_is_voided_without_a_note(accountant: Accountant) -> None:
    issued(accountant, storage("5"), machines("-5"))
    done = accountant.void(accountant.statement_id("S2024-000001"))
    assert done.documents == ()
    restated(accountant, storage("5"), machines("-4"))
    accountant.finalize()
    assert accountant.documents() == [
        "First: statement S2024-000001 Final 0.00 USD",
        "First: statement S2024-000002 Final 1.00 USD",
    ]
    assert accountant.run().pending == ()


def test_what_cannot_be_voided_says_so(accountant: Accountant) -> None:
    customer_id = accountant.customer("First")
    accountant.deliver(SEPTEMBER, storage("10"))
    accountant.subscriptions(customer_id, "s-1")
    (estimated,) = accountant.run().statements
    with pytest.raises(Conflict) as not_issued:
        accountant.void(estimated.statement_id)
    accountant.finalize()
    with pytest.raises(Invalid):
        accountant.void(estimated.statement_id, reason="  ")
    (note,) = accountant.void(estimated.statement_id).documents
    with pytest.raises(Conflict) as voided_already:
        accountant.void(estimated.statement_id)
    with pytest.raises(Conflict) as not_a_statement:
        accountant.void(note.statement_id)
    with pytest.raises(NotFound):
        accountant.void(7)
    codes = [refusal.value.code for refusal in (not_issued, voided_already, not_a_statement)]
    assert codes == ["not_issued", "voided_already", "not_a_statement"]


def test_a_correction_needs_a_reason_a_run_of_what_is_in_force_and_the_right_to(accountant: Accountant) -> None:
    issued(accountant, storage("10"))
    accountant.deliver(SEPTEMBER, storage("11"))
    with pytest.raises(Conflict) as stale:
        accountant.correct()
    assert stale.value.code == "run_is_stale"
    accountant.run()
    with pytest.raises(Invalid):
        accountant.correct(reason="")
    accountant.caller = Caller(accountant.caller.partner_id, Role.READ_ONLY)
    with pytest.raises(Forbidden):
        accountant.correct()


def test_nothing_is_corrected_that_was_not_run_since_it_was_issued(accountant: Accountant) -> None:
    issued(accountant, storage("10"))
    assert accountant.correct().documents == ()


def test_only_one_customer_is_corrected(accountant: Accountant) -> None:
    first, second = accountant.customer("First"), accountant.customer("Second")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"), cost(SEPTEMBER, "20", "s-2"))
    accountant.subscriptions(first, "s-1")
    accountant.subscriptions(second, "s-2")
    accountant.run()
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "11", "s-1"), cost(SEPTEMBER, "22", "s-2"))
    assert [pending.customer_name for pending in accountant.run(customer_id=second).pending] == ["Second"]
    assert [record.statement.price_text for record in accountant.correct(customer_id=second).documents] == ["2.00"]
    with pytest.raises(Conflict):
        accountant.correct()
    accountant.run()
    assert [record.customer_name for record in accountant.correct().documents] == ["First"]


def test_currencies_are_corrected_apart_in_their_own_minor_units(accountant: Accountant) -> None:
    def month(usd: str, jpy: str, kwd: str) -> tuple[dict[str, str], ...]:
        amounts = {"USD": usd, "JPY": jpy, "KWD": kwd}
        return tuple(cost(SEPTEMBER, amount, BillingCurrency=currency) for currency, amount in amounts.items())

    issued(accountant, *month("1", "100.4", "1.0004"))
    restated(accountant, *month("1", "100.5", "1.0005"))
    told = {record.statement.currency: record.statement.price_text for record in accountant.correct().documents}
    assert told == {"JPY": "1", "KWD": "0.001"}


def test_a_correction_for_the_next_statement_waits_and_is_made_anew(accountant: Accountant) -> None:
    accountant.settle(late_cost=LateCost.NEXT)
    issued(accountant, storage("10"))
    restated(accountant, storage("12"))
    for _ in range(2):
        done = accountant.correct()
        assert done.documents == ()
        assert [record.statement.price_text for record in done.blocks] == ["2.00"]
    restated(accountant, storage("13"))
    assert [record.statement.price_text for record in accountant.correct().blocks] == ["3.00"]
    restated(accountant, storage("10"))
    assert accountant.correct().blocks == ()
    assert accountant.documents() == ["First: statement S2024-000001 Final 10.00 USD"]
