"""What the subscriptions on statements are called, for those who may know it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row

from rebill.model.identifiers import AccountKind, subscription_key
from rebill.store.assignments import in_force
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import accounts, assignments, statement_lines

Reader = int | None
"""Who is shown a statement: its customer's id, or ``None`` for the partner's own people."""


def told_names(scope: Scope, shown: Iterable[tuple[Reader, str]], day: date) -> dict[Reader, dict[str, str]]:
    """The names of subscriptions, where they are known, by reader and by identifier as it is written on statements.

    ``shown``: who is shown which identifier. A customer is told no name of what is another customer's on ``day``.
    ``scope``: a whole partner's.
    """
    told = [(reader, identifier, subscription_key(identifier)) for reader, identifier in shown]
    named = _named(scope, {key for _, _, key in told}, day)
    found: dict[Reader, dict[str, str]] = defaultdict(dict)
    for reader, identifier, key in told:
        if key in named and (reader is None or named[key].customer_id in (None, reader)):
            found[reader][identifier] = named[key].name
    return dict(found)


def subscriptions_on(scope: Scope, statement_ids: Collection[int]) -> list[tuple[int, str]]:
    """The subscriptions that the lines of these documents name, each with the document's id."""
    columns = (statement_lines.c.statement_id, statement_lines.c.subscription)
    query = scope.select(statement_lines, *columns).where(
        statement_lines.c.subscription.is_not(None), among(scope.connection, columns[0], statement_ids)
    )
    return [(statement_id, subscription) for statement_id, subscription in scope.connection.execute(query.distinct())]


def _named(scope: Scope, keys: Collection[str], day: date) -> dict[str, Row[Any]]:
    owner = (assignments.c.account_id == accounts.c.account_id) & scope.own(assignments) & in_force(day)
    query = (
        scope.select(accounts, accounts.c.account_key, accounts.c.name, assignments.c.customer_id)
        .outerjoin(assignments, owner)
        .where(
            accounts.c.kind == AccountKind.SUBSCRIPTION,
            accounts.c.name != "",
            among(scope.connection, accounts.c.account_key, keys),
        )
    )
    return {row.account_key: row for row in scope.connection.execute(query)}
