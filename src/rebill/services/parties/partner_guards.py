"""The partner's guards for all its customers, by month: read and change them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.money import margin_floor_factor
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.terms import NO_GUARDS, Guards, GuardsChange
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.customer_rules import only_faults, percent_fault
from rebill.store.closing import hold_months_open
from rebill.store.partner_guards import change_partner_guards as store_change
from rebill.store.partner_guards import partner_guards_by_month
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.terms import ALWAYS, first_changeable_month_of


@dataclass(frozen=True)
class PartnerGuards:
    """The partner's guards by the month they are in force from (``None``: from the beginning), in order.

    None stand before the first change. ``changeable_from``: the first month that a change can be for; ``None``: any.
    """

    by_month: Mapping[BillingMonth | None, Guards]
    changeable_from: BillingMonth | None


def get_partner_guards(installation: Installation, caller: Caller) -> PartnerGuards:
    """The guards of the caller's partner. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return _standing(Scope.of(connection, caller))


def change_partner_guards(
    installation: Installation, caller: Caller, change: GuardsChange, from_month: BillingMonth | None = None
) -> PartnerGuards:
    """Change what is given for every customer that has no such guard of its own; what is as asked is left alone.

    Without a month it starts at the first month that is issued to nobody. Raises ``Forbidden``, and ``Invalid`` with
    every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> PartnerGuards:
        scope = Scope.of(connection, caller)
        hold_months_open(scope)
        hold_partner(scope)
        faults = _faults(scope, change, from_month)
        if faults:
            raise Invalid("invalid_partner_guards", "Nothing was changed: correct the fields named here.", faults)
        standing = _standing(scope)
        if _changes(standing, change, from_month, BillingMonth.of(today_of(now))):
            before = {"guards": partner_guards_by_month(scope)}
            store_change(scope, change.given, _text(from_month or standing.changeable_from))
            after = {"guards": partner_guards_by_month(scope)}
            record_change(scope, caller, Act.CHANGE_PARTNER_GUARDS, scope.partner_id, now, before=before, after=after)
        return _standing(scope)

    return installation.database.write(act)


def partner_guards_faults(
    installation: Installation, caller: Caller, change: GuardsChange, from_month: BillingMonth | None
) -> Mapping[str, str]:
    """What is wrong with a change, by field; nothing is changed."""
    with installation.database.reading() as connection:
        return _faults(Scope.of(connection, caller), change, from_month)


def guards_faults(change: GuardsChange) -> dict[str, str]:
    """What is wrong with guards in themselves, by name."""
    return only_faults({"margin_floor_percent": percent_fault(change.margin_floor_percent, margin_floor_factor)})


def _faults(scope: Scope, change: GuardsChange, from_month: BillingMonth | None) -> dict[str, str]:
    faults = guards_faults(change)
    first = first_changeable_month_of(scope, None)
    if from_month is not None and not change.given:
        faults["from_month"] = "goes with a change of guards only: say which"
    elif from_month is not None and str(from_month) < first:
        faults["from_month"] = f"has an issued statement, or comes before one: give {first} or a later month"
    return faults


def _changes(
    standing: PartnerGuards, change: GuardsChange, from_month: BillingMonth | None, today: BillingMonth
) -> bool:
    """Whether anything is to be stored: a change without a month that says what holds already is none."""
    if from_month is not None:
        return True
    latest = max(_text(standing.changeable_from), str(today))
    in_force = [guards for month, guards in standing.by_month.items() if _text(month) <= latest]
    holds = in_force[-1] if in_force else NO_GUARDS
    return any(value != getattr(holds, name) for name, value in change.given.items())


def _standing(scope: Scope) -> PartnerGuards:
    by_month = {_month(month): guards for month, guards in partner_guards_by_month(scope).items()}
    return PartnerGuards(by_month, _month(first_changeable_month_of(scope, None)))


def _month(text: str) -> BillingMonth | None:
    return None if text == ALWAYS else BillingMonth.parse(text)


def _text(month: BillingMonth | None) -> str:
    return ALWAYS if month is None else str(month)
