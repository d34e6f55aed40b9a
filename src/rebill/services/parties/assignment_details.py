"""What the audit trail keeps of an act on accounts: whose they were and whose they are, however many, compactly."""

from collections.abc import Iterable, Mapping, Sequence

from rebill.model.assignment import Days
from rebill.services.parties.assignment_plan import Plan
from rebill.store.accounts import KnownAccount
from rebill.store.assignments import StoredAssignment

Changing = Sequence[tuple[KnownAccount, Plan]]
"""Accounts, and plans for them that change something."""
_Held = Iterable[tuple[int, Days, str]]


def assignments_before(changing: Changing) -> list[Mapping[str, object]] | None:
    """The assignments that an act ends or takes back, as they stood; ``None`` where there are none."""
    return _grouped(
        (stored.customer_id, stored.days, account.spelling)
        for account, plan in changing
        for stored in (*plan.ends, *plan.withdraws)
    )


def assignments_after(customer_id: int, changing: Changing) -> list[Mapping[str, object]] | None:
    """The assignments that an act begins for a customer, and those that it ended, as they stand now."""
    return _grouped(
        (owner, days, account.spelling) for account, plan in changing for owner, days in _left(customer_id, plan)
    )


def _left(customer_id: int, plan: Plan) -> Iterable[tuple[int, Days]]:
    for stored in plan.ends:
        yield _ended(stored, plan)
    if plan.begins is not None:
        yield customer_id, plan.begins


def _ended(stored: StoredAssignment, plan: Plan) -> tuple[int, Days]:
    return stored.customer_id, Days(stored.days.first, plan.end_day)


def _grouped(held: _Held) -> list[Mapping[str, object]] | None:
    """Accounts of one customer and the same days stand together: the ids are nearly all there is to tell."""
    groups: dict[tuple[int, Days], list[str]] = {}
    for customer_id, days, account in held:
        groups.setdefault((customer_id, days), []).append(account)
    found: list[Mapping[str, object]] = [
        {"customer_id": customer_id, "from": days.first, "to": days.until, "accounts": ids}
        for (customer_id, days), ids in groups.items()
    ]
    return found or None
