"""Letterhead: what documents and the portal show of the partner, and to one customer otherwise."""

import base64
from collections.abc import Mapping
from typing import Any

from rebill.console.as_shown import mark_seen, shown
from rebill.console.route import PageRoute
from rebill.console.visit import Download, Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.errors import ChangedMeanwhile, Invalid, NotFound, Refusal
from rebill.model.particulars import BillingDetails, Letterhead
from rebill.model.party import Address
from rebill.services.acting.permission import Permission
from rebill.services.parties.billing_details import (
    BillingDetailsChange,
    change_billing_details,
    get_billing_details,
)
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead, get_letterhead
from rebill.services.parties.portal_look import partners_logo
from rebill.services.parties.read_customers import get_customer

Field = tuple[str, str, str]
"""Its name, its words on the page, and what it needs to be told."""
_LETTERHEAD: tuple[Field, ...] = (
    ("legal_name", "Legal name", "Empty: the partner’s name."),
    ("tax_id", "Tax number", "Country in front: DE136695976."),
    ("registration_id", "Number in the register of companies", ""),
    ("contact", "Whom to ask", ""),
    ("email", "E-mail address", ""),
    ("phone", "Telephone", ""),
    ("iban", "Account (IBAN)", ""),
    ("bic", "Its bank (BIC)", ""),
    ("payment_days", "Days to pay in", "Empty: on receipt."),
    ("language", "Language of documents", "Such as en, de or fr-CH."),
    ("footer", "Below every page of a document", ""),
)
ADDRESS: tuple[Field, ...] = (
    ("address.street1", "Street", ""),
    ("address.street2", "Street, second line", ""),
    ("address.zipcode", "Postal code", ""),
    ("address.city", "City", ""),
    ("address.state", "State", ""),
    ("address.country", "Country", "Its name or its ISO 3166 code."),
)
"""The parts of an address, of the letterhead and of customers."""
_NEEDED_STATE = "Needed with an address; where there are no states, the region."
ADDRESS_OF_CUSTOMER = tuple(
    (name, words, _NEEDED_STATE if name == "address.state" else hint) for name, words, hint in ADDRESS
)
"""The same, as a customer's forms ask for them: whole, or not at all."""
_DETAILS: tuple[Field, ...] = (
    ("legal_name", "Legal name", "Empty: the customer’s name."),
    ("country", "Country", "Its ISO 3166 code, where the address tells none."),
    ("tax_id", "Tax number", "Country in front: FR40303265045."),
    ("registration_id", "Number in the register of companies", ""),
    ("buyer_reference", "What it finds documents by", "An order, a department."),
    ("language", "Language of documents", "Empty: the letterhead’s."),
    ("email", "Where documents are sent to", "Several parted by commas."),
)
_LOOK: tuple[Field, ...] = (
    ("portal_title", "Above the portal", "Empty: the legal name."),
    ("portal_welcome", "Above its statements", "A sentence of your own."),
)
_OWN_LOOK: tuple[Field, ...] = (
    ("portal_title", "Above its portal", "Empty: as for everybody."),
    ("portal_welcome", "Above its statements", "Empty: as for everybody."),
)
FIELD_LABELS = {name: words for name, words, _ in (*_DETAILS, *_LETTERHEAD, *_LOOK, *ADDRESS)}
"""The words of the fields by their names."""


def address_now(address: Address) -> Mapping[str, str]:
    """An address as its fields on a page show it."""
    return {f"address.{name}": value for name, value in vars(address).items()}


def address_given(form: Fields) -> Mapping[str, str]:
    """The parts of an address that a form tells, by their names."""
    return {name.removeprefix("address."): form.text(name) for name, _, _ in ADDRESS if name in form.values}


def show_letterhead(visit: Visit) -> Page:
    """The letterhead as it is."""
    return _letterhead(visit)


def _letterhead(visit: Visit, refusal: Refusal | None = None) -> Page:
    kept = get_letterhead(visit.installation, visit.caller)
    now = {**vars(kept), **address_now(kept.address)}
    now["payment_days"] = "" if kept.payment_days is None else str(kept.payment_days)
    values = {"fields": _LETTERHEAD, "address": ADDRESS, "look": _LOOK}
    return _page("letterhead.html", visit, kept, now, refusal, values)


def alter_letterhead(visit: Visit) -> PageAnswer:
    """Change the letterhead."""
    form = visit.form
    try:
        given: dict[str, Any] = _given(form, (*_LETTERHEAD, *_LOOK))
        if "payment_days" in given:
            given["payment_days"] = _payment_days(form)
        change = LetterheadChange(given, address_given(form), _logo(form))
        change_letterhead(visit.installation, visit.caller, change, mark_seen(visit))
    except (Invalid, ChangedMeanwhile) as refusal:
        return _letterhead(visit, refusal)
    return Redirect("/settings/letterhead", "The letterhead is changed; what is issued stays as it is.")


