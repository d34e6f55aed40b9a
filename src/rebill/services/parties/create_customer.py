"""Create a partner's customer: every rule is checked, every fault is told at once, all of it is stored or nothing."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from rebill.model.assignment import AssignmentOrder
from rebill.model.audit import Act
from rebill.model.customer import Customer, NewCustomer
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.money import checked_percent, margin_floor_factor
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Caller
from rebill.model.price_book import ALL_ACCOUNTS, Specification, SpecificationFormat, markup_adjustment
from rebill.model.terms import TERM_NAMES, CustomerTerms
from rebill.price_books.writing import markup_specification
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, name_fault, text_fault
from rebill.services.parties.assignment_act import (
    checked_order,
    fault_sentence,
    plan_accounts,
    store_plans,
)
from rebill.services.parties.assignment_details import assignments_after
from rebill.services.parties.assignment_plan import ChangingAccount, Fault
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
from rebill.store.accounts import known_accounts
from rebill.store.acted_on import ActedOn
from rebill.store.assignments import histories_of_accounts
from rebill.store.closed_months import closed_months
from rebill.store.customers import add_customer, find_customer, is_name_taken
from rebill.store.identity import draw_id
from rebill.store.price_books import add_price_book, assign_account, assign_price_book
from rebill.store.scope import Scope
from rebill.store.tables import customers
from rebill.store.terms import ALWAYS, set_terms

_EXTERNAL_ID_BYTES = 6
_NOBODY = 0


def create_customer(installation: Installation, caller: Caller, new: NewCustomer) -> Customer:
    """Create a customer with its terms, and assign ``azure_customer_id`` to it in the same transaction.

    Its terms are in force from the beginning. Raises ``Forbidden``, and ``Invalid`` with every faulty field
    by its name in the API (``name``, ``address.street1``, ``tags[0].key``, ``azure_customer_id`` ...).
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()
    faults = _faults_in_itself(new, now)

    def act(connection: Connection) -> Customer:
        scope = Scope.of(connection, caller)
        customer_id = draw_id(connection, customers.c.customer_id)
        found, changing = _judged(scope, new, customer_id, now, faults, hold=True)
        if found:
            raise Invalid("invalid_customer", "No customer was created: correct the fields named here.", found)
        stored = _store(scope, new, customer_id, changing, now)
        accounts = assignments_after(customer_id, changing)
        after = {
            **customer_details(scope, stored),
            "markup_percent": new.markup_percent,
            "azure_customers": accounts,
        }
        record_change(scope, caller, Act.CREATE_CUSTOMER, customer_id, now, after=after)
        return stored

    return installation.database.write(act)


def new_customer_faults(installation: Installation, caller: Caller, new: NewCustomer) -> dict[str, str]:
    """What is wrong with a new customer, by field, as the record stands now; nothing is held."""
    require(caller, Permission.CHANGE)
    now = installation.clock()
    with installation.database.reading() as connection:
        return _judged(Scope.of(connection, caller), new, _NOBODY, now, _faults_in_itself(new, now), hold=False)[0]


def _judged(
    scope: Scope, new: NewCustomer, customer_id: int, now: datetime, faults: Mapping[str, str], hold: bool
) -> tuple[dict[str, str], list[ChangingAccount]]:
    """What is wrong with a new customer, ``faults`` among it, and the assignment that comes with it."""
    found = dict(faults)
    if "name" not in found and is_name_taken(scope, composed(new.name)):
        found["name"] = "is the name of another customer"
    return found, _planned_account(scope, new, customer_id, today_of(now), found, hold)


def _faults_in_itself(new: NewCustomer, now: datetime) -> dict[str, str]:
    faults = only_faults(
        {
            "name": name_fault(new.name),
            "billing_contact": text_fault(new.billing_contact),
            "partner_billing_configuration.folder": folder_fault(new.billing_folder),
            "markup_percent": percent_fault(new.markup_percent, markup_adjustment),
            "fallback_markup_percent": percent_fault(new.fallback_markup_percent, checked_percent),
            "margin_floor_percent": percent_fault(new.margin_floor_percent, margin_floor_factor),
            "home_currency": currency_fault(new.home_currency),
            "trial_expiration_date": trial_fault(new.trial_expiration, now),
        }
    )
    return faults | _address_faults(new) | tag_faults(new.tags)


def _address_faults(new: NewCustomer) -> dict[str, str]:
    if new.address is None or new.address == Address():
        return {"address": "is required"} if new.address_required else {}
    return address_faults(new.address)


def _store(
    scope: Scope, new: NewCustomer, customer_id: int, changing: Sequence[ChangingAccount], now: datetime
) -> Customer:
    customer = Customer(
        customer_id=customer_id,
        name=composed(new.name),
        address=new.address or Address(),
        classification=new.classification,
        trial_expiration=new.trial_expiration,
        billing_contact=new.billing_contact,
        billing_enabled=new.billing_enabled,
        billing_folder=new.billing_folder,
        tags=new.tags,
        generated_external_id=secrets.token_hex(_EXTERNAL_ID_BYTES),
        created_at=now,
        updated_at=now,
    )
    add_customer(scope, customer)
    set_terms(scope, CustomerTerms(customer_id, **{name: getattr(new, name) for name in TERM_NAMES}), ALWAYS)
    if new.markup_percent is not None:
        _give_markup_book(scope, customer_id, new.markup_percent, now)
    store_plans(scope, customer_id, AccountKind.AZURE_CUSTOMER, changing, now)
    stored = find_customer(scope, customer_id, BillingMonth.of(today_of(now)))
    if stored is None:
        raise AssertionError("a customer just stored must be found")
    return stored


def _give_markup_book(scope: Scope, customer_id: int, percent: Decimal, now: datetime) -> None:
    """A price book of the customer's own, with one rule over all its accounts."""
    text = markup_specification(markup_adjustment(percent), now.date())
    specification = Specification(text, SpecificationFormat.XML)
    book_id = add_price_book(scope, f"Markup of customer {customer_id}", specification, ALWAYS, now)
    assignment_id = assign_price_book(scope, customer_id, book_id, ALWAYS, None, now)
    assign_account(scope, customer_id, assignment_id, ALL_ACCOUNTS, ALWAYS, None, now)


def _planned_account(
    scope: Scope, new: NewCustomer, customer_id: int, today: date, faults: dict[str, str], hold: bool
) -> list[ChangingAccount]:
    """The assignment that comes with the customer; what is wrong with it is added to ``faults``."""
    if new.azure_customer_id is None:
        return []
    order = AssignmentOrder(AccountKind.AZURE_CUSTOMER, customer_id, (new.azure_customer_id,))
    try:
        asked = checked_order(order)
    except Invalid as invalid:
        faults["azure_customer_id"] = next(iter(invalid.fields.values()))
        return []
    closed = closed_months(scope, [customer_id])
    known = known_accounts(scope, order.kind, asked, hold)
    histories = histories_of_accounts(scope, [account.account_id for account in known.values()])
    record = ActedOn(new.name, closed, known, histories)
    planned, changing = plan_accounts(scope, Act.ASSIGN_ACCOUNTS, order, asked, record, today)
    for one in planned:
        if isinstance(one.plan, Fault):
            faults["azure_customer_id"] = fault_sentence(order.kind, one.plan)
    return changing
