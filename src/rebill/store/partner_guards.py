"""The partner's guards, each in force from a billing month on: those of all customers without guards of their own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rebill.model.months import BillingMonth
from rebill.model.terms import GUARD_NAMES, NO_GUARDS, Guards
from rebill.store.scope import Scope
from rebill.store.tables import partner_guards


def partner_guards_by_month(scope: Scope) -> dict[str, Guards]:
    """All guards of the partner, by the month that they are in force from, in order of months."""
    rows = scope.connection.execute(scope.select(partner_guards).order_by(partner_guards.c.from_month))
    return {row.from_month: Guards(row.cap_at_list, row.floor_at_cost, row.margin_floor_percent) for row in rows}


def partner_guards_in_force(scope: Scope, month: BillingMonth) -> Guards:
    """The partner's guards of ``month``."""
    return _in_force(partner_guards_by_month(scope), str(month))


def change_partner_guards(scope: Scope, given: Mapping[str, Any], from_month: str) -> None:
    """Change the ``given`` guards from ``from_month`` on, for good.

    What is recorded for later months already gets them too; the other guards of those months stay as they are.
    """
    by_month = partner_guards_by_month(scope)
    by_month.setdefault(from_month, _in_force(by_month, from_month))
    changed = [
        {"from_month": month, **vars(replace(guards, **given))}
        for month, guards in by_month.items()
        if month >= from_month
    ]
    scope.upsert(partner_guards, ["partner_id", "from_month"], changed, GUARD_NAMES)


def _in_force(by_month: Mapping[str, Guards], month: str) -> Guards:
    recorded = [guards for from_month, guards in by_month.items() if from_month <= month]
    return recorded[-1] if recorded else NO_GUARDS
