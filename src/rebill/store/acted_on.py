"""What an act on accounts asks of the record before it is planned: whose they are to be, and whose they were.

On PostgreSQL all of it is one message, with the locks and what begins the transaction.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select, true

from rebill.model.closed_months import ClosedMonths
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.store.accounts import KnownAccount, accounts_asked, accounts_told, ids_with_keys
from rebill.store.assignments import AccountHistory, asking_for_histories, histories_of_accounts, histories_told
from rebill.store.closed_months import issued_months
from rebill.store.closing import months_held_open
from rebill.store.identity import can_be_stored
from rebill.store.scope import Asked, Scope, given
from rebill.store.tables import assignments, customers, partners, statements

_FEW_ACCOUNTS: Final = 100
"""So many are cheaper looked up twice than asked of in another message."""


class ActedOn(NamedTuple):
    """What an act is planned from: a customer's name and closed months, and the accounts that are known.

    ``known``: by their keys. ``histories``: of those of them that ever were assigned, by account.
    """

    customer_name: str
    closed: ClosedMonths
    known: dict[str, KnownAccount]
    histories: Mapping[int, AccountHistory]


def acted_on(scope: Scope, customer_id: int, kind: AccountKind, keys: Collection[str], hold: bool) -> ActedOn | None:
    """The customer of the scope and the accounts with these keys; ``None`` where there is no such customer.

    Accounts are held before their assignments are read. ``hold``: until this transaction ends nobody issues documents
    of the partner, the customer is neither changed nor deleted, and no other transaction that holds one of the accounts
    goes on (``known_accounts``).
    """
    if not can_be_stored(customer_id):
        return None
    asked: list[Asked] = []
    if hold and scope.dialect == "postgresql":
        # In its own statement, before all others: they then see what was issued while it was waited for.
        asked.append((months_held_open, {}))
    asked.append((_held_customer if hold else _customer, {"wanted_id": customer_id}))
    of_accounts = accounts_asked(kind, keys, hold)
    asked.append(of_accounts)
    together = scope.dialect == "postgresql" and len(keys) <= _FEW_ACCOUNTS
    if together:
        # Each statement sees what was stored when it began: this one what the locks of the one before waited for.
        asked.append((_histories_with_keys, of_accounts[1]))
    answers = scope.run_together(*asked)
    histories = histories_told(answers.pop()) if together else None
    *_, customer, accounts = answers
    if not customer:
        return None
    name, start, _ = customer[0]
    months = frozenset(BillingMonth.parse(month) for _, _, month in customer if month is not None)
    closed = ClosedMonths(None if start is None else BillingMonth.parse(start), {customer_id: months} if months else {})
    known = accounts_told(accounts)
    if histories is None:
        histories = histories_of_accounts(scope, [account.account_id for account in known.values()])
    return ActedOn(name, closed, known, histories)


def _customer(scope: Scope) -> Select[Any]:
    issued = issued_months(scope).where(statements.c.customer_id == given("wanted_id")).subquery("issued")
    together = customers.join(partners, partners.c.partner_id == customers.c.partner_id).outerjoin(issued, true())
    return (
        select(customers.c.name, partners.c.billing_start, issued.c.billing_month)
        .select_from(together)
        .where(scope.own(customers), customers.c.customer_id == given("wanted_id"), customers.c.deleted_at.is_(None))
    )


def _held_customer(scope: Scope) -> Select[Any]:
    return _customer(scope).with_for_update(read=True, of=customers)


def _histories_with_keys(scope: Scope) -> Select[Any]:
    return asking_for_histories(scope, assignments.c.account_id.in_(ids_with_keys(scope)))
