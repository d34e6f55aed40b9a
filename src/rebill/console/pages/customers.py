"""Customers: find one, make one, change it; its terms, accounts and statements on one page."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from rebill.console.as_shown import mark_seen, shown
from rebill.console.pages.accounts import KIND_WORDS
from rebill.console.pages.letterhead import ADDRESS_OF_CUSTOMER, address_given, address_now
from rebill.console.route import PageRoute
from rebill.console.showing import exact, words
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.customer import Customer, CustomerChange, NewCustomer, TermsChange
from rebill.model.errors import ChangedMeanwhile, Invalid, Refusal
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page as ListPage
from rebill.model.money import parse_decimal
from rebill.model.party import Address, Classification
from rebill.model.statement import StatementFilter
from rebill.model.terms import GUARD_NAMES, Basis, CommitmentsPolicy, CustomerTerms, LateCostTerm
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import list_statements
from rebill.services.billing.read_ties import read_ties
from rebill.services.parties.browse_accounts import AccountSearch, find_accounts
from rebill.services.parties.change_customer import change_customer, facts_and_terms
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.find_customers import find_customers
from rebill.services.parties.read_customers import get_customer
from rebill.services.parties.read_terms import get_terms
from rebill.services.parties.tax_rules import list_tax_rules

_PER_PAGE = 50
_SHOWN = 12
_CHOICES: Mapping[str, type[StrEnum]] = {
    "basis": Basis,
    "commitments": CommitmentsPolicy,
    "late_cost": LateCostTerm,
    "classification": Classification,
}
_GUARD_WORDS: Mapping[bool | None, str] = {None: "", True: "yes", False: "no"}
_BOXES = ("billing_enabled", "carry_forward")
"""Those of the form of terms."""
Word = TypeVar("Word", bound=StrEnum)


def show_customers(visit: Visit) -> Page:
    """The customers whose names hold a text."""
    number = max(visit.query.number("page") or 1, 1)
    text = visit.query.text("text")
    found = find_customers(visit.installation, visit.caller, text, number, _PER_PAGE)
    values = {
        "found": found,
        "text": text,
        "number": number,
        "more": found.total > number * _PER_PAGE,
    }
    return Page("customers.html", values)


def show_customer(visit: Visit) -> Page:
    """One customer."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None) -> Page:
    installation, caller, customer_id = visit.installation, visit.caller, visit.ids["customer_id"]
    customer = get_customer(installation, caller, customer_id)
    agreed = get_terms(installation, caller, customer_id)
    page = ListPage(per_page=_SHOWN, after_id=0)
    kinds = (AccountKind.AZURE_CUSTOMER, AccountKind.SUBSCRIPTION)
    searches = [AccountSearch(kind, customer_id=customer_id) for kind in kinds]
    accounts = [(KIND_WORDS[one.kind], one.kind, find_accounts(installation, caller, one, page)) for one in searches]
    wanted = StatementFilter(customer_id, with_notes=True)
    statements = list_statements(installation, caller, ListPage(per_page=36), wanted)
    terms = list(agreed.by_month.items())
    now = _standing(customer, terms[-1][1])
    boxes = {name: getattr(terms[-1][1], name) for name in _BOXES} if visit.form.has("terms") else {}
    form = shown(visit, facts_and_terms(customer, agreed.by_month.values()), {**now, **boxes}, refusal)
    values = {
        "customer": customer,
        "terms": terms,
        "latest": terms[-1][1],
        "agreed": agreed,
        "accounts": accounts,
        "ties": read_ties(installation, caller, [one.record.statement_id for one in statements.items]),
        "statements": sorted(statements.items, key=lambda one: str(one.record.statement.month), reverse=True),
        "tax_rules": list_tax_rules(installation, caller, customer_id),
        "address": ADDRESS_OF_CUSTOMER,
        "address_lines": [part for part in vars(customer.address).values() if part],
        "now": now,
        "choices": _choices(),
        "refusal": refusal,
        "faults": form.faults,
        "as_shown": form.mark,
    }
    return Page("customer.html", values, form.status)


def _standing(customer: Customer, latest: CustomerTerms) -> dict[str, str]:
    """What the fields of the two forms say of a customer and its latest terms."""
    floor = latest.margin_floor_percent
    return {
        **address_now(customer.address),
        "name": customer.name,
        "billing_contact": customer.billing_contact,
        "partner_billing_configuration.folder": customer.billing_folder,
        "classification": customer.classification.value,
        "basis": latest.basis.value,
        "commitments": latest.commitments.value,
        "fallback_markup_percent": exact(latest.fallback_markup_percent),
        "cap_at_list": _GUARD_WORDS[latest.cap_at_list],
        "floor_at_cost": _GUARD_WORDS[latest.floor_at_cost],
        "margin_floor_percent": "" if floor is None else exact(floor),
        "home_currency": latest.home_currency or "",
        "late_cost": latest.late_cost.value,
    }


