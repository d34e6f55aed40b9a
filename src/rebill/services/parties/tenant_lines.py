"""Whose issued statements an act on subscriptions changes: lines of one that nobody has are its tenant's owner's.

Imported cost tells under which tenant the lines of a subscription are. It is looked into before the act, which holds
others up, and within it only for what came to be in force, or issued, in between.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

import duckdb

from rebill.lake.account_days import TenantDays, days_under_tenants
from rebill.lake.cost_data_sets import account_days_paths
from rebill.lake.session import engine_session
from rebill.model.assignment import AssignmentOrder, Days
from rebill.model.data_set import DataSet
from rebill.model.errors import Unavailable
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_plan import ChangingAccount, owners_after
from rebill.services.parties.issued_changes import IssuedChanges
from rebill.store.accounts import known_accounts
from rebill.store.assignments import AccountHistory, StoredAssignment, histories_of_accounts
from rebill.store.closed_months import closed_months
from rebill.store.data_sets import data_sets_of_issued_months
from rebill.store.scope import Scope

Held = Sequence[tuple[int, Days]]
"""Whose an account is from when to when; the days do not overlap."""


class TenantLine(NamedTuple):
    """Days on each of which lines of a subscription are under a tenant, and the month that bills them."""

    month: BillingMonth
    days: TenantDays


class TenantLines(NamedTuple):
    """What was found of subscriptions under tenants, and the data sets that were looked into."""

    data_set_ids: frozenset[int] = frozenset()
    lines: tuple[TenantLine, ...] = ()


NO_LINES: Final = TenantLines()


def tenant_lines(
    installation: Installation, scope: Scope, subscriptions: Collection[str], known: TenantLines = NO_LINES
) -> TenantLines:
    """The lines of subscriptions (keys) under tenants in what was issued to anybody; ``known``: found before.

    Raises ``Unavailable`` where the lake cannot be read: nobody knows then whose statements would change.
    """
    new = [one for one in data_sets_of_issued_months(scope) if one.data_set_id not in known.data_set_ids]
    if not new:
        return known
    months: dict[BillingMonth, list[DataSet]] = defaultdict(list)
    for data_set in new:
        months[data_set.billing_month].append(data_set)
    with engine_session(installation.settings.engine_memory_limit) as connection:
        found = [
            TenantLine(month, days)
            for month, data_sets in months.items()
            for days in _days_in(connection, installation, month, data_sets, subscriptions)
        ]
    looked_into = known.data_set_ids.union(one.data_set_id for one in new)
    return TenantLines(looked_into, (*known.lines, *found))


def _days_in(
    connection: duckdb.DuckDBPyConnection,
    installation: Installation,
    month: BillingMonth,
    data_sets: Sequence[DataSet],
    subscriptions: Collection[str],
) -> list[TenantDays]:
    try:
        return days_under_tenants(connection, account_days_paths(installation.lake_folder, data_sets), subscriptions)
    except (duckdb.Error, OSError) as error:
        raise Unavailable(
            "cost_not_readable",
            "Nothing was changed: whether issued statements would change is told by the imported cost of "
            f"{month}, which cannot be read. Restore the lake folder from a backup, or name the day and allow it with "
            "correct_issued and a reason.",
        ) from error


def needs_tenant_lines(order: AssignmentOrder, begins_by_default: bool) -> bool:
    """Whether lines under tenants decide on an order: where it may not change issued statements, or has no day."""
    return order.kind is AccountKind.SUBSCRIPTION and (not order.correct_issued or begins_by_default)


@dataclass(frozen=True)
class UnderTenants:
    """Lines of subscriptions under tenants, by subscription; whose the tenants are, and what is issued to whom."""

    lines: Mapping[str, Sequence[TenantLine]] = field(default_factory=dict)
    owners: Mapping[str, Held] = field(default_factory=dict)
    issued: Mapping[int, frozenset[BillingMonth]] = field(default_factory=dict)

    def first_open(self, customer_id: int, subscription: str, first_open: BillingMonth | None) -> BillingMonth | None:
        """From which month on a subscription that nobody ever had may be a customer's; not before ``first_open``."""
        changed = [
            until - timedelta(days=1)
            for line in self.lines.get(subscription, ())
            for until, _ in self._changed(line, [], [(customer_id, Days())])
        ]
        bounds = [first_open] if first_open is not None else []
        bounds += [BillingMonth.of(max(changed)).following] if changed else []
        return max(bounds, default=None)

    def issued_changes(self, customer_id: int, changing: Sequence[ChangingAccount]) -> IssuedChanges:
        """The issued months that bill lines which plans for ``customer_id`` make another's."""
        found: dict[int, dict[int, frozenset[BillingMonth]]] = {}
        for one in changing if self.issued else ():
            months: dict[int, set[BillingMonth]] = defaultdict(set)
            before = _held(one.standing)
            after = owners_after(customer_id, one.standing, one.plan)
            for line in self.lines.get(one.account.key, ()):
                for _, owners in self._changed(line, before, after):
                    for owner in owners:
                        months[owner].add(line.month)
            if months:
                found[one.account.account_id] = {owner: frozenset(of_owner) for owner, of_owner in months.items()}
        return found

    def _changed(self, line: TenantLine, before: Held, after: Held) -> Iterator[tuple[date, set[int]]]:
        """The ends of days whose lines become another's, with who loses or gets them and has the month issued."""
        first, until = line.days.first, line.days.until
        of_tenant = self.owners.get(line.days.tenant, ())
        edges = {edge for _, days in (*before, *after, *of_tenant) for edge in (days.first, days.until) if edge}
        starts = [first, *sorted(edge for edge in edges if first < edge < until)]
        for start, end in zip(starts, [*starts[1:], until], strict=True):
            owners = {_owner(before, of_tenant, start), _owner(after, of_tenant, start)}
            issued = {one for one in owners if one is not None and line.month in self.issued.get(one, ())}
            if len(owners) > 1 and issued:
                yield end, issued


UNDER_NO_TENANTS: Final = UnderTenants()


def under_tenants(
    scope: Scope, customer_id: int, lines: TenantLines, histories: Mapping[int, AccountHistory]
) -> UnderTenants:
    """Whose these lines are while nobody has their subscriptions; ``histories``: of the subscriptions."""
    if not lines.lines:
        return UNDER_NO_TENANTS
    by_subscription: dict[str, list[TenantLine]] = defaultdict(list)
    for line in lines.lines:
        by_subscription[line.days.subscription].append(line)
    known = known_accounts(scope, AccountKind.AZURE_CUSTOMER, {line.days.tenant for line in lines.lines})
    of_tenants = histories_of_accounts(scope, [account.account_id for account in known.values()])
    owners = {
        tenant: _held(of_tenants[account.account_id].standing)
        for tenant, account in known.items()
        if account.account_id in of_tenants
    }
    concerned = {owner for held in owners.values() for owner, _ in held}
    concerned |= {stored.customer_id for history in histories.values() for stored in history.standing}
    return UnderTenants(by_subscription, owners, closed_months(scope, {customer_id, *concerned}).issued)


def _held(standing: Sequence[StoredAssignment]) -> Held:
    return [(stored.customer_id, stored.days) for stored in standing]


def _owner(own: Held, of_tenant: Held, day: date) -> int | None:
    """Whose the lines of a day are: the binding of a subscription goes before its tenant's."""
    return next((owner for held in (own, of_tenant) for owner, days in held if days.covers(day)), None)
