"""Lines of accounts in issued months: an act that makes them another's would change what is issued.

Imported cost tells on which days a month bills lines of an account, and what else they name: charges count for the
month that bills them, and whose they are depends on all that they name. A transaction does not wait for the lake: one
that needs to know more than is known ends with ``LinesWanted`` and leaves nothing; who carries it out looks, and does
it again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import duckdb

from rebill.lake.account_days import AccountDays, days_of_accounts, days_of_allocated, last_days
from rebill.lake.cost_data_sets import account_days_paths, lines_of, part_paths
from rebill.lake.session import engine_session
from rebill.model.assignment import Days
from rebill.model.closed_months import ClosedMonths
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError, Unavailable
from rebill.model.identifiers import MOST_SPECIFIC_FIRST, AccountKind
from rebill.model.months import BillingMonth
from rebill.rating.accounts import CHARGE_KIND_OF_LINE, COMMITMENT_OF_LINE
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_plan import ChangingAccount, Fault, owners_after
from rebill.services.parties.issued_changes import IssuedChanges, both, issued_changes, issued_faults
from rebill.store.accounts import known_accounts
from rebill.store.assignments import StoredAssignment, histories_of_accounts
from rebill.store.closed_months import closed_months
from rebill.store.data_sets import data_sets_of_issued_months
from rebill.store.scope import Scope

Result = TypeVar("Result")
_NOT_READABLE: Final = (duckdb.Error, OSError, ProgramError)
Held = Sequence[tuple[int, Days]]
"""Whose an account is from when to when; the days do not overlap."""
_FALLS_TO_OTHERS: Final = frozenset({AccountKind.SUBSCRIPTION, AccountKind.COMMITMENT})
"""What nobody has of these kinds may be somebody's all the same, by another account that its lines name."""
_ALLOCATED_BY: Final = {AccountKind.COMMITMENT: COMMITMENT_OF_LINE, AccountKind.CHARGE_KIND: CHARGE_KIND_OF_LINE}


class Looked(NamedTuple):
    """What there is of accounts in a data set, from ``since`` on."""

    since: date
    days: Sequence[AccountDays]


FoundLines = Mapping[tuple[AccountKind, int], Looked]
"""Where lines of accounts were looked for: kind of account and data set → what was found."""
NOTHING_FOUND: Final[FoundLines] = {}
_NOT_LOOKED: Final = Looked(date.max, ())


_last_days: Final[dict[str, date]] = {}
"""The last day of which a data set (by the hash of its manifest) has lines, where this process has looked.

Most acts are from a later day on, and have nothing to ask the lake: a question takes several times as much as they do.
"""


