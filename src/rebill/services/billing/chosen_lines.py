"""Which lines that need attention an order means: to accept them, or to open them again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from rebill.model.attention import AcceptanceOrder, AttentionLine, LineToAccept
from rebill.model.errors import Conflict, Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed
from rebill.services.billing.closing_act import reason_fault
from rebill.services.runs.attention_lines import attention_lines_of, last_run
from rebill.store.accepted_lines import accepted_lines_of, open_counts
from rebill.store.closing import RecordedRun, hold_closing, runs_of_month
from rebill.store.scope import Scope

_PLACES_TOLD: Final = 100
Done = TypeVar("Done")


@dataclass(frozen=True)
class ChosenLines:
    """The lines of a month's last run: ``every`` one, those that the order ``wanted``, and which are ``accepted``."""

    run: RecordedRun
    reason: str
    every: tuple[AttentionLine, ...]
    wanted: tuple[AttentionLine, ...]
    accepted: frozenset[LineToAccept]


def change_acceptance(
    installation: Installation,
    caller: Caller,
    order: AcceptanceOrder,
    change: Callable[[Scope, ChosenLines, datetime], Done],
) -> Done:
    """Do something to the lines that the order means, in one transaction.

    Raises ``Forbidden``, ``Invalid`` for a reason that is missing and for places that no line stands in, and
    ``Conflict`` where the month was not run, or is run meanwhile.
    """
    require(caller, Permission.CHANGE)
    reason = _checked_reason(order)
    now = installation.clock()
    run, found = _lines_of(installation, caller, order.month)
    _check_places(order, found)
    wanted = tuple(one for one in found if _is_meant(one, order))

    def act(connection: Connection) -> Done:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        if last_run(order.month, runs_of_month(scope, order.month)).run_id != run.run_id:
            raise Conflict("run_changed", f"{order.month} was run meanwhile: look at its lines and say it again.")
        accepted = accepted_lines_of(scope, order.month)
        return change(scope, ChosenLines(run, reason, found, wanted, accepted), now)

    return installation.database.write(act)


def faults_of_places(installation: Installation, caller: Caller, order: AcceptanceOrder) -> dict[str, str]:
    """The places of an order that no line stands in, as the month's last run says. Raises as ``change_acceptance``."""
    require(caller, Permission.CHANGE)
    return _faults_of_places(order, _lines_of(installation, caller, order.month)[1]) if order.places else {}


def _lines_of(
    installation: Installation, caller: Caller, month: BillingMonth
) -> tuple[RecordedRun, tuple[AttentionLine, ...]]:
    with installation.database.reading() as connection:
        run = last_run(month, runs_of_month(Scope.of(connection, caller), month))
    return run, tuple(attention_lines_of(installation, run))


def _checked_reason(order: AcceptanceOrder) -> str:
    fault = reason_fault(order.reason, required=True)
    if fault is not None:
        raise Invalid("invalid_reason", "Nothing was changed: give the reason.", {"reason": fault})
    return composed(order.reason.strip())


def _faults_of_places(order: AcceptanceOrder, found: Sequence[AttentionLine]) -> dict[str, str]:
    known = {one.place for one in found}
    return {place: "is no line that needs attention" for place in order.places if place not in known}


def _check_places(order: AcceptanceOrder, found: Sequence[AttentionLine]) -> None:
    faults = _faults_of_places(order, found)
    if faults:
        raise Invalid(
            "unknown_lines",
            f"Nothing was changed: rebill bill attention --period {order.month} lists the lines, as FILE:ROW.",
            faults,
        )


def _is_meant(one: AttentionLine, order: AcceptanceOrder) -> bool:
    return (
        order.kind in (None, one.line.kind)
        and order.customer_id in (None, one.line.customer_id)
        and (not order.places or one.place in order.places)
    )


def told_lines(lines: Sequence[AttentionLine]) -> dict[str, object]:
    """What the audit trail keeps: how many lines of each kind, and where the first of them stand."""
    places = [f"{one.line.kind} {one.place}" for one in lines[:_PLACES_TOLD]]
    return {"counts": open_counts((one.line for one in lines), frozenset[LineToAccept]()), "lines": places}
