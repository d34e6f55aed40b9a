"""A second person approves what another asked to issue, or it is taken back."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.closing import Closing, ClosingAct
from rebill.model.errors import Conflict, NotFound
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.closing_act import USER, IssuedClosing, Planner, carried_out, closing_details, person_of
from rebill.services.billing.correct_month import plan_correcting
from rebill.services.billing.finalize_month import plan_finalizing
from rebill.services.billing.void_statement import plan_voiding
from rebill.store.closing import hold_closing
from rebill.store.closings import find_closing, mark_closed, waiting_closings, withdraw_waiting
from rebill.store.scope import Scope
from rebill.store.users import names_of_users

_PLANNERS: Final[dict[ClosingAct, Planner]] = {
    ClosingAct.FINALIZE: plan_finalizing,
    ClosingAct.CORRECT: plan_correcting,
    ClosingAct.VOID: plan_voiding,
}


def list_proposals(installation: Installation, caller: Caller) -> list[Closing]:
    """What waits for a second person, in the order in which it was asked for. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return waiting_closings(Scope.of(connection, caller))


def who_asked(installation: Installation, caller: Caller, proposals: Sequence[Closing]) -> dict[int, str]:
    """Who asked for each of these, by its id: a user by name, ``""`` the caller, who cannot approve it."""
    require(caller, Permission.READ)
    asked = {one.closing_id: one.requested_by for one in proposals}
    user_ids = {person: int(person.removeprefix(USER)) for person in asked.values() if person.startswith(USER)}
    with installation.database.reading() as connection:
        names = names_of_users(Scope.of(connection, caller), set(user_ids.values()))
    called = {person: names.get(user_id, person) for person, user_id in user_ids.items()}
    return {one: "" if person == person_of(caller) else called.get(person, person) for one, person in asked.items()}


def get_proposal(installation: Installation, caller: Caller, closing_id: int) -> Closing:
    """What waits under this id. Raises ``Forbidden`` and ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return _waiting(Scope.of(connection, caller), closing_id)


def approve_closing(installation: Installation, caller: Caller, closing_id: int) -> IssuedClosing:
    """Issue what another person asked for, exactly as it was asked for.

    Raises ``Forbidden``, ``NotFound``, and ``Conflict``: where the same person asked for it, it would issue something
    else by now, or whatever refuses the act itself.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> IssuedClosing:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        closing = _waiting(scope, closing_id)
        person = person_of(caller)
        if person == closing.requested_by:
            raise Conflict(
                "second_person_needed", f"{person} asked for this: another person must approve it, or take it back."
            )
        plan = _PLANNERS[closing.order.act](installation, scope, closing.order, now)
        if plan is None or (plan.documents_sha256, plan.blockers) != (closing.documents_sha256, closing.blockers):
            raise Conflict(
                "proposal_is_stale",
                f"The month is not any more what {closing.requested_by} saw: look at it, and ask for it again.",
            )
        mark_closed(scope, closing_id, person, now)
        done = carried_out(installation, scope, _known(scope, closing_id), plan, now)
        after = {**closing_details(done), "requested_by": closing.requested_by, "approved_by": person}
        customer_id = closing.order.customer_id
        record_change(scope, caller, Act.APPROVE_CLOSING, closing_id, now, after=after, customer_id=customer_id)
        return done

    return installation.database.write(act)


def withdraw_proposal(installation: Installation, caller: Caller, closing_id: int) -> Closing:
    """Take back what waits for a second person: whoever may ask for it may. Raises ``Forbidden`` and ``NotFound``."""
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> Closing:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        closing = _waiting(scope, closing_id)
        withdraw_waiting(scope, [closing_id], now)
        before = {"act": closing.order.act, "period": closing.order.month, "requested_by": closing.requested_by}
        customer_id = closing.order.customer_id
        record_change(scope, caller, Act.WITHDRAW_CLOSING, closing_id, now, before=before, customer_id=customer_id)
        return closing

    return installation.database.write(act)


def _waiting(scope: Scope, closing_id: int) -> Closing:
    closing = find_closing(scope, closing_id)
    if closing is None or not closing.waits:
        raise unknown_proposal(closing_id)
    return closing


def unknown_proposal(closing_id: int) -> NotFound:
    """What to say of an id under which nothing waits."""
    sentence = f"Nothing of the id {closing_id} waits for approval: list what waits to find its id."
    return NotFound("proposal_not_found", sentence)


def _known(scope: Scope, closing_id: int) -> Closing:
    closing = find_closing(scope, closing_id)
    if closing is None:
        raise AssertionError("an act that was found a moment ago must be found")
    return closing
