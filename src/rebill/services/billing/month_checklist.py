"""The checklist of a month: everything it needs before it is closed, each with what to do next (``docs/closing.md``).

What holds a month back is decided by the same checks that finalizing asks (``blockers.py``).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from rebill.model.checklist import (
    STEP_OF,
    ChecklistStep,
    MonthChecklist,
    NewCustomer,
    Step,
    StepState,
    UnassignedAccount,
)
from rebill.model.closing import Blocker, Closing
from rebill.model.correction import PendingCorrection
from rebill.model.counting import counted
from rebill.model.data_set import BillingStatus, DataSet
from rebill.model.microsoft_invoice import MicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm
from rebill.model.party import Caller
from rebill.model.run_state import RunState, interrupted_sentence
from rebill.model.statement import StatementStatus
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.blockers import blockers_of
from rebill.services.billing.correct_month import pending_corrections
from rebill.services.billing.finalize_month import earlier_months_first, month_to_close
from rebill.services.billing.incomplete_documents import IncompleteDocuments, incomplete_documents, is_of_customer
from rebill.services.billing.run_under_way import state_of_run
from rebill.services.reconciling.month_alarms import alarms_of
from rebill.services.runs.month_state import MonthState, state_of_month
from rebill.store.accounts import new_unassigned_customers
from rebill.store.closing import first_month_to_issue_before
from rebill.store.closings import waiting_closings
from rebill.store.microsoft_invoices import invoices_in_force
from rebill.store.scope import Scope
from rebill.store.statements import statements_by_status

SHOWN: Final = 100
"""How many accounts, customers and statements a checklist names; all of them are counted."""
_NAMED: Final = 3
"""How many of them a sentence names."""
_COMPLETED_BY: Final[Mapping[str, str]] = {
    "letterhead": "rebill partners letterhead",
    "tax_rules": "rebill tax set",
    "customer": "rebill customers details CLIENT_API_ID",
    "billing_details": "rebill customers details CLIENT_API_ID",
}
"""The commands that complete fields of electronic invoices, by what the fields are of. (The country that a customer's
address lacks may stand in its billing details.)"""


@dataclass(frozen=True)
class _Facts:
    """What the steps are told from, read at one moment."""

    month: BillingMonth
    today: date
    state: MonthState
    blockers: Sequence[Blocker]
    run_fault: str
    run_now: RunState
    waits_for: str | None
    invoices: Sequence[MicrosoftInvoice]
    statements: Mapping[StatementStatus, int]
    pending: Sequence[PendingCorrection]
    proposals: Sequence[Closing]
    unassigned: Sequence[UnassignedAccount]
    new_customers: Sequence[NewCustomer]
    new_customer_count: int
    alarms: Sequence[Alarm]
    incomplete: IncompleteDocuments

    def sentences(self, step: Step) -> tuple[str, ...]:
        """What of the blockers belongs to a step."""
        return tuple(blocker.sentence for blocker in self.blockers if STEP_OF[blocker.kind] is step)


def month_checklist(installation: Installation, caller: Caller, month: BillingMonth) -> MonthChecklist:
    """Everything ``month`` needs before it is closed. Nothing is changed.

    Raises ``Forbidden``, and ``ProgramError`` where files of the lake are damaged.
    """
    require(caller, Permission.READ)
    now, run_now = installation.clock(), state_of_run(installation, caller, month)
    with installation.database.reading() as connection:
        facts = _facts(installation, Scope.of(connection, caller), month, now, run_now)
    return MonthChecklist(
        month=month,
        steps=tuple(step(facts) for step in _STEPS),
        unassigned=tuple(facts.unassigned[:SHOWN]),
        unassigned_count=len(facts.unassigned),
        new_customers=tuple(facts.new_customers),
        new_customer_count=facts.new_customer_count,
        alarms=tuple(facts.alarms),
        incomplete=facts.incomplete.first,
        incomplete_count=facts.incomplete.waiting_count + facts.incomplete.issued_count,
    )


def _facts(installation: Installation, scope: Scope, month: BillingMonth, now: datetime, run_now: RunState) -> _Facts:
    state, today = state_of_month(installation, scope, month), today_of(now)
    run = state.last_run(None)
    began = datetime.combine(month.first_day, time(), UTC)
    customers, count = new_unassigned_customers(scope, began, today, SHOWN)
    closing = month_to_close(installation, scope, month, state.data_sets, run, now)
    pending = pending_corrections(scope, month)
    return _Facts(
        month=month,
        today=today,
        state=state,
        blockers=blockers_of(closing),
        run_fault=state.run_fault,
        run_now=run_now,
        waits_for=first_month_to_issue_before(scope, month),
        invoices=[one for one in invoices_in_force(scope) if one.entered.month == month],
        statements=statements_by_status(scope, month),
        pending=pending,
        proposals=[one for one in waiting_closings(scope) if one.order.month == month],
        unassigned=closing.unassigned,
        new_customers=customers,
        new_customer_count=count,
        alarms=alarms_of(installation, scope, month),
        incomplete=incomplete_documents(scope, month, {one.statement_id for one in pending}, SHOWN),
    )


def _catalogue(facts: _Facts) -> ChecklistStep:
    if not facts.new_customer_count:
        return ChecklistStep(Step.CATALOGUE, StepState.DONE, ("Every Azure customer that is new is assigned.",))
    named = ", ".join(f"{one.name or one.azure_customer_id}" for one in facts.new_customers[:_NAMED])
    more = " …" if facts.new_customer_count > _NAMED else ""
    found = (
        f"First listed since {facts.month.first_day} and assigned to nobody: "
        f"{counted(facts.new_customer_count, 'Azure customer')}, {named}{more}."
    )
    return ChecklistStep(
        Step.CATALOGUE, StepState.LOOK, (found,), "rebill assign CLIENT_API_ID AZURE_CUSTOMER_ID… assigns them."
    )


def _deliveries(facts: _Facts) -> ChecklistStep:
    data_sets, held = facts.state.data_sets, facts.sentences(Step.DELIVERIES)
    if not data_sets:
        return ChecklistStep(
            Step.DELIVERIES,
            StepState.OPEN,
            (f"No cost of {facts.month} is imported.", *held),
            f"rebill costs import FILE… --period {facts.month} takes it in.",
        )
    found = f"Data sets: {len(data_sets)}, lines: {sum(one.rows for one in data_sets):,}{_billed(data_sets)}."
    return _held(Step.DELIVERIES, found, held, "rebill costs list shows what was delivered.")


def _billed(data_sets: Sequence[DataSet]) -> str:
    """What the deliveries tell of Microsoft's billing; those that do not are not taken for billed unsaid."""
    count = Counter(one.billing_status for one in data_sets)
    words = {BillingStatus.BILLED: "billed by Microsoft", BillingStatus.UNKNOWN: "not telling whether they are billed"}
    return "".join(f"; {told}: {count[status]}" for status, told in words.items() if count[status])


