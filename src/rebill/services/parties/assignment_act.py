"""What assign, move and remove have in common: read the ids, plan each account, store all or nothing."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from rebill.model.assignment import (
    GREATEST_IDENTIFIER_COUNT,
    NOT_FOUND,
    AccountEntry,
    AccountFault,
    AssignmentOrder,
    AssignmentOutcome,
)
from rebill.model.audit import Act
from rebill.model.errors import Invalid, Refusal
from rebill.model.identifiers import AccountKind, account_key, greatest_length, trimmed
from rebill.model.months import EARLIEST_DAY, LATEST_DAY
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change, record_refusal
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import text_fault
from rebill.services.parties.assignment_details import assignments_after, assignments_before
from rebill.services.parties.assignment_plan import ChangingAccount, Fault, Plan, planner_of
from rebill.services.parties.issued_lines import (
    NOTHING_FOUND,
    FoundLines,
    IssuedLines,
    faults_of_issued,
    issued_lines,
    looking_for_lines,
)
from rebill.services.parties.read_customers import unknown_customer
from rebill.services.parties.spanning_usage import ChangesOfOwner, changes_of_owner, spanning_usage
from rebill.store.accounts import KnownAccount
from rebill.store.acted_on import ActedOn, acted_on
from rebill.store.assignments import (
    NO_HISTORY,
    AccountHistory,
    AccountRecord,
    begin_assignments,
    end_assignments,
    withdraw_assignments,
)
from rebill.store.customers import customer_name
from rebill.store.scope import Scope

_GREATEST_FAULT_COUNT = 100
_NOT_FOUND = Fault(NOT_FOUND)
_FIELDS = {
    AccountKind.AZURE_CUSTOMER: "azure_customer_ids",
    AccountKind.SUBSCRIPTION: "azure_ids",
    AccountKind.COMMITMENT: "commitment_discount_ids",
    AccountKind.CHARGE_KIND: "charge_kinds",
}
_WORDS = {
    AccountKind.AZURE_CUSTOMER: "azure_customer_id",
    AccountKind.SUBSCRIPTION: "azure_subscription",
    AccountKind.COMMITMENT: "commitment_discount_id",
    AccountKind.CHARGE_KIND: "charge_kind",
}


class PlannedAccount(NamedTuple):
    """An id as asked, and what the act would do to its account; a fault where it cannot. ``history``: before it."""

    asked: str
    account: KnownAccount | None
    plan: Plan | Fault
    history: AccountHistory = NO_HISTORY


class CarriedOut(NamedTuple):
    """An act that was carried out, and the changes of owner that it made, where usage may go across them."""

    outcome: AssignmentOutcome
    changes: ChangesOfOwner | None


def do_and_tell(installation: Installation, caller: Caller, act_name: Act, order: AssignmentOrder) -> AssignmentOutcome:
    """Carry out an order, and tell which usage goes across the changes of owner that it makes, or would make."""
    outcome, changes = carry_out(installation, caller, act_name, order)
    # The lake is looked into behind the act: it may take its time, and holds nobody up.
    return outcome if changes is None else replace(outcome, spans_transfer=spanning_usage(installation, changes))


def carry_out(
    installation: Installation,
    caller: Caller,
    act_name: Act,
    order: AssignmentOrder,
    found: FoundLines = NOTHING_FOUND,
) -> CarriedOut:
    """Carry out ``order`` on every account, or on none when one is at fault (or it is a dry run).

    The audit trail tells of the accounts that really changed, or of the faults that let nothing be stored.
    Accounts are held before their assignments are read: what is planned is what is stored. ``found``: what
    ``look_ahead`` found. Raises ``NotFound`` for a customer this partner does not have, ``Invalid`` for ids or days
    that cannot be read, ``Unavailable`` where imported cost that tells whose statements would change cannot be.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection, found: FoundLines) -> CarriedOut:
        scope = Scope.of(connection, caller)
        name, planned, changing = _planned(scope, act_name, order, now, found)
        is_sound = all(isinstance(one.plan, Plan) for one in planned)
        is_held_back = order.dry_run or not is_sound
        changes = changes_of_owner(scope, order, changing) if is_sound else None
        if not is_held_back:
            store_plans(scope, order.customer_id, order.kind, changing, now)
        entries = _entries(order, planned, now, is_sound)
        outcome = AssignmentOutcome(order.customer_id, name, order.kind, entries, order.dry_run)
        if not order.dry_run:
            _record(scope, caller, act_name, outcome, changing, now)
        return CarriedOut(outcome, changes)

    def done(found: FoundLines) -> CarriedOut:
        if not order.dry_run:
            return installation.database.write(lambda connection: act(connection, found))
        with installation.database.reading() as connection:
            return act(connection, found)

    return looking_for_lines(installation, done, found)