class LinesWanted(Exception):
    """A transaction needs to know of lines that nobody has looked for; nothing of it is stored."""

    def __init__(self, kind: AccountKind, keys: Collection[str], since: date, data_sets: Sequence[DataSet]) -> None:
        super().__init__(f"lines of {kind}")
        self._kind, self._keys, self._since, self._data_sets = kind, keys, since, data_sets

    def found(self, installation: Installation) -> FoundLines:
        """What there is of these lines.

        Raises ``Unavailable`` where the lake cannot be read: nobody knows then whose statements would change.
        """
        folder = installation.lake_folder
        with engine_session(installation.settings.engine_memory_limit) as connection:
            try:
                days = self._days_in(connection, folder, self._data_sets)
            except _NOT_READABLE as error:
                raise self._refusal(connection, folder) from error
        ids = [one.data_set_id for one in self._data_sets]
        return {(self._kind, data_set_id): Looked(self._since, days.get(data_set_id, ())) for data_set_id in ids}

    def _refusal(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> Unavailable:
        """What is said where not all can be read: the month of the first data set that cannot."""
        month = self._data_sets[-1].billing_month
        for data_set in self._data_sets:
            try:
                self._days_in(connection, folder, [data_set])
            except _NOT_READABLE:
                month = data_set.billing_month
                break
        return Unavailable(
            "cost_not_readable",
            "Nothing was changed: whether issued statements would change is told by the imported cost of "
            f"{month}, which cannot be read. Restore the lake folder from a backup, or name the day and allow it with "
            "correct_issued and a reason.",
        )

    def _days_in(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, data_sets: Sequence[DataSet]
    ) -> dict[int, Sequence[AccountDays]]:
        """The days in these data sets, by their ids, by one question: each costs milliseconds of its own."""
        kind, keys, since = self._kind, self._keys, self._since
        if kind.is_allocated:
            return {
                one.data_set_id: days_of_allocated(connection, lines, _ALLOCATED_BY, kind, keys, since)
                for one in data_sets
                for lines in [lines_of(connection, list(part_paths(connection, folder, [one])))]
            }
        files = {one.data_set_id: path for one in data_sets for path in account_days_paths(folder, [one])}
        found = days_of_accounts(connection, list(files.values()), kind, keys, since)
        self._learn(connection, files)
        return {data_set_id: found[file] for data_set_id, file in files.items()}

    def _learn(self, connection: duckdb.DuckDBPyConnection, files: Mapping[int, Path]) -> None:
        """Remember the last days of those of these data sets of which they are not known."""
        unknown = {
            one.manifest_sha256: files[one.data_set_id]
            for one in self._data_sets
            if one.data_set_id in files and one.manifest_sha256 not in _last_days
        }
        if unknown:
            days = last_days(connection, list(unknown.values()))
            _last_days.update({name: days.get(file, date.min) for name, file in unknown.items()})


def looking_for_lines(
    installation: Installation, do: Callable[[FoundLines], Result], found: FoundLines = NOTHING_FOUND
) -> Result:
    """What ``do`` answers once it is told of all the lines that it wants; it is begun anew whenever it wants more."""
    while True:
        try:
            return do(found)
        except LinesWanted as wanted:
            found = {**found, **wanted.found(installation)}


class IssuedLine(NamedTuple):
    """Days on each of which there are lines of an account, and the month that bills them."""

    month: BillingMonth
    days: AccountDays

    def key(self, kind: AccountKind) -> str | None:
        """What the lines name of this kind; ``None``: nothing."""
        return {
            AccountKind.SUBSCRIPTION: self.days.subscription,
            AccountKind.AZURE_CUSTOMER: self.days.tenant,
            AccountKind.COMMITMENT: self.days.commitment,
            AccountKind.CHARGE_KIND: self.days.charge_kind,
        }[kind]


@dataclass(frozen=True)
class IssuedLines:
    """Lines of accounts of one kind in issued months, by account; whose all else that they name is; what is issued.

    ``owners``: of accounts of other kinds. ``issued``: the months issued to each customer that has to do with it.
    """

    kind: AccountKind
    lines: Mapping[str, Sequence[IssuedLine]] = field(default_factory=dict)
    owners: Mapping[tuple[AccountKind, str], Held] = field(default_factory=dict)
    issued: Mapping[int, frozenset[BillingMonth]] = field(default_factory=dict)

    def first_open(self, customer_id: int, account: str, first_open: BillingMonth | None) -> BillingMonth | None:
        """From which month on an account that nobody ever had may be a customer's; not before ``first_open``."""
        changed = [
            until - timedelta(days=1)
            for line in self.lines.get(account, ())
            for until, _ in self._changed(line, [], [(customer_id, Days())])
        ]
        bounds = [first_open] if first_open is not None else []
        bounds += [BillingMonth.of(max(changed)).following] if changed else []
        return max(bounds, default=None)

    def changes(self, customer_id: int, changing: Sequence[ChangingAccount]) -> IssuedChanges:
        """The issued months that bill lines which plans for ``customer_id`` make another's."""
        found: dict[int, dict[int, frozenset[BillingMonth]]] = {}
        for one in changing if self.lines and self.issued else ():
            months: dict[int, set[BillingMonth]] = defaultdict(set)
            before = held(one.standing)
            after = owners_after(customer_id, one.standing, one.plan)
            for line in self.lines.get(one.account.key, ()):
                for _, owners in self._changed(line, before, after):
                    for owner in owners:
                        months[owner].add(line.month)
            if months:
                found[one.account.account_id] = {owner: frozenset(of_owner) for owner, of_owner in months.items()}
        return found

    def _changed(self, line: IssuedLine, before: Held, after: Held) -> Iterator[tuple[date, set[int]]]:
        """The ends of days whose lines become another's, with who loses or gets them and has the month issued."""
        first, until = line.days.first, line.days.until
        owned_before, owned_after = (self._owned(line, own) for own in (before, after))
        edges = {edge for of_one in (*owned_before, *owned_after) for _, days in of_one for edge in _edges(days)}
        starts = [first, *sorted(edge for edge in edges if first < edge < until)]
        for start, end in zip(starts, [*starts[1:], until], strict=True):
            owners = {_owner(owned_before, start), _owner(owned_after, start)}
            issued = {one for one in owners if one is not None and line.month in self.issued.get(one, ())}
            if len(owners) > 1 and issued:
                yield end, issued

    def _owned(self, line: IssuedLine, own: Held) -> list[Held]:
        """Whose what a line names is, the most specific first; ``own``: whose the account itself is."""
        named = [(kind, line.key(kind)) for kind in MOST_SPECIFIC_FIRST]
        return [
            own if kind is self.kind else self.owners.get((kind, key), ()) for kind, key in named if key is not None
        ]


def faults_of_issued(
    scope: Scope,
    customer_id: int,
    kind: AccountKind,
    keys: Collection[str],
    closed: ClosedMonths,
    changing: Sequence[ChangingAccount],
    found: FoundLines,
) -> dict[int, Fault]:
    """A fault for each of these accounts (among ``keys``) whose plan for a customer would change issued statements.

    ``closed``: of the customer; the months of others who lose days are looked up. Raises ``LinesWanted``.
    """
    losers = {stored.customer_id for one in changing for stored in (*one.plan.ends, *one.plan.withdraws)}
    if losers - {customer_id}:
        closed = closed_months(scope, {customer_id, *losers})
    if not changing or not (closed.issued or kind in _FALLS_TO_OTHERS):
        return {}
    # Most accounts of an order share one plan.
    since = min(plan.first_changed for plan in {id(one.plan): one.plan for one in changing}.values())
    of_lines = issued_lines(scope, kind, keys, since, closed, found).changes(customer_id, changing)
    return issued_faults(scope, both(issued_changes(customer_id, closed, changing), of_lines))


def issued_lines(
    scope: Scope, kind: AccountKind, keys: Collection[str], since: date, closed: ClosedMonths, found: FoundLines
) -> IssuedLines:
    """The lines of accounts (keys) from ``since`` on in months that are issued to customers of ``closed``.

    Where lines that none of them has may be others', in months issued to anybody. Raises ``LinesWanted``.
    """
    falls_to_others = kind in _FALLS_TO_OTHERS
    if not falls_to_others and not closed.issued:
        return IssuedLines(kind)
    data_sets = data_sets_of_issued_months(scope, None if falls_to_others else list(closed.issued))
    looked = {one.data_set_id: found.get((kind, one.data_set_id), _NOT_LOOKED) for one in data_sets}
    wanted = [one for one in data_sets if looked[one.data_set_id].since > since and _may_last(one, kind, since)]
    if wanted:
        raise LinesWanted(kind, keys, since, wanted)
    lines: dict[str, list[IssuedLine]] = defaultdict(list)
    for data_set in data_sets:
        for days in looked[data_set.data_set_id].days:
            line = IssuedLine(data_set.billing_month, days)
            lines[line.key(kind) or ""].append(line)
    if not lines:
        return IssuedLines(kind)
    owners = _owners_beside(scope, kind, lines)
    concerned = {owner for of_one in owners.values() for owner, _ in of_one}
    return IssuedLines(kind, lines, owners, {**closed.issued, **closed_months(scope, concerned).issued})


def _may_last(data_set: DataSet, kind: AccountKind, since: date) -> bool:
    """Whether there may be lines of accounts of a kind from ``since`` on."""
    # What is allocated names no account.
    return kind.is_allocated or _last_days.get(data_set.manifest_sha256, date.max) >= since


def _owners_beside(
    scope: Scope, kind: AccountKind, lines: Mapping[str, Sequence[IssuedLine]]
) -> dict[tuple[AccountKind, str], Held]:
    """Whose is what these lines name beside accounts of ``kind``.

    An act that is to be stored holds them too: whose a line is afterwards is told by all that it names, and two acts
    on a tenant and on its subscription, each sound by itself, would change together what is issued.
    """
    owners: dict[tuple[AccountKind, str], Held] = {}
    for other in MOST_SPECIFIC_FIRST:
        named = {line.key(other) for of_one in lines.values() for line in of_one} - {None}
        if other is kind or not named:
            continue
        known = known_accounts(scope, other, {key for key in named if key is not None}, hold=scope.writes)
        histories = histories_of_accounts(scope, [account.account_id for account in known.values()])
        owners |= {
            (other, key): held(histories[account.account_id].standing)
            for key, account in known.items()
            if account.account_id in histories
        }
    return owners


def held(standing: Sequence[StoredAssignment]) -> Held:
    """Whose an account is by what stands of it."""
    return [(stored.customer_id, stored.days) for stored in standing]


def _edges(days: Days) -> list[date]:
    return [edge for edge in (days.first, days.until) if edge is not None]


def _owner(owned: Sequence[Held], day: date) -> int | None:
    """Whose the lines of a day are: the most specific binding goes before the others."""
    return next((owner for of_one in owned for owner, days in of_one if days.covers(day)), None)
