"""Change a partner's customer: only what is given; every fault is told at once; all of it is stored or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.customer import Customer, CustomerChange, TermsChange
from rebill.model.errors import Invalid
from rebill.model.money import checked_percent, margin_floor_factor
from rebill.model.months import BillingMonth, instant_text
from rebill.model.party import Address, Caller
from rebill.model.terms import CustomerTerms
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, name_fault, text_fault
from rebill.services.parties.customer_details import customer_details
from rebill.services.parties.customer_rules import (
    address_faults,
    currency_fault,
    folder_fault,
    only_faults,
    percent_fault,
    tag_faults,
    trial_fault,
)
from rebill.services.parties.read_customers import found_customer
from rebill.store.customers import change_customer as store_change
from rebill.store.customers import hold_customer, is_name_taken
from rebill.store.scope import Scope
from rebill.store.terms import change_terms, first_changeable_month, terms_by_month, terms_in_force

_TRIAL_FIELD = "trial_expiration_date"


@dataclass(frozen=True)
class _TermsPlan:
    """Terms that really change, and the month they do so from."""

    change: TermsChange
    from_month: str


@dataclass(frozen=True)
class _Plan:
    """The customer as it stands and as it is to be, the terms that change, and what is wrong with all that."""

    standing: Customer
    wanted: Customer
    terms: _TermsPlan | None
    faults: Mapping[str, str]

    @property
    def changes(self) -> bool:
        """Whether anything is to be stored at all."""
        return self.wanted != self.standing or self.terms is not None


def change_customer(
    installation: Installation, caller: Caller, customer_id: int, change: CustomerChange, as_shown: str = ""
) -> Customer:
    """Change a customer; what is as asked already is left alone, even where it breaks a rule that came later.

    A change of terms without a month starts at the first month that has no issued statement for this customer.
    ``as_shown``: the mark of the ``facts_and_terms`` that the caller saw.
    Raises ``Forbidden``, ``NotFound``, ``ChangedMeanwhile``, and ``Invalid`` with every faulty field by its name in
    the API.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> Customer:
        scope = Scope.of(connection, caller)
        hold_customer(scope, customer_id)
        plan = _planned(scope, customer_id, change, now)
        require_as_shown(facts_and_terms(plan.standing, terms_by_month(scope, customer_id).values()), as_shown)
        if plan.faults:
            raise Invalid("invalid_customer", "Nothing was changed: correct the fields named here.", plan.faults)
        if not plan.changes:
            return plan.standing
        before = customer_details(scope, plan.standing)
        store_change(scope, replace(plan.wanted, updated_at=now))
        if plan.terms is not None:
            change_terms(scope, customer_id, plan.terms.change, plan.terms.from_month)
        after = customer_details(scope, plan.wanted)
        record_change(scope, caller, Act.CHANGE_CUSTOMER, customer_id, now, before=before, after=after)
        return found_customer(scope, customer_id, BillingMonth.of(today_of(now)))

    return installation.database.write(act)


def facts_and_terms(customer: Customer, terms: Iterable[CustomerTerms]) -> object:
    """What forms show and change of a customer: the facts, and the terms of all months in order."""
    facts = (
        customer.name,
        customer.address,
        customer.classification,
        customer.billing_contact,
        customer.billing_folder,
    )
    return facts, tuple(terms)


def change_faults(
    installation: Installation, caller: Caller, customer_id: int, change: CustomerChange
) -> Mapping[str, str]:
    """What is wrong with a change, by field; nothing is changed. Raises ``NotFound``."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        return _planned(Scope.of(connection, caller), customer_id, change, installation.clock()).faults


def _planned(scope: Scope, customer_id: int, change: CustomerChange, now: datetime) -> _Plan:
    month = BillingMonth.of(today_of(now))
    standing = found_customer(scope, customer_id, month)
    wanted, faults = _changed(standing, change, now)
    terms, terms_faults = _planned_terms(scope, customer_id, change.terms, month)
    if "name" not in faults and wanted.name != standing.name and is_name_taken(scope, wanted.name):
        faults["name"] = "is the name of another customer"
    return _Plan(standing, wanted, terms, faults | terms_faults)


def _changed(standing: Customer, change: CustomerChange, now: datetime) -> tuple[Customer, dict[str, str]]:
    """The customer as it is to be (its terms apart), and what is wrong with that."""
    address = replace(standing.address, **change.address)
    trial, trial_faults = _changed_trial(standing.trial_expiration, change.trial_expiration, now)
    wanted = replace(
        standing,
        name=standing.name if change.name is None else composed(change.name),
        address=address,
        classification=change.classification or standing.classification,
        trial_expiration=trial,
        billing_contact=standing.billing_contact if change.billing_contact is None else change.billing_contact,
        billing_folder=standing.billing_folder if change.billing_folder is None else change.billing_folder,
        tags=standing.tags if change.tags is None else change.tags,
    )
    faults = only_faults(
        {
            "name": None if change.name is None else name_fault(change.name),
            "billing_contact": text_fault(wanted.billing_contact),
            "partner_billing_configuration.folder": folder_fault(wanted.billing_folder),
            "fallback_markup_percent": percent_fault(change.terms.fallback_markup_percent, checked_percent),
            "margin_floor_percent": percent_fault(change.terms.margin_floor_percent, margin_floor_factor),
            "home_currency": currency_fault(change.terms.home_currency),
        }
    )
    if address not in (standing.address, Address()):
        faults |= address_faults(address)
    return wanted, faults | tag_faults(wanted.tags) | trial_faults


def _changed_trial(
    standing: datetime | None, asked: tuple[datetime | None, ...], now: datetime
) -> tuple[datetime | None, dict[str, str]]:
    # Who sends back what he read has both names in hand and changed one of them: that one is meant.
    changes = {_text(time): time for time in asked if _text(time) != _text(standing)}
    if not changes:
        return standing, {}
    if len(changes) > 1:
        return standing, {"trial_expiration": f"differs from {_TRIAL_FIELD}: send one of the two"}
    (trial,) = changes.values()
    return trial, only_faults({_TRIAL_FIELD: trial_fault(trial, now)})


def _text(time: datetime | None) -> str:
    """``time`` as answers show it, without parts of a second."""
    return "" if time is None else instant_text(time)


def _planned_terms(
    scope: Scope, customer_id: int, change: TermsChange, month: BillingMonth
) -> tuple[_TermsPlan | None, dict[str, str]]:
    """What of ``change`` really changes and from when, ``None`` where nothing does; and what is wrong with it."""
    first = first_changeable_month(scope, customer_id)
    if change.from_month is None:
        standing = terms_in_force(scope, [customer_id], month)[customer_id]
        same = [name for name, value in change.given.items() if value == getattr(standing, name)]
        as_partner = tuple(name for name in change.as_partner if name not in same)
        change = replace(change, **dict.fromkeys(same), as_partner=as_partner)
        return (None if change == TermsChange() else _TermsPlan(change, first)), {}
    if change == TermsChange(from_month=change.from_month):
        return None, {"from_month": "goes with a change of terms only: say which"}
    if str(change.from_month) < first:
        return None, {"from_month": f"has an issued statement, or comes before one: give {first} or a later month"}
    return _TermsPlan(change, str(change.from_month)), {}