def look_ahead(installation: Installation, caller: Caller, act_name: Act, order: AssignmentOrder) -> FoundLines:
    """What an act will want to know of imported cost: for one that is part of something that holds others up.

    Whatever stands in the way of it, the act itself tells.
    """
    trial, now = replace(order, dry_run=True), installation.clock()
    seen = NOTHING_FOUND

    def tried(found: FoundLines) -> None:
        nonlocal seen
        seen = found
        with installation.database.reading() as connection:
            _planned(Scope.of(connection, caller), act_name, trial, now, found)

    with suppress(Refusal):
        looking_for_lines(installation, tried)
    return seen


def _planned(
    scope: Scope, act_name: Act, order: AssignmentOrder, now: datetime, found: FoundLines
) -> tuple[str, list[PlannedAccount], list[ChangingAccount]]:
    """The customer's name, and what is planned as ``plan_accounts`` has it. Nothing is held for a dry run."""
    try:
        asked = checked_order(order)
    except Invalid:
        # That there is no such customer comes before what is wrong with ids and days.
        if customer_name(scope, order.customer_id) is None:
            raise unknown_customer(order.customer_id) from None
        raise
    hold = not order.dry_run
    record = acted_on(scope, order.customer_id, order.kind, asked, hold)
    if record is None:
        raise unknown_customer(order.customer_id)
    return record.customer_name, *plan_accounts(scope, act_name, order, asked, record, today_of(now), found)


def known_customer_name(scope: Scope, customer_id: int) -> str:
    """The name of the scope's customer, or ``NotFound``."""
    name = customer_name(scope, customer_id)
    if name is None:
        raise unknown_customer(customer_id, scope.customer_id)
    return name


def checked_order(order: AssignmentOrder) -> dict[str, str]:
    """The distinct ids of an order, in the order asked: comparison form → as first asked, trimmed.

    Raises ``Invalid`` with every fault (the first 100) when an id or a day cannot be.
    """
    field, greatest = _FIELDS[order.kind], greatest_length(order.kind)
    faults: dict[str, str] = {}
    if not 1 <= len(order.identifiers) <= GREATEST_IDENTIFIER_COUNT:
        faults[field] = f"give 1 to {GREATEST_IDENTIFIER_COUNT:,} ids"
    asked: dict[str, str] = {}
    for place, identifier in enumerate(order.identifiers):
        shown = trimmed(identifier)
        key = account_key(order.kind, shown)
        fault = text_fault(shown, greatest=greatest)
        if fault is None and not key:
            fault = "is required"
        if fault is not None and len(faults) < _GREATEST_FAULT_COUNT:
            faults[f"{field}[{place}]"] = fault
        asked.setdefault(key, shown)
    faults |= _day_faults(order)
    if faults:
        raise Invalid(
            "invalid_assignment", "Nothing was changed: correct the fields named here and send again.", faults
        )
    return asked


def plan_accounts(
    scope: Scope,
    act_name: Act,
    order: AssignmentOrder,
    asked: Mapping[str, str],
    record: ActedOn,
    today: date,
    found: FoundLines = NOTHING_FOUND,
) -> tuple[list[PlannedAccount], list[ChangingAccount]]:
    """Plan an act on each account asked for, in the order asked; a handful of statements for any number.

    The accounts that would change, if none is at fault, are told once more as such.
    ``record``: what ``acted_on`` found, held by an act that is to be stored. What would change issued statements is at
    fault unless the order says that they are corrected. Raises ``LinesWanted``.
    """
    kind = order.kind
    _, closed, known, histories = record
    first_open = closed.first_open(order.customer_id)
    issued = IssuedLines(kind)
    begins_by_default = act_name is Act.ASSIGN_ACCOUNTS and order.effective_from is None
    if begins_by_default and any(_is_free(account, histories) for account in known.values()):
        since = date.min if first_open is None else first_open.first_day
        issued = issued_lines(scope, kind, asked, since, closed, found)
    # Most accounts are assigned for the first time: one plan serves all of which nothing stands.
    planner = planner_of(act_name, order)
    of_free_account = planner((), today, first_open)
    planned, changing = [], []
    for key, identifier in asked.items():
        account = known.get(key)
        if account is None:
            planned.append(PlannedAccount(identifier, None, _NOT_FOUND))
            continue
        history = histories.get(account.account_id, NO_HISTORY)
        opens = issued.first_open(order.customer_id, key, first_open) if issued.lines else first_open
        is_as_most = not history.standing and opens == first_open
        plan = of_free_account if is_as_most else planner(history.standing, today, opens)
        planned.append(PlannedAccount(identifier, account, plan, history))
        if isinstance(plan, Plan) and plan.changes:
            changing.append(ChangingAccount(account, history.standing, plan))
    judged = [] if order.correct_issued else changing
    faults = faults_of_issued(scope, order.customer_id, kind, asked, closed, judged, found)
    if faults:
        planned = [
            one if one.account is None else one._replace(plan=faults.get(one.account.account_id, one.plan))
            for one in planned
        ]
    return planned, changing


