"""Accept lines that need attention as they are, so that they do not hold their month back any more."""

from collections.abc import Sequence

from sqlalchemy import Connection

from rebill.model.attention import Acceptance, AcceptanceOrder, AttentionLine, LineToAccept
from rebill.model.audit import Act
from rebill.model.errors import Conflict, Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.billing.closing_act import GREATEST_REASON_LENGTH, person_of
from rebill.services.runs.attention_lines import attention_lines_of, last_run
from rebill.store.accepted_lines import accepted_lines_of, add_acceptance, open_counts, set_open_attention
from rebill.store.closing import hold_closing, runs_of_month
from rebill.store.scope import Scope

_PLACES_TOLD = 100


def accept_lines(installation: Installation, caller: Caller, order: AcceptanceOrder) -> Acceptance:
    """Accept what the order names of the lines that are open by the month's last run; later runs know them again.

    Nothing open of what it names: nothing is stored. Raises ``Forbidden``, ``Invalid`` for a reason that is missing
    and for places that no line stands in, and ``Conflict`` where the month was not run, or is run meanwhile.
    """
    require(caller, Permission.CHANGE)
    reason = _checked_reason(order)
    now = installation.clock()
    with installation.database.reading() as connection:
        run = last_run(order.month, runs_of_month(Scope.of(connection, caller), order.month))
    found = attention_lines_of(installation, run)
    _check_places(order, found)
    wanted = [one for one in found if _is_meant(one, order)]

    def act(connection: Connection) -> Acceptance:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        if last_run(order.month, runs_of_month(scope, order.month)).run_id != run.run_id:
            raise Conflict("run_changed", f"{order.month} was run meanwhile: look at its lines and accept them again.")
        accepted = accepted_lines_of(scope, order.month)
        fresh = [one for one in wanted if one.line not in accepted]
        now_accepted = accepted | {one.line for one in fresh}
        left = open_counts((one.line for one in found), now_accepted)
        if not fresh:
            return Acceptance(None, order.month, 0, left)
        lines = [one.line for one in fresh]
        acceptance_id = add_acceptance(scope, order.month, lines, reason, person_of(caller), now)
        set_open_attention(scope, order.month, run.inputs_sha256, left)
        told = {"period": order.month, "reason": reason, **_told(fresh)}
        record_change(scope, caller, Act.ACCEPT_LINES, run.run_id, now, after=told, customer_id=order.customer_id)
        return Acceptance(acceptance_id, order.month, len(fresh), left)

    return installation.database.write(act)


def _checked_reason(order: AcceptanceOrder) -> str:
    reason = composed(order.reason.strip())
    fault = text_fault(reason, required=True, greatest=GREATEST_REASON_LENGTH)
    if fault is not None:
        raise Invalid("invalid_reason", "Nothing was accepted: say why in --reason.", {"reason": fault})
    return reason


def _check_places(order: AcceptanceOrder, found: Sequence[AttentionLine]) -> None:
    known = {one.place for one in found}
    faults = {place: "is no line that needs attention" for place in order.places if place not in known}
    if faults:
        raise Invalid(
            "unknown_lines",
            f"Nothing was accepted: rebill bill attention --period {order.month} lists the lines, as FILE:ROW.",
            faults,
        )


def _is_meant(one: AttentionLine, order: AcceptanceOrder) -> bool:
    return (
        order.kind in (None, one.line.kind)
        and order.customer_id in (None, one.line.customer_id)
        and (not order.places or one.place in order.places)
    )


def _told(fresh: Sequence[AttentionLine]) -> dict[str, object]:
    """What the audit trail keeps: how many lines of each kind, and where the first of them stand."""
    places = [f"{one.line.kind} {one.place}" for one in fresh[:_PLACES_TOLD]]
    return {"accepted": open_counts((one.line for one in fresh), frozenset[LineToAccept]()), "lines": places}