def show_details(visit: Visit) -> Page:
    """What one customer's documents and portal show."""
    return _details(visit)


def _details(visit: Visit, refusal: Refusal | None = None) -> Page:
    customer_id = visit.ids["customer_id"]
    kept = get_billing_details(visit.installation, visit.caller, customer_id)
    customer = get_customer(visit.installation, visit.caller, customer_id)
    values = {"customer": customer, "fields": _DETAILS, "look": _OWN_LOOK}
    return _page("billing_details.html", visit, kept, vars(kept), refusal, values)


def _page(
    template: str,
    visit: Visit,
    kept: Letterhead | BillingDetails,
    now: Mapping[str, Any],
    refusal: Refusal | None,
    values: Mapping[str, object],
) -> Page:
    """A form of what stands by ``now`` in its fields, as it is or as it was refused."""
    asked = [name for name, _, _ in (*_LETTERHEAD, *ADDRESS, *_DETAILS, *_LOOK) if name in now]
    colors = ["color"] if visit.form.has("own_color") else []
    form = shown(visit, kept, {name: now[name] for name in (*asked, *colors)}, refusal)
    told = {"refusal": refusal, "faults": form.faults, "as_shown": form.mark}
    return Page(template, {"shown": kept, "now": now, **told, **values}, form.status)


def alter_details(visit: Visit) -> PageAnswer:
    """Change what one customer's documents and portal show."""
    form, customer_id = visit.form, visit.ids["customer_id"]
    try:
        change = BillingDetailsChange(_given(form, (*_DETAILS, *_OWN_LOOK)), _logo(form))
        change_billing_details(visit.installation, visit.caller, customer_id, change, mark_seen(visit))
    except (Invalid, ChangedMeanwhile) as refusal:
        return _details(visit, refusal)
    return Redirect(f"/customers/{customer_id}/details", "Changed; what is issued stays as it is.")


def give_logo(visit: Visit) -> Download:
    """The letterhead's picture."""
    sha256 = get_letterhead(visit.installation, visit.caller).logo_sha256
    return _picture(visit, sha256)


def give_own_logo(visit: Visit) -> Download:
    """The picture that one customer is shown instead."""
    details = get_billing_details(visit.installation, visit.caller, visit.ids["customer_id"])
    return _picture(visit, details.logo_sha256)


def _picture(visit: Visit, sha256: str) -> Download:
    if not sha256:
        raise NotFound("logo_not_found", "There is no logo: the letterhead takes one.")
    logo = partners_logo(visit.installation, visit.caller, sha256)
    return Download(logo.content, logo.media_type, "logo", is_part_of_page=True)


def _given(form: Fields, fields: tuple[Field, ...]) -> dict[str, str]:
    given = {name: form.text(name) for name, _, _ in fields if name in form.values}
    if "color" in form.values:
        given["color"] = form.text("color") if form.has("own_color") else ""
    return given


def _payment_days(form: Fields) -> int:
    if not form.has("payment_days"):
        return -1
    days = form.number("payment_days")
    if days is None:
        fields = {"payment_days": "must be a number of days, or empty"}
        raise Invalid("invalid_letterhead", "Nothing was changed: correct the fields named here.", fields)
    return days


def _logo(form: Fields) -> str | None:
    """The picture that was chosen, in base64; ``""`` takes away what there is, ``None`` leaves it."""
    file = form.files.get("logo")
    if file is not None:
        return base64.b64encode(file.content).decode("ascii")
    return "" if form.has("no_logo") else None


_ADMINISTER, _CHANGE = Permission.ADMINISTER, Permission.CHANGE
_OF_CUSTOMER = "/customers/{customer_id}/details"
ROUTES = (
    PageRoute("GET", "/settings/letterhead", show_letterhead, Permission.READ_ADMINISTRATION, "settings"),
    PageRoute(
        "POST",
        "/settings/letterhead",
        alter_letterhead,
        _ADMINISTER,
        "settings",
        Act.CHANGE_LETTERHEAD,
        takes_files=True,
    ),
    PageRoute("GET", "/settings/letterhead/logo", give_logo, Permission.READ, "settings"),
    PageRoute("GET", _OF_CUSTOMER, show_details, Permission.READ, "customers"),
    PageRoute("POST", _OF_CUSTOMER, alter_details, _CHANGE, "customers", Act.CHANGE_BILLING_DETAILS, takes_files=True),
    PageRoute("GET", f"{_OF_CUSTOMER}/logo", give_own_logo, Permission.READ, "customers"),
)