def _is_free(account: KnownAccount, histories: Mapping[int, AccountHistory]) -> bool:
    """Whether nobody ever had an account; what was taken back counts as never made."""
    return not histories.get(account.account_id, NO_HISTORY).standing


def fault_sentence(kind: AccountKind, fault: Fault) -> str:
    """A fault in the words of this kind of account."""
    return fault.sentence.replace("{account}", _WORDS[kind])


def changing_accounts(planned: Sequence[PlannedAccount]) -> list[ChangingAccount]:
    """The accounts among ``planned`` whose plans change something, with what stood before."""
    return [
        ChangingAccount(account, history.standing, plan)
        for _, account, plan, history in planned
        if account is not None and isinstance(plan, Plan) and plan.changes
    ]


def store_plans(
    scope: Scope, customer_id: int, kind: AccountKind | None, changing: Sequence[ChangingAccount], now: datetime
) -> None:
    """Store sound plans. ``kind``: of all accounts; ``None`` where several kinds are only ended."""
    begins = [(account.account_id, plan.begins) for account, _, plan in changing if plan.begins is not None]
    withdraw_assignments(scope, [one.assignment_id for _, _, plan in changing for one in plan.withdraws], now)
    # One order has one day: every plan of it ends on the same.
    end_day = next((plan.end_day for _, _, plan in changing if plan.end_day is not None), None)
    if end_day is not None:
        end_assignments(scope, [one.assignment_id for _, _, plan in changing for one in plan.ends], end_day, now)
    if kind is not None:
        begin_assignments(scope, customer_id, kind, begins, now)
    elif begins:
        raise AssertionError("what begins is of one kind")


def _record(
    scope: Scope,
    caller: Caller,
    act: Act,
    outcome: AssignmentOutcome,
    changing: Sequence[ChangingAccount],
    now: datetime,
) -> None:
    customer_id = outcome.customer_id
    if outcome.faults:
        faults = {fault.identifier: fault.sentence for fault in outcome.faults}
        refusal = Invalid("accounts_refused", "Nothing was changed: accounts are at fault.", faults)
        record_refusal(scope, caller, act, customer_id, now, refusal)
    elif changing:
        accounts = f"{outcome.kind.value}s"
        before, after = assignments_before(changing), assignments_after(customer_id, changing)
        record_change(
            scope,
            caller,
            act,
            customer_id,
            now,
            before=before and {accounts: before},
            after=after and {accounts: after},
        )


def _entries(
    order: AssignmentOrder, planned: Sequence[PlannedAccount], now: datetime, is_sound: bool
) -> tuple[AccountEntry | AccountFault, ...]:
    """What is to be answered: the times of the customer's records as the act leaves them, or would."""
    entries: list[AccountEntry | AccountFault] = []
    fresh, is_carried_out = AccountRecord(now, now), not order.dry_run
    for asked, account, plan, history in planned:
        if isinstance(plan, Fault) or account is None:
            fault = plan if isinstance(plan, Fault) else _NOT_FOUND
            entries.append(AccountFault(asked, fault_sentence(order.kind, fault)))
            continue
        changes = plan.changes
        record = fresh if history is NO_HISTORY else history.records.get(order.customer_id, fresh)
        if changes and is_sound and record is not fresh:
            record = record._replace(updated_at=now)
        would = is_sound or not changes
        done = is_carried_out and would
        # By place: ten thousand by name take half as long again.
        entries.append(AccountEntry(*account[2:], *record, plan.shown, done, would, changes))
    return tuple(entries)


def _day_faults(order: AssignmentOrder) -> dict[str, str]:
    faults = {
        name: "lies outside 1900-01-01 to 2999-12-31"
        for name, day in (("effective_from", order.effective_from), ("effective_to", order.effective_to))
        if day is not None and not EARLIEST_DAY <= day <= LATEST_DAY
    }
    if order.withdraw and order.effective_to is not None:
        faults["withdraw"] = "takes an assignment back as if never made: give it without effective_to"
    return faults
