"""A partner that wants it has two people issue: one asks, another approves, and nobody is both."""

from dataclasses import replace
from pathlib import Path

import pytest

from rebill.model.errors import Conflict, Forbidden, NotFound
from rebill.model.party import Caller, Channel, Occasion, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.approve_closing import approve_closing, list_proposals, withdraw_proposal
from rebill.services.billing.closing_act import IssuedClosing
from tests.services.accountant import Accountant, cost, refused
from tests.services.months import SEPTEMBER


def person(caller: Caller, name: str) -> Caller:
    """Somebody at the command line."""
    return replace(caller, occasion=Occasion(Channel.COMMAND_LINE, operating_system_user=name))


@pytest.fixture
def september(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    """A September that was run, of a partner whose documents a second person approves; Ann works on it."""
    made = Accountant(installation, person(partner, "ann"), tmp_path)
    first = made.customer("First")
    made.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    made.subscriptions(first, "s-1")
    made.settle(needs_approval=True)
    made.run()
    return made


def approve(accountant: Accountant, name: str, closing: IssuedClosing) -> IssuedClosing:
    assert closing.closing is not None
    return approve_closing(accountant.installation, person(accountant.caller, name), closing.closing.closing_id)


def waiting(accountant: Accountant) -> list[str]:
    found = list_proposals(accountant.installation, accountant.caller)
    return [f"{one.order.act} {one.order.month} by {one.requested_by}" for one in found]


def test_one_asks_and_another_issues(september: Accountant) -> None:
    asked = september.finalize()
    assert (asked.waits, asked.documents) == (True, ())
    assert september.documents() == ["First: statement - Estimated 10.00 USD"]
    assert waiting(september) == ["finalize 2024-09 by ann at the command line"]
    with pytest.raises(Conflict) as same:
        approve(september, "ann", asked)
    assert refused(same.value)[0] == "second_person_needed"
    done = approve(september, "bob", asked)
    assert not done.waits
    assert done.closing is not None
    assert (done.closing.requested_by, done.closing.closed_by) == ("ann at the command line", "bob at the command line")
    assert september.documents() == ["First: statement S2024-000001 Final 10.00 USD"]
    assert waiting(september) == []
    with pytest.raises(NotFound):
        approve(september, "bob", asked)


def test_what_changed_since_is_not_issued_before_it_is_asked_for_again(september: Accountant) -> None:
    asked = september.finalize()
    september.deliver(SEPTEMBER, cost(SEPTEMBER, "12"))
    with pytest.raises(Conflict) as stale:
        approve(september, "bob", asked)
    assert refused(stale.value)[0] == "run_is_stale"
    september.run()
    with pytest.raises(Conflict) as other:
        approve(september, "bob", asked)
    assert refused(other.value)[0] == "proposal_is_stale"
    again = september.finalize()
    assert waiting(september) == ["finalize 2024-09 by ann at the command line"]
    with pytest.raises(NotFound):
        approve(september, "bob", asked)
    assert [one.statement.price_text for one in approve(september, "bob", again).documents] == ["12.00"]


def test_corrections_and_voids_wait_too(september: Accountant) -> None:
    approve(september, "bob", september.finalize())
    september.deliver(SEPTEMBER, cost(SEPTEMBER, "12"))
    september.run()
    noted = september.correct()
    assert september.documents() == ["First: statement S2024-000001 Final 10.00 USD"]
    approve(september, "bob", noted)
    taken_back = september.void(september.statement_id("S2024-000001"))
    assert waiting(september) == ["void 2024-09 by ann at the command line"]
    approve(september, "bob", taken_back)
    assert september.documents() == [
        "First: statement - Estimated 12.00 USD",
        "First: debit_note N2024-000001 Final 2.00 USD",
        "First: credit_note N2024-000002 Final -12.00 USD",
        "First: statement S2024-000001 Final 10.00 USD",
    ]


def test_what_was_asked_for_is_taken_back(september: Accountant) -> None:
    asked = september.finalize()
    assert asked.closing is not None
    withdraw_proposal(september.installation, september.caller, asked.closing.closing_id)
    assert waiting(september) == []
    for act in (approve_closing, withdraw_proposal):
        with pytest.raises(NotFound):
            act(september.installation, person(september.caller, "bob"), asked.closing.closing_id)


def test_two_keys_of_one_user_are_one_person(september: Accountant) -> None:
    partner_id = september.caller.partner_id
    september.caller = Caller(partner_id, Role.OPERATOR, user_id=7, key_id=1)
    asked = september.finalize()
    assert asked.closing is not None
    for caller, error in (
        (Caller(partner_id, Role.OPERATOR, user_id=7, key_id=2), Conflict),
        (Caller(partner_id, Role.READ_ONLY, user_id=8, key_id=3), Forbidden),
    ):
        with pytest.raises(error):
            approve_closing(september.installation, caller, asked.closing.closing_id)
    other = Caller(partner_id, Role.OPERATOR, user_id=8, key_id=4)
    assert len(approve_closing(september.installation, other, asked.closing.closing_id).documents) == 1


def test_another_partner_approves_nothing(september: Accountant, other_partner: Caller) -> None:
    asked = september.finalize()
    assert asked.closing is not None
    with pytest.raises(NotFound):
        approve_closing(september.installation, other_partner, asked.closing.closing_id)