def _rejects(facts: _Facts) -> ChecklistStep:
    return _held(
        Step.REJECTS,
        "Every row could be read.",
        facts.sentences(Step.REJECTS),
        "rebill costs rejects DATASET_ID shows them; mend them and import again.",
    )


def _reconciliation(facts: _Facts) -> ChecklistStep:
    next_step = f"rebill costs reconcile --period {facts.month} shows every difference."
    held = facts.sentences(Step.RECONCILIATION)
    if held:
        return ChecklistStep(Step.RECONCILIATION, StepState.OPEN, held, next_step)
    if not facts.invoices and facts.state.data_sets:
        return ChecklistStep(
            Step.RECONCILIATION,
            StepState.LOOK,
            (f"No invoice of {facts.month} is entered: its cost is compared with nothing.",),
            f"rebill invoices enter NUMBER --period {facts.month} --total AMOUNT --currency CODE enters one.",
        )
    entered = counted(len(facts.invoices), "invoice or note is", "invoices and notes are")
    found = f"{entered} entered, and every difference is within the tolerance."
    return ChecklistStep(Step.RECONCILIATION, StepState.DONE, (found,))


def _movements(facts: _Facts) -> ChecklistStep:
    if not facts.alarms:
        return ChecklistStep(Step.MOVEMENTS, StepState.DONE, ("Nothing moved oddly since the month before.",))
    found = tuple(alarm.sentence for alarm in facts.alarms)
    return ChecklistStep(Step.MOVEMENTS, StepState.LOOK, found, "look whether each is as it should be.")


def _run(facts: _Facts) -> ChecklistStep:
    held = (*((facts.run_fault,) if facts.run_fault else ()), *facts.sentences(Step.RUN))
    run = facts.state.last_run(None)
    done = "There is nothing to run." if run is None else f"Run {run.number} is of what is in force now, and balances."
    next_step = f"rebill bill run --period {facts.month} computes the month."
    if facts.run_now is RunState.NONE:
        return _held(Step.RUN, done, held, next_step)
    said = interrupted_sentence(facts.month)
    if facts.run_now is RunState.WORKING:
        said, next_step = f"A run of {facts.month} is under way.", "wait until it has ended."
    return ChecklistStep(Step.RUN, StepState.OPEN if held else StepState.LOOK, (said, *(held or (done,))), next_step)


def _unassigned(facts: _Facts) -> ChecklistStep:
    held = facts.sentences(Step.UNASSIGNED)
    if not facts.unassigned:
        return _looked_for(facts, Step.UNASSIGNED, "No cost is nobody's by the last run.", held, "")
    new = sum(one.is_new for one in facts.unassigned)
    accounts = counted(len(facts.unassigned), "account has", "accounts have")
    found = (f"{accounts} cost that is nobody's; new since last month: {new:,}.",)
    state = StepState.OPEN if held else StepState.LOOK
    is_named = any(one.subscription or one.azure_customer for one in facts.unassigned)
    given = "ID…" if is_named else "KIND… --charge-kind"
    next_step = f"rebill assign CLIENT_API_ID {given} assigns them; then run again."
    return ChecklistStep(Step.UNASSIGNED, state, found + held, next_step)


