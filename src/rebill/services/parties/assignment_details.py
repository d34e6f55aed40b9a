"""What the audit trail keeps of an act on accounts: whose they were and whose they are, however many, compactly."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rebill.model.assignment import Days
from rebill.services.parties.assignment_plan import ChangingAccount, Plan
from rebill.store.assignments import StoredAssignment

_Held = tuple[int, Days]
"""A customer, and the days on which it has an account."""


def assignments_before(changing: Sequence[ChangingAccount]) -> list[Mapping[str, object]] | None:
    """The assignments that an act ends or takes back, as they stood; ``None`` where there are none."""
    return _grouped(
        changing, lambda plan: ((stored.customer_id, stored.days) for stored in (*plan.ends, *plan.withdraws))
    )


def assignments_after(customer_id: int, changing: Sequence[ChangingAccount]) -> list[Mapping[str, object]] | None:
    """The assignments that an act begins for a customer, and those that it ended, as they stand now."""
    return _grouped(changing, lambda plan: _left(customer_id, plan))


def _left(customer_id: int, plan: Plan) -> Iterable[_Held]:
    for stored in plan.ends:
        yield _ended(stored, plan)
    if plan.begins is not None:
        yield customer_id, plan.begins


def _ended(stored: StoredAssignment, plan: Plan) -> _Held:
    return stored.customer_id, Days(stored.days.first, plan.end_day)


def _grouped(
    changing: Sequence[ChangingAccount], held_by: Callable[[Plan], Iterable[_Held]]
) -> list[Mapping[str, object]] | None:
    """Accounts of one customer and the same days stand together: the ids are nearly all there is to tell."""
    groups: dict[_Held, list[str]] = {}
    # Most accounts of an order share one plan: each plan is asked once.
    of_plan: dict[int, list[list[str]]] = {}
    for account, _, plan in changing:
        own = of_plan.get(id(plan))
        if own is None:
            own = of_plan[id(plan)] = [groups.setdefault(held, []) for held in held_by(plan)]
        for ids in own:
            ids.append(account.spelling)
    found: list[Mapping[str, object]] = [
        {"customer_id": customer_id, "from": days.first, "to": days.until, "accounts": ids}
        for (customer_id, days), ids in groups.items()
    ]
    return found or None
