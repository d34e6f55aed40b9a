"""What a run says of a month, against what was issued or what another run said: by customer, service and cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.difference import MINOR_UNITS, Cause, Difference, TotalDifference, by_cause
from rebill.model.errors import NotFound
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import CARRY_KINDS
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.proof.changed_inputs import Computed
from rebill.services.proof.month_outcome import CustomerCurrency, MonthOutcome, MonthOutcomes, ServiceKey, service_key
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recorded_run import data_sets_of_run, run_inputs
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.customers import customer_names
from rebill.store.scope import Scope
from rebill.store.stored_documents import StoredDocument, standing_documents


@dataclass(frozen=True)
class MonthDifference:
    """``before_run_id``: ``None`` = what was issued. ``changes``: (cause, sentence) of all inputs that differ.

    ``totals``: every customer's, those that stay as they are too. ``differences`` add up to them, exactly.
    """

    month: BillingMonth
    before_run_id: int | None
    after_run_id: int
    changes: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]
    totals: tuple[TotalDifference, ...]

    def kept_to(self, customer_id: int | None) -> "MonthDifference":
        """The same of one customer (``None``: of all)."""
        if customer_id is None:
            return self
        differences = tuple(one for one in self.differences if one.customer_id == customer_id)
        return replace(
            self, differences=differences, totals=tuple(one for one in self.totals if one.customer_id == customer_id)
        )


def diff_month(
    installation: Installation,
    caller: Caller,
    month: BillingMonth,
    run_id: int | None = None,
    against: int | None = None,
) -> MonthDifference:
    """Compare a run (the last one unless told otherwise) with the run ``against``.

    Without ``against``: with what was issued, and where nothing is, with the run before it. Causes are found by
    computing again with one input changed at a time. Raises ``Forbidden``, ``NotFound`` for a run that is none of the
    month's, ``TooMany`` while too many months are recomputed, and ``ProgramError`` where a run's manifest is damaged.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        runs = runs_of_month(scope, month)
        after = _run(runs, run_id, month)
        issued = [] if against is not None else standing_documents(scope, month)
        names = customer_names(scope)
    before = _run(runs, against, month) if against is not None else _run_before(runs, after, month, bool(issued))
    with place_of_proof(installation, caller) as folder:
        comparing = _Comparing(installation, MonthOutcomes(installation, folder), after, names)
        found = comparing.with_issued(issued, runs) if before is None else comparing.with_run(before)
    # A currency that a correction took back altogether is known to no run compared here.
    digits = {**MINOR_DIGITS, **comparing.minor_digits}
    return MonthDifference(
        month,
        None if before is None else before.run_id,
        after.run_id,
        tuple(dict.fromkeys(found.changes)),
        tuple(sorted(found.differences, key=_order)),
        tuple(sorted(_totals(found, names, digits), key=_by_name)),
    )


def _run(runs: Sequence[RecordedRun], run_id: int | None, month: BillingMonth) -> RecordedRun:
    found = next((run for run in runs if run_id in (None, run.run_id)), None)
    if found is None:
        named = f"no run {run_id} of {month}" if run_id is not None else f"no run of {month} yet"
        raise NotFound("run_not_found", f"There is {named}: rebill bill run --period {month} makes one.")
    return found


def _run_before(
    runs: Sequence[RecordedRun], after: RecordedRun, month: BillingMonth, is_issued: bool
) -> RecordedRun | None:
    if is_issued:
        return None
    earlier = [run for run in runs if run.number < after.number]
    if not earlier:
        raise NotFound(
            "nothing_to_compare",
            f"Nothing of {month} is issued, and run {after.run_id} is its first: there is no other.",
        )
    return earlier[0]


@dataclass(frozen=True)
class _Compared:
    changes: list[tuple[str, str]]
    differences: list[Difference]
    before: Mapping[CustomerCurrency, int]
    after: Mapping[CustomerCurrency, int]


