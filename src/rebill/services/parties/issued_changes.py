"""Which issued statements an act on assignments would change: months of the customers whose days change hands."""

from collections.abc import Mapping, Sequence

from rebill.model.assignment import CHANGES_ISSUED, Days
from rebill.model.closed_months import ClosedMonths
from rebill.model.months import BillingMonth
from rebill.services.parties.assignment_plan import ChangingAccount, Fault, owners_after
from rebill.store.customers import customer_names
from rebill.store.scope import Scope

IssuedChanges = Mapping[int, Mapping[int, frozenset[BillingMonth]]]
"""Account id → customer id → months."""


def issued_changes(customer_id: int, closed: ClosedMonths, changing: Sequence[ChangingAccount]) -> IssuedChanges:
    """The issued months in which plans for ``customer_id`` change whose an account is, by account and customer.

    ``closed``: of that customer, and of those who lose days.
    """
    if not closed.issued:
        return {}
    last_day = max(month.last_day for months in closed.issued.values() for month in months)
    found = {}
    for one in changing:
        # Most acts begin behind whatever is issued.
        months = _changed_months(closed, customer_id, one) if one.plan.first_changed <= last_day else None
        if months:
            found[one.account.account_id] = months
    return found


def both(found: IssuedChanges, others: IssuedChanges) -> IssuedChanges:
    """What either of the two tells."""
    if not found or not others:
        return found or others
    nothing: Mapping[int, frozenset[BillingMonth]] = {}
    return {
        account_id: {
            owner: mine.get(owner, frozenset()) | others_months.get(owner, frozenset())
            for owner in {**mine, **others_months}
        }
        for account_id in {**found, **others}
        for mine, others_months in [(found.get(account_id, nothing), others.get(account_id, nothing))]
    }


def _changed_months(closed: ClosedMonths, customer_id: int, one: ChangingAccount) -> dict[int, frozenset[BillingMonth]]:
    before = [(stored.customer_id, stored.days) for stored in one.standing]
    after = owners_after(customer_id, one.standing, one.plan)
    changed = {owner: closed.changed(owner, _days(before, owner), _days(after, owner)) for owner in closed.issued}
    return {owner: months for owner, months in changed.items() if months}


def _days(held: Sequence[tuple[int, Days]], owner: int) -> list[Days]:
    return [days for customer_id, days in held if customer_id == owner]


def issued_faults(scope: Scope, found: IssuedChanges) -> dict[int, Fault]:
    """A fault for each of these accounts, naming customers and months."""
    if not found:
        return {}
    names = customer_names(scope, {customer_id for months in found.values() for customer_id in months})
    return {
        account_id: Fault(CHANGES_ISSUED.replace("{statements}", _told(names, months)))
        for account_id, months in found.items()
    }


def _told(names: Mapping[int, str], months: Mapping[int, frozenset[BillingMonth]]) -> str:
    told = ((names[customer_id], sorted(of_customer)) for customer_id, of_customer in months.items())
    return "; ".join(f"{name} ({', '.join(map(str, of_customer))})" for name, of_customer in sorted(told))
