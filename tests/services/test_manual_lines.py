"""Manual lines: on the statement, in the balance, withdrawn before and after issue, to the cent."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.listing import Page
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.read_manual_lines import get_manual_line, list_manual_lines
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from tests.services.accountant import OCTOBER, Accountant, cost, refused
from tests.services.months import SEPTEMBER


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def enter(
    accountant: Accountant, customer_id: int, amount: str, reason: str = "Set-up", **more: str | BillingMonth
) -> ManualLine:
    """An entry of September unless told otherwise; ``cost`` as text."""
    paid = more.pop("cost", None)
    month = more.pop("month", SEPTEMBER)
    assert isinstance(month, BillingMonth)
    new = NewManualLine(
        customer_id,
        month,
        Decimal(amount),
        reason,
        cost=None if paid is None else Decimal(str(paid)),
        **{name: str(value) for name, value in more.items()},
    )
    return enter_manual_line(accountant.installation, accountant.caller, new)


def withdraw(accountant: Accountant, line: ManualLine) -> None:
    withdraw_manual_line(accountant.installation, accountant.caller, line.manual_line_id)


def totals(run: BillRun) -> list[str]:
    return [
        f"{one.customer_name} {one.statement.price_text} {one.statement.currency} margin {one.statement.margin:.2f}"
        for one in run.statements
    ]


def balances(run: BillRun) -> list[tuple[str, ...]]:
    """Of each currency: imported, billed, billing disabled, unassigned."""
    return [
        (
            one.currency,
            *(f"{amount.normalize():f}" for amount in (one.imported, one.billed, one.billing_disabled, one.unassigned)),
        )
        for one in run.balance
        if one.difference == 0
    ]


def test_entries_stand_last_by_their_numbers_and_their_cost_is_in_margin_and_balance(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    accountant.subscriptions(first, "s-1")
    enter(accountant, first, "-1.005", "Goodwill")
    enter(accountant, first, "5.004", "Support from Microsoft", cost="4.25", invoice_id="G012345678")
    run = accountant.run()
    assert totals(run) == ["First 14.00 USD margin -0.25"]
    assert balances(run) == [("USD", "14.25", "14.25", "0", "0")]
    accountant.finalize()
    assert accountant.lines("S2024-000001") == [
        "1 Virtual Machines 10 10.00",
        "2 manual Goodwill -1.005 -1.00",
        "3 manual Support from Microsoft 5.004 5.00",
    ]


def test_an_entry_makes_a_statement_where_there_is_none(accountant: Accountant) -> None:
    first, second = accountant.customer("First"), accountant.customer("Second")
    enter(accountant, second, "7", currency="EUR", cost="2")
    enter(accountant, first, "3")
    run = accountant.run()
    assert sorted(totals(run)) == ["First 3.00 USD margin 3.00", "Second 7.00 EUR margin 5.00"]
    assert balances(run) == [("EUR", "2", "2", "0", "0")]


def test_the_cost_of_an_entry_for_a_customer_without_billing_is_billed_to_nobody(accountant: Accountant) -> None:
    house = accountant.customer("Own house", billing_enabled=False)
    enter(accountant, house, "0", "Microsoft's adjustment", cost="-3.5")
    run = accountant.run()
    assert run.statements == ()
    assert balances(run) == [("USD", "-3.5", "0", "-3.5", "0")]


def test_what_is_withdrawn_before_issue_vanishes_at_the_next_run(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    accountant.subscriptions(first, "s-1")
    line = enter(accountant, first, "5", cost="1")
    accountant.run()
    withdraw(accountant, line)
    with pytest.raises(Conflict) as stale:
        accountant.finalize()
    assert refused(stale.value)[0] == "run_is_stale"
    run = accountant.run()
    assert totals(run) == ["First 10.00 USD margin 0.00"]
    assert balances(run) == [("USD", "10", "10", "0", "0")]
    assert enter(accountant, first, "6").entry_number == 2


def test_what_is_entered_or_withdrawn_after_issue_is_corrected(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    accountant.subscriptions(first, "s-1")
    line = enter(accountant, first, "5")
    accountant.run()
    accountant.finalize()
    withdraw(accountant, line)
    enter(accountant, first, "2.25", "Agreed in October")
    accountant.run()
    accountant.correct()
    assert accountant.documents() == [
        "First: credit_note N2024-000001 Final -2.75 USD",
        "First: statement S2024-000001 Final 15.00 USD",
    ]
    assert accountant.lines("N2024-000001") == ["1 manual Set-up -5 -5.00", "2 manual Agreed in October 2.25 2.25"]
    accountant.run()
    assert accountant.correct().documents == ()


def test_an_earlier_month_that_has_entries_only_is_run_first(accountant: Accountant) -> None:
    first = accountant.customer("First")
    enter(accountant, first, "5")
    enter(accountant, first, "6", month=OCTOBER)
    accountant.run(OCTOBER)
    with pytest.raises(Conflict) as blocked:
        accountant.finalize(OCTOBER)
    assert "earlier_month_not_run" in refused(blocked.value)[1]


def test_an_entry_acts_in_its_month_only(accountant: Accountant) -> None:
    first = accountant.customer("First")
    enter(accountant, first, "5", month=OCTOBER)
    assert accountant.run().statements == ()
    assert [one.statement.price_text for one in accountant.run(OCTOBER).statements] == ["5.00"]


def test_every_fault_of_an_entry_is_told_at_once(accountant: Accountant) -> None:
    with pytest.raises(Invalid) as invalid:
        enter(accountant, 999_999_999, "1e16", " ", currency="XYZ", cost="1e17", invoice_id="x" * 256)
    assert invalid.value.fields.keys() == {"client_api_id", "amount", "cost", "reason", "currency", "invoice_id"}
    first = accountant.customer("First")
    with pytest.raises(Invalid) as nothing:
        enter(accountant, first, "0")
    assert nothing.value.fields.keys() == {"amount"}
    rounded = enter(accountant, first, "0.1234567890125")
    assert rounded.entered.amount == Decimal("0.123456789013")


def test_entries_are_listed_and_withdrawn_once(accountant: Accountant, other_partner: Caller) -> None:
    first, second = accountant.customer("First"), accountant.customer("Second")
    lines = [
        enter(accountant, first, "1"),
        enter(accountant, second, "2"),
        enter(accountant, first, "3", month=OCTOBER),
    ]
    withdraw(accountant, lines[0])
    with pytest.raises(NotFound):
        withdraw(accountant, lines[0])
    installation, caller = accountant.installation, accountant.caller

    def numbers(**wanted: object) -> list[int]:
        found = list_manual_lines(installation, caller, Page(per_page=10), **wanted)  # type: ignore[arg-type]  # by name
        return [line.entry_number for line in found.items]

    assert numbers() == [1, 2, 3]
    assert numbers(customer_id=first) == [1, 3]
    assert numbers(month=SEPTEMBER) == [1, 2]
    assert get_manual_line(installation, caller, lines[0].manual_line_id).withdrawn_at is not None
    for act in (get_manual_line, withdraw_manual_line):
        with pytest.raises(NotFound):
            act(installation, other_partner, lines[1].manual_line_id)
        with pytest.raises(NotFound):
            act(installation, caller, lines[1].manual_line_id, first)
    customer = Caller(caller.partner_id, Role.CUSTOMER_READ_ONLY, first)
    with pytest.raises(Forbidden):
        list_manual_lines(installation, customer, Page())
