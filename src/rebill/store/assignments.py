"""Assignments. What is withdrawn counts as never made, but for the times of a customer's record of an account."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from rebill.model.assignment import Assignment, Days
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.store.identity import can_be_stored, draw_run
from rebill.store.insertion import Counted
from rebill.store.membership import among, among_given
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import accounts, assignments, customers

ORDER_OF_CREATION = (assignments.c.created_at, assignments.c.listing_position, assignments.c.assignment_id)


@dataclass(frozen=True)
class StoredAssignment:
    """An assignment that is not withdrawn."""

    assignment_id: int
    account_id: int
    customer_id: int
    days: Days


class AccountRecord(NamedTuple):
    """When an account was first assigned to a customer, and when its assignments to it last changed."""

    created_at: datetime
    updated_at: datetime


class AccountHistory(NamedTuple):
    """What is stored of an account: what stands, in order of days; the records of all who ever had it, by customer."""

    standing: list[StoredAssignment]
    records: dict[int, AccountRecord]


NO_HISTORY: Final = AccountHistory([], {})


def in_force(day: date) -> ColumnElement[bool]:
    """The condition that an assignment is not withdrawn and covers ``day``."""
    return and_(
        assignments.c.withdrawn_at.is_(None),
        or_(assignments.c.effective_from.is_(None), assignments.c.effective_from <= day),
        or_(assignments.c.effective_to.is_(None), assignments.c.effective_to > day),
    )


def histories_of_accounts(scope: Scope, account_ids: Collection[int]) -> Mapping[int, AccountHistory]:
    """The histories of those of these accounts that ever were assigned, whoever the customer, by account."""
    return histories_told(scope.run(_of_accounts, account_ids=list(account_ids)))


def histories_told(rows: Iterable[Row[*tuple[Any, ...]]]) -> Mapping[int, AccountHistory]:
    """The histories that the rows of ``asking_for_histories`` tell of, by account."""
    found: dict[int, AccountHistory] = {}
    for row in rows:
        history = found.setdefault(row.account_id, AccountHistory([], {}))
        if row.withdrawn_at is None:
            days = Days(row.effective_from, row.effective_to)
            history.standing.append(StoredAssignment(row.assignment_id, row.account_id, row.customer_id, days))
        record = history.records.get(row.customer_id) or AccountRecord(row.created_at, row.updated_at)
        times = min(record.created_at, row.created_at), max(record.updated_at, row.updated_at)
        history.records[row.customer_id] = AccountRecord(*times)
    for history in found.values():
        history.standing.sort(key=lambda stored: stored.days.first or date.min)
    return found


def account_ids_held_after(scope: Scope, customer_id: int, day: date) -> Sequence[int]:
    """The accounts whose assignments to a customer last beyond ``day`` or have yet to begin."""
    query = scope.select(assignments, assignments.c.account_id).where(
        assignments.c.customer_id == customer_id,
        assignments.c.withdrawn_at.is_(None),
        or_(assignments.c.effective_to.is_(None), assignments.c.effective_to > day),
    )
    return scope.connection.scalars(query.distinct()).all()


def begin_assignments(
    scope: Scope, customer_id: int, kind: AccountKind, begun: Iterable[tuple[int, Days]], now: datetime
) -> None:
    """Store new assignments (account id, days) of a customer, to be listed in this order. All accounts are of ``kind``.

    The database refuses days that overlap others'.
    """
    # In order of accounts: what SQLite looks up and writes by them then lies side by side, and takes half as long.
    new = list(begun)
    if not new:
        return
    account_ids = [account_id for account_id, _ in new]
    places = sorted(range(len(new)), key=account_ids.__getitem__)
    own: dict[str, Sequence[Any]] = {
        "assignment_id": draw_run(scope.connection, assignments.c.assignment_id, len(new)),
        "account_id": [account_ids[place] for place in places],
        "listing_position": places,
    }
    shared: dict[str, object] = {"customer_id": customer_id, "kind": kind.value, "created_at": now, "updated_at": now}
    all_days = [new[place][1] for place in places]
    first, until = [days.first for days in all_days], [days.until for days in all_days]
    for name, column in (("effective_from", first), ("effective_to", until)):
        if column.count(column[0]) == len(new):
            # Nearly always: they are sent once, and no row is asked for its own.
            shared[name] = column[0]
        else:
            own[name] = column
    # Of acts of one moment the later one's are listed behind the earlier one's.
    scope.insert_together(assignments, own, shared, counted=Counted("listing_position", ("kind", "created_at")))


def end_assignments(scope: Scope, assignment_ids: Collection[int], day: date, now: datetime) -> None:
    """Let these assignments end before ``day``."""
    _change(scope, assignment_ids, effective_to=day, updated_at=now)


def withdraw_assignments(scope: Scope, assignment_ids: Collection[int], now: datetime) -> None:
    """Take these assignments back as if never made."""
    _change(scope, assignment_ids, withdrawn_at=now, updated_at=now)


def assignment_page(
    scope: Scope, kind: AccountKind, customer_id: int | None, page: Page, day: date | None, after: Sequence[Any]
) -> Listing[Assignment]:
    """A page of assignments in order of creation: those in force on ``day``, or all (``None``), future ones too.

    ``after``: the place (``place_of_assignment``) that a page by key begins behind.
    """
    wanted = [assignments.c.withdrawn_at.is_(None) if day is None else in_force(day), assignments.c.kind == kind]
    if customer_id is not None:
        wanted.append(assignments.c.customer_id == customer_id)
    keys = scope.select(assignments, assignments.c.assignment_id).where(*wanted)
    # Rows that are read by their keys are not asked for the rest again: it would lead a planner to another index.
    query = _listed(scope.select_by_key) if page.after_id is None else _listed(scope.select).where(*wanted)
    found = rows_of_page(scope.connection, query, ORDER_OF_CREATION, page, after, keys)
    items = [_assignment(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].assignment_id if items else None)


def place_of_assignment(scope: Scope, assignment_id: int) -> Sequence[object] | None:
    """Where an assignment, withdrawn or not, stands in the order of lists."""
    if not can_be_stored(assignment_id):
        return None
    row = scope.connection.execute(
        scope.select(assignments, *ORDER_OF_CREATION).where(assignments.c.assignment_id == assignment_id)
    ).one_or_none()
    return None if row is None else tuple(row)


def identifiers_in_force(scope: Scope, kind: AccountKind, customer_id: int, day: date) -> Sequence[str]:
    """The ids, as their source spells them, of all accounts assigned to a customer on ``day``, oldest first."""
    query = (
        scope.select(assignments, accounts.c.spelling)
        .join(accounts, accounts.c.account_id == assignments.c.account_id)
        .where(assignments.c.kind == kind, assignments.c.customer_id == customer_id, in_force(day))
    )
    return scope.connection.scalars(query.order_by(*ORDER_OF_CREATION)).all()


def _of_accounts(scope: Scope) -> Select[Any]:
    return asking_for_histories(scope, among_given(scope.dialect, assignments.c.account_id, "account_ids"))


def asking_for_histories(scope: Scope, of_accounts: ColumnElement[bool]) -> Select[Any]:
    """The query for what ``histories_told`` reads, of assignments that meet the condition."""
    stored = assignments.c
    columns = (
        stored.assignment_id,
        stored.account_id,
        stored.customer_id,
        stored.effective_from,
        stored.effective_to,
        stored.created_at,
        stored.updated_at,
        stored.withdrawn_at,
    )
    return scope.select(assignments, *columns).where(of_accounts)


def _change(scope: Scope, assignment_ids: Collection[int], **values: Any) -> None:
    if assignment_ids:
        changed = scope.update(assignments).where(among(scope.connection, assignments.c.assignment_id, assignment_ids))
        scope.connection.execute(changed.values(**values))


def _listed(chosen: Callable[..., Select[Any]]) -> Select[Any]:
    of_record = assignments.alias("of_record")
    same_record = and_(
        of_record.c.account_id == assignments.c.account_id,
        of_record.c.partner_id == assignments.c.partner_id,
        of_record.c.customer_id == assignments.c.customer_id,
    )
    return (
        chosen(
            assignments,
            assignments.c.assignment_id,
            assignments.c.customer_id,
            customers.c.name.label("customer_name"),
            accounts.c.spelling,
            accounts.c.name,
            accounts.c.domain,
            select(func.min(of_record.c.created_at)).where(same_record).scalar_subquery().label("created_at"),
            select(func.max(of_record.c.updated_at)).where(same_record).scalar_subquery().label("updated_at"),
            assignments.c.effective_from,
            assignments.c.effective_to,
        )
        .join(accounts, accounts.c.account_id == assignments.c.account_id)
        .join(customers, customers.c.customer_id == assignments.c.customer_id)
    )


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(
        row.assignment_id,
        row.customer_id,
        row.customer_name,
        row.spelling,
        row.name,
        row.domain,
        row.created_at,
        row.updated_at,
        Days(row.effective_from, row.effective_to),
    )