class _Comparing:
    """A run that others are compared with; each computation is done once."""

    def __init__(
        self, installation: Installation, outcomes: MonthOutcomes, after: RecordedRun, names: Mapping[int, str]
    ) -> None:
        self._installation = installation
        self._outcomes = outcomes
        self._names = names
        self.minor_digits: dict[str, int] = {}
        self._after = self._computed(after)
        self._outcome = self._of(self._after)

    def with_run(self, before: RecordedRun) -> _Compared:
        """Everything by which the run differs from an earlier one."""
        computed = self._computed(before)
        outcome = self._of(computed)
        return _Compared(
            computed.sentences(self._after, self._names),
            list(self._differences(computed, outcome, outcome.exact, None)),
            outcome.shown,
            self._outcome.shown,
        )

    def with_issued(self, documents: Sequence[StoredDocument], runs: Sequence[RecordedRun]) -> _Compared:
        """Everything by which the run differs from what stands issued: of each customer from its last document on."""
        issued, exact = _issued(documents)
        last = {CustomerCurrency(one.customer_id, one.currency): one.run_id for one in documents}
        by_inputs: dict[str, set[CustomerCurrency]] = defaultdict(set)
        by_id = {run.run_id: run for run in runs}
        for key, run_id in last.items():
            by_inputs[by_id[run_id].inputs_sha256].add(key)
        compared = _Compared([], [], issued, self._outcome.shown)
        for keys in by_inputs.values():
            run = by_id[last[next(iter(keys))]]
            computed = self._computed(run)
            compared.changes.extend(computed.sentences(self._after, self._names))
            compared.differences.extend(self._differences(computed, self._of(computed), exact, keys))
        compared.differences.extend(
            Difference(*key, Cause.NOT_ISSUED.value, amount)
            for key, amount in self._outcome.exact.items()
            if key[:2] not in issued and amount
        )
        return compared

    def _computed(self, run: RecordedRun) -> Computed:
        recorded = run_inputs(self._installation, run)
        self.minor_digits = {**recorded.minor_digits, **self.minor_digits}
        return Computed(recorded.inputs, data_sets_of_run(self._installation, recorded))

    def _of(self, computed: Computed) -> MonthOutcome:
        return self._outcomes.of(computed.inputs, computed.data_sets, self.minor_digits)

    def _differences(
        self,
        computed: Computed,
        outcome: MonthOutcome,
        before: Mapping[ServiceKey, Decimal],
        only: set[CustomerCurrency] | None,
    ) -> Iterable[Difference]:
        """By cause, and what is left as ``OTHER``; of all customers, or of ``only`` some."""
        changed = computed.changed(self._after)
        # Of one change alone everything is known already.
        causes = {cause: self._outcome if len(changed) == 1 else self._of(one) for cause, one in changed.items()}
        keys = {*before, *outcome.exact, *self._outcome.exact, *(key for one in causes.values() for key in one.exact)}
        for key in keys:
            if only is not None and key[:2] not in only:
                continue
            left = self._outcome.exact.get(key, ZERO) - before.get(key, ZERO)
            for cause, one in causes.items():
                amount = one.exact.get(key, ZERO) - outcome.exact.get(key, ZERO)
                left -= amount
                if amount:
                    yield Difference(*key, cause, amount)
            if left:
                yield Difference(*key, Cause.OTHER.value, left)


def _issued(
    documents: Sequence[StoredDocument],
) -> tuple[dict[CustomerCurrency, int], dict[ServiceKey, Decimal]]:
    """Σ of everything that stands issued: totals in minor units before carry lines, and exact amounts by service."""
    totals: dict[CustomerCurrency, int] = defaultdict(int)
    exact: dict[ServiceKey, Decimal] = defaultdict(lambda: ZERO)
    for one in documents:
        totals[CustomerCurrency(one.customer_id, one.currency)] += one.own_total
        for line in one.lines:
            if line.priced.kind not in CARRY_KINDS:
                exact[service_key(one.customer_id, one.currency, line.priced)] += line.priced.exact_amount
    return dict(totals), dict(exact)


def _totals(found: _Compared, names: Mapping[int, str], minor_digits: Mapping[str, int]) -> Iterable[TotalDifference]:
    of_customer: dict[tuple[int, str], list[Difference]] = defaultdict(list)
    for one in found.differences:
        of_customer[one.customer_id, one.currency].append(one)
    for key in sorted({*found.before, *found.after}):
        customer_id, currency = key
        digits = minor_digits[currency]
        before, after = found.before.get(key, 0), found.after.get(key, 0)
        causes = by_cause(of_customer[key])
        rounding = Decimal(after - before).scaleb(-digits) - sum(causes.values(), ZERO)
        if rounding:
            causes[MINOR_UNITS] = rounding
        yield TotalDifference(customer_id, names.get(customer_id, ""), currency, digits, before, after, causes)


def _by_name(one: TotalDifference) -> tuple[str, int, str]:
    return one.customer_name, one.customer_id, one.currency


def _order(one: Difference) -> tuple[int, str, bool, str, str]:
    return one.customer_id, one.currency, one.service is None, one.service or "", one.cause