def _attention(facts: _Facts) -> ChecklistStep:
    return _looked_for(
        facts,
        Step.ATTENTION,
        "No line needs attention.",
        facts.sentences(Step.ATTENTION),
        f"rebill bill attention --period {facts.month} lists the lines.",
    )


def _close_day(facts: _Facts) -> ChecklistStep:
    return _held(
        Step.CLOSE_DAY, "The day has come from which the month may be closed.", facts.sentences(Step.CLOSE_DAY), "wait."
    )


def _electronic_invoices(facts: _Facts) -> ChecklistStep:
    incomplete = facts.incomplete
    waiting, issued = incomplete.waiting_count, incomplete.issued_count
    found = []
    if waiting:
        found.append(f"Statements and notes that would be issued without an electronic invoice: {waiting:,}.")
        general = sorted({name for names in incomplete.waiting for name in names if not is_of_customer(name)})
        found += [f"For want of {', '.join(general)}, for all of them or many."] if general else []
        own = sum(count for names, count in incomplete.waiting.items() if any(map(is_of_customer, names)))
        found += [f"{own:,} of them for want of their customer's own: {_named(incomplete, own)}."] if own else []
    if issued:
        found.append(f"Issued without one, and staying as issued: {issued:,}.")
    if not found:
        done = "Every statement and note has all that an electronic invoice asks for."
        return ChecklistStep(Step.ELECTRONIC_INVOICES, StepState.DONE, (done,))
    lacking = {name for names in (incomplete.waiting or incomplete.issued) for name in names}
    return ChecklistStep(Step.ELECTRONIC_INVOICES, StepState.LOOK, tuple(found), _completed_by(lacking))


def _completed_by(lacking: Collection[str]) -> str:
    """What completes the fields that lack; ``""`` where nothing can."""
    settings = {name.partition(".")[0] for name in lacking}
    commands = list(dict.fromkeys(command for setting, command in _COMPLETED_BY.items() if setting in settings))
    if not commands:
        return ""
    *others, last = commands
    named, verb = f"{', '.join(others)} and {last}" if others else last, "complete" if others else "completes"
    return f"{named} {verb} what is issued from then on."


def _named(incomplete: IncompleteDocuments, count: int) -> str:
    """The first few customers with the fields of their own that lack."""
    first = incomplete.first_of_customers[:_NAMED]
    named = (f"{one.customer_name} ({', '.join(filter(is_of_customer, one.fields))})" for one in first)
    return ", ".join(named) + (" …" if count > _NAMED else "")


def _statements(facts: _Facts) -> ChecklistStep:
    final, estimated = (facts.statements.get(one, 0) for one in (StatementStatus.FINAL, StatementStatus.ESTIMATED))
    told = counted(final, "statement is", "statements are"), counted(estimated, "is", "are")
    found = (f"{told[0]} Final, {told[1]} Estimated.",)
    if estimated:
        earlier = () if facts.waits_for is None else (earlier_months_first(facts.month, facts.waits_for),)
        next_step = f"rebill bill finalize --period {facts.month} issues them."
        return ChecklistStep(Step.STATEMENTS, StepState.OPEN, found + earlier, next_step)
    still_to_correct = sum(not one.waits_as_block for one in facts.pending)
    if still_to_correct:
        pending = (f"Issued statements that are others by the last run: {still_to_correct:,}.",)
        next_step = f"rebill bill correct --period {facts.month} issues the difference."
        return ChecklistStep(Step.STATEMENTS, StepState.LOOK, found + pending, next_step)
    return ChecklistStep(Step.STATEMENTS, StepState.DONE, found)


def _approvals(facts: _Facts) -> ChecklistStep:
    waiting = tuple(
        f"{one.order.act} (closing {one.closing_id}), asked for by {one.requested_by}, waits for another person."
        for one in facts.proposals
    )
    return _held(Step.APPROVALS, "Nothing waits for approval.", waiting, "rebill bill approve CLOSING_ID issues it.")


def _looked_for(facts: _Facts, step: Step, done: str, held: tuple[str, ...], next_step: str) -> ChecklistStep:
    """As ``_held``, of what only a run finds out."""
    if not held and facts.state.last_run(None) is None:
        return ChecklistStep(step, StepState.LOOK, ("No run has looked for it yet.",))
    return _held(step, done, held, next_step)


def _held(step: Step, done: str, held: tuple[str, ...], next_step: str) -> ChecklistStep:
    """A step that is open where something holds the month back, else done."""
    if held:
        return ChecklistStep(step, StepState.OPEN, held, next_step)
    return ChecklistStep(step, StepState.DONE, (done,))


_STEPS = (
    _catalogue,
    _deliveries,
    _rejects,
    _reconciliation,
    _movements,
    _run,
    _unassigned,
    _attention,
    _close_day,
    _electronic_invoices,
    _statements,
    _approvals,
)
