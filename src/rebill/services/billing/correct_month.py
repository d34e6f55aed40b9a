"""Correct an issued month: what it is now, less everything issued for it, as notes or for the next statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rebill.model.closing import ClosingOrder, LateCost
from rebill.model.correction import PendingCorrection, corrected
from rebill.model.document import DocumentKind
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.closing_act import ClosingPlan, IssuedClosing, close, sha256_of
from rebill.services.runs.month_state import last_run_of, state_of_month
from rebill.services.runs.run_manifest import canonical_statement
from rebill.store.carrying import settle_estimated
from rebill.store.closing import RecordedRun, WaitingDocument, closing_settings_of, runs_of_month
from rebill.store.issued_documents import (
    IssuedMonth,
    NewCorrection,
    Recomputed,
    add_corrections,
    issued_months,
    issued_sum,
    recomputations,
    recomputed_sum,
    remove_waiting_blocks,
)
from rebill.store.scope import Scope
from rebill.store.terms import terms_in_force


@dataclass(frozen=True)
class _Comparison:
    """An issued month, and what was computed for it since; ``None`` = it has no line any more.

    ``run_id``: of the run that says so.
    """

    issued: IssuedMonth
    recomputed: Recomputed | None
    run_id: int
    was_run_since: bool

    @property
    def total_minor_units(self) -> int:
        if not self.was_run_since:
            return self.issued.total_minor_units
        return self.recomputed.total_minor_units if self.recomputed is not None else 0

    @property
    def differs(self) -> bool:
        return self.total_minor_units != self.issued.total_minor_units

    @property
    def waits_as_block(self) -> bool:
        difference = self.total_minor_units - self.issued.total_minor_units
        return self.issued.waiting_block_id is not None and self.issued.waiting_minor_units == difference


def correct_month(installation: Installation, caller: Caller, order: ClosingOrder) -> IssuedClosing:
    """Issue the corrections of a month, all of them or one customer's.

    A customer whose late cost goes on the next statement gets a block there instead of a note. What differs by
    nothing in total is left as it is. Raises ``Forbidden``, ``NotFound``, ``Invalid`` without a reason, and
    ``Conflict`` where a run is stale.
    """
    return close(installation, caller, order, plan_correcting)


def plan_correcting(installation: Installation, scope: Scope, order: ClosingOrder, now: datetime) -> ClosingPlan | None:
    """What would be issued; ``None`` where every total is what was issued. ``hold_closing`` must be held."""
    state = state_of_month(installation, scope, order.month)
    state.require_run(order.customer_id)
    compared = _compared(scope, order.month, state.runs, order.customer_id)
    state.require_fresh({comparison.run_id for comparison in compared})
    differing = [comparison for comparison in compared if comparison.differs]
    late_cost = _late_cost(scope, order.month, [comparison.issued.customer_id for comparison in differing])
    corrections = [
        _correction(scope, order, comparison, late_cost[comparison.issued.customer_id]) for comparison in differing
    ]
    obsolete = [
        comparison.issued.waiting_block_id
        for comparison in compared
        if comparison.issued.waiting_block_id is not None and not comparison.differs
    ]
    if not corrections and not obsolete:
        return None

    def store(now: datetime) -> Sequence[WaitingDocument]:
        remove_waiting_blocks(scope, obsolete)
        stored = add_corrections(scope, corrections, now)
        settle_estimated(scope, order.month, now, order.customer_id)
        return [document for document in stored if document.kind is DocumentKind.NOTE]

    return ClosingPlan(sha256_of_corrections(corrections), store)


def pending_corrections(scope: Scope, month: BillingMonth, customer_id: int | None = None) -> list[PendingCorrection]:
    """The issued months whose totals are others by what was run last."""
    return [
        PendingCorrection(
            comparison.issued.customer_id,
            comparison.issued.customer_name,
            month,
            comparison.issued.currency,
            comparison.issued.statement_id,
            comparison.issued.total_minor_units,
            comparison.total_minor_units,
            comparison.waits_as_block,
        )
        for comparison in _compared(scope, month, runs_of_month(scope, month), customer_id)
        if comparison.differs
    ]


def sha256_of_corrections(corrections: Sequence[NewCorrection]) -> str:
    """The hash of corrections, line by line."""
    return sha256_of(
        [[one.kind, one.issued.statement_id, canonical_statement(one.correction, "")] for one in corrections]
    )


def _compared(
    scope: Scope, month: BillingMonth, runs: Sequence[RecordedRun], customer_id: int | None
) -> list[_Comparison]:
    standing = issued_months(scope, month, customer_id)
    if not standing:
        return []
    computed, compared = recomputations(scope, month), []
    for issued in standing:
        last = last_run_of(runs, issued.customer_id)
        if last is None:
            raise AssertionError("an issued statement came from a run")
        recomputed = computed.get(issued.key)
        was_run_since = recomputed is not None or last.number > issued.run_number
        run_id = last.run_id if recomputed is None else recomputed.run_id
        compared.append(_Comparison(issued, recomputed, run_id, was_run_since))
    return compared


def _late_cost(scope: Scope, month: BillingMonth, customer_ids: Sequence[int]) -> dict[int, LateCost]:
    """How corrections reach each customer, by the terms of its first month without an issued statement."""
    partners = closing_settings_of(scope).late_cost
    terms = terms_in_force(scope, customer_ids, month)
    return {customer_id: terms[customer_id].late_cost.chosen(partners) for customer_id in customer_ids}


def _correction(scope: Scope, order: ClosingOrder, comparison: _Comparison, late_cost: LateCost) -> NewCorrection:
    issued = comparison.issued
    wanted = recomputed_sum(scope, comparison.recomputed)
    standing = issued_sum(scope, order.month, issued)
    correction = corrected(issued.customer_id, order.month, issued.currency, wanted, standing)
    kind = DocumentKind.BLOCK if late_cost is LateCost.NEXT else DocumentKind.NOTE
    return NewCorrection(issued, correction, kind, comparison.run_id, order.reason)
