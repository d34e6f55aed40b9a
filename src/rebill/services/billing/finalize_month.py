"""Finalize a month: what the last run computed from what is in force now becomes Final, for ever."""

from collections.abc import Sequence
from datetime import datetime

from rebill.model.closing import Blocker, ClosingOrder, blocker_fields
from rebill.model.counting import counted
from rebill.model.data_set import DataSet
from rebill.model.errors import Conflict
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.billing.blockers import MonthToClose, blockers_of
from rebill.services.billing.closing_act import ClosingPlan, IssuedClosing, close, sha256_of
from rebill.services.billing.unassigned_accounts import unassigned_accounts
from rebill.services.reconciling.reconcile_month import reconciliation_faults
from rebill.services.runs.month_state import state_of_month
from rebill.store.carrying import blocks_to_issue_with, settle_estimated
from rebill.store.closing import (
    RecordedRun,
    WaitingDocument,
    billing_start,
    closing_settings_of,
    months_ever_run,
    months_to_issue_before,
    statements_to_issue,
)
from rebill.store.data_sets import data_sets_in_force
from rebill.store.manual_lines import months_with_entries
from rebill.store.scope import Scope


def finalize_month(installation: Installation, caller: Caller, order: ClosingOrder) -> IssuedClosing:
    """Issue the Estimated statements of a month, all of them or one customer's; their ids stay.

    Raises ``Forbidden``, ``NotFound``, ``Invalid``, and ``Conflict``: where a run is stale, an earlier month of a
    customer waits, the month lies before the partner's ``billing_start``, or something stands in the way and the
    order gives no reason to override it (every blocker in ``fields``).
    """
    return close(installation, caller, order, plan_finalizing)


def plan_finalizing(installation: Installation, scope: Scope, order: ClosingOrder, now: datetime) -> ClosingPlan:
    """What would be issued, and what the order's reason overrides. ``hold_closing`` must be held."""
    month = order.month
    start = billing_start(scope)
    if start is not None and month < start:
        raise Conflict(
            "before_billing_start",
            f"{month} lies before {start}, the first month that this partner bills with rebill: it is never issued.",
        )
    state = state_of_month(installation, scope, month)
    run = state.require_run(order.customer_id)
    settle_estimated(scope, month, now, order.customer_id)
    documents = statements_to_issue(scope, month, order.customer_id)
    if not documents:
        raise Conflict(
            "nothing_to_finalize",
            f"There is no Estimated statement of {month} to finalize: rebill statements list --period {month} shows "
            f"what is issued already. What was voided has one after the next rebill bill run --period {month}.",
        )
    state.require_fresh({document.run_id for document in documents})
    _require_earlier_months(scope, order)
    blockers = blockers_of(month_to_close(installation, scope, month, state.data_sets, run, now))
    _require_no_blocker(blockers, order)
    issued = [*documents, *blocks_to_issue_with(scope, documents)]
    return ClosingPlan(_sha256_of(issued, run), lambda _: issued, blockers)


def _require_earlier_months(scope: Scope, order: ClosingOrder) -> None:
    waiting = months_to_issue_before(scope, order.month, order.customer_id)
    if waiting:
        raise Conflict(
            "earlier_month_waits",
            earlier_months_first(order.month, min(months[0] for months in waiting.values())),
            {f"customer {customer_id}": ", ".join(months) for customer_id, months in sorted(waiting.items())},
        )


def earlier_months_first(month: BillingMonth, first: str) -> str:
    """What to say where Estimated statements of ``first`` wait for some customer of ``month``."""
    return f"A customer's earlier months finalize first: finalize {first}, then {month}."


def month_to_close(
    installation: Installation,
    scope: Scope,
    month: BillingMonth,
    data_sets: Sequence[DataSet],
    run: RecordedRun | None,
    now: datetime,
) -> MonthToClose:
    """What the checks of a month look at; ``data_sets``: in force for it; ``run``: the last one."""
    start, were_run = billing_start(scope), months_ever_run(scope)
    in_force = data_sets_in_force(scope)
    before = [data_set for data_set in in_force if data_set.billing_month == month.preceding]
    earlier = {data_set.billing_month for data_set in in_force} | months_with_entries(scope)
    not_run = sorted(one for one in earlier - were_run if one < month and (start is None or one >= start))
    return MonthToClose(
        month=month,
        today=today_of(now),
        settings=closing_settings_of(scope),
        run=run,
        data_sets=data_sets,
        data_sets_before=before,
        months_not_run=not_run,
        out_of_tolerance=reconciliation_faults(installation, scope, month, data_sets),
        unassigned=() if run is None else unassigned_accounts(installation, run, before),
    )


def _sha256_of(documents: list[WaitingDocument], run: RecordedRun) -> str:
    # The run's hash is of every line of every statement.
    told = [[document.customer_id, document.currency, document.total_minor_units] for document in documents]
    return sha256_of({"outcome_sha256": run.outcome_sha256, "documents": told})


def _require_no_blocker(blockers: tuple[Blocker, ...], order: ClosingOrder) -> None:
    if blockers and not order.reason:
        stand = counted(len(blockers), "thing stands", "things stand")
        of_one = "" if order.customer_id is None else f" --customer {order.customer_id}"
        raise Conflict(
            "finalizing_blocked",
            f"{order.month} was not finalized: {stand} in the way. Mend what is named here, or give an override, which "
            f"says why it is finalized all the same: rebill bill finalize --period {order.month}{of_one} "
            "--override REASON.",
            blocker_fields(blockers),
        )