def show_new_customer(visit: Visit) -> Page:
    """A form for a new customer."""
    return _new(visit)


def _new(visit: Visit, refusal: Refusal | None = None) -> Page:
    values = {
        "choices": _choices(),
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
        "address": ADDRESS_OF_CUSTOMER,
        "now": address_now(Address()),
    }
    return Page("customer_new.html", values, 200 if refusal is None else 422)


def make_customer(visit: Visit) -> PageAnswer:
    """Make a customer."""
    form = visit.form
    try:
        address = Address(**address_given(form))
        new = NewCustomer(
            form.text("name"),
            None if address == Address() else address,
            classification=_word(form, "classification", Classification),
            billing_contact=form.text("billing_contact"),
            billing_enabled=form.has("billing_enabled"),
            basis=_word(form, "basis", Basis),
            commitments=_word(form, "commitments", CommitmentsPolicy),
            markup_percent=_percent(form, "markup_percent"),
        )
        customer = create_customer(visit.installation, visit.caller, new)
    except Invalid as refusal:
        return _new(visit, refusal)
    return Redirect(f"/customers/{customer.customer_id}", f"{customer.name} is a customer now.")


def alter_customer(visit: Visit) -> PageAnswer:
    """Change who a customer is, or its terms from a month on."""
    form, customer_id = visit.form, visit.ids["customer_id"]
    try:
        change = _terms_change(visit) if form.has("terms") else _facts_change(form)
        customer = change_customer(visit.installation, visit.caller, customer_id, change, mark_seen(visit))
    except (Invalid, ChangedMeanwhile) as refusal:
        return _shown(visit, refusal)
    return Redirect(f"/customers/{customer_id}", f"{customer.name} is changed.")


def _facts_change(form: Fields) -> CustomerChange:
    return CustomerChange(
        name=form.text("name"),
        address=address_given(form),
        classification=_word(form, "classification", Classification),
        billing_contact=form.text("billing_contact"),
        billing_folder=form.text("partner_billing_configuration.folder"),
    )


def _terms_change(visit: Visit) -> CustomerChange:
    """Only what differs from the latest terms: another month's stay as they are."""
    form = visit.form
    agreed = get_terms(visit.installation, visit.caller, visit.ids["customer_id"])
    latest = list(agreed.by_month.values())[-1]
    wanted: dict[str, Any] = {
        "billing_enabled": form.has("billing_enabled"),
        "basis": _word(form, "basis", Basis),
        "commitments": _word(form, "commitments", CommitmentsPolicy),
        "fallback_markup_percent": _percent(form, "fallback_markup_percent") or Decimal(0),
        "carry_forward": form.has("carry_forward"),
        "late_cost": _word(form, "late_cost", LateCostTerm),
        "cap_at_list": _own_guard(form, "cap_at_list"),
        "floor_at_cost": _own_guard(form, "floor_at_cost"),
        "margin_floor_percent": _percent(form, "margin_floor_percent"),
        "home_currency": form.text("home_currency") or None,
    }
    given = {name: value for name, value in wanted.items() if value != getattr(latest, name)}
    as_partner = tuple(name for name in (*GUARD_NAMES, "home_currency") if name in given and given[name] is None)
    return CustomerChange(terms=TermsChange(**given, from_month=form.month("from_month"), as_partner=as_partner))


def _own_guard(form: Fields, name: str) -> bool | None:
    """Whether a guard holds; ``None``: as the partner's guards say."""
    return next((holds for holds, word in _GUARD_WORDS.items() if word == form.text(name)), None)


def _word(form: Fields, name: str, kind: type[Word]) -> Word:
    given = form.text(name)
    if given not in list(kind):
        raise Invalid("invalid_customer", "Nothing was done.", {name: f"must be one of {', '.join(kind)}"})
    return kind(given)


def _percent(form: Fields, name: str) -> Decimal | None:
    text = form.text(name)
    try:
        return parse_decimal(text) if text else None
    except ValueError:
        fields = {name: "must be a number, such as 12.5"}
        raise Invalid("invalid_customer", "Nothing was done: correct the fields named here.", fields) from None


def _choices() -> Mapping[str, list[tuple[str, str]]]:
    found = {name: [(one.value, words(one)) for one in kind] for name, kind in _CHOICES.items()}
    return {**found, "own_guard": [("", "as the partner's guards say"), ("yes", "yes"), ("no", "no")]}


ROUTES = (
    PageRoute("GET", "/customers", show_customers, Permission.READ, "customers"),
    PageRoute("GET", "/customers/new", show_new_customer, Permission.CHANGE, "customers"),
    PageRoute("POST", "/customers/new", make_customer, Permission.CHANGE, "customers", Act.CREATE_CUSTOMER),
    PageRoute("GET", "/customers/{customer_id}", show_customer, Permission.READ, "customers"),
    PageRoute("POST", "/customers/{customer_id}", alter_customer, Permission.CHANGE, "customers", Act.CHANGE_CUSTOMER),
)
