"""Two pages of one form are open: the second to be sent overwrites nothing of the first unknowingly."""

from collections.abc import Callable, Mapping

import pytest

from rebill.services.parties.letterhead import get_letterhead
from tests.console.conftest import Office
from tests.console.test_every_page import BOOK
from tests.console.test_prices import FEE
from tests.console.visitor import SAME_SITE, Form, Visitor


def _letterhead(office: Office, admin: Visitor) -> str:
    return "/settings/letterhead"


def _details(office: Office, admin: Visitor) -> str:
    return f"/customers/{office.own}/details"


def _customer(office: Office, admin: Visitor) -> str:
    return f"/customers/{office.own}"


def _settings(office: Office, admin: Visitor) -> str:
    return "/settings"


def _book(office: Office, admin: Visitor) -> str:
    admin.open("/price-books/new")
    return admin.send("/price-books/new", book_name="Ten", specification=BOOK).path


def _rule(office: Office, admin: Visitor) -> str:
    admin.open("/billing-rules/new")
    return admin.send("/billing-rules/new", **FEE).path


Place = Callable[[Office, Visitor], str]


def _form(admin: Visitor, place: str, field: str) -> Form:
    found = [one for one in admin.open(place).forms if one.action == place]
    return next((one for one in found if field in one.names), found[0])


@pytest.mark.parametrize(
    ("place_of", "first", "second", "told"),
    [
        (_letterhead, {"phone": "030 1"}, {"contact": "Ada"}, "Telephone is by now: 030 1"),
        (_letterhead, {"legal_name": "One Ltd"}, {"legal_name": "Two Ltd"}, "Legal name is by now: One Ltd"),
        (_details, {"buyer_reference": "PO-1"}, {"tax_id": "DE136695976"}, "is by now: PO-1"),
        (_customer, {"billing_contact": "Ada"}, {"name": "Indigo Inc"}, "Billing contact is by now: Ada"),
        (_customer, {"basis": "billed"}, {"late_cost": "next"}, "is by now: billed"),
        (_settings, {"close_day": "7"}, {"currency": "EUR"}, "is by now: 7"),
        (_settings, {"needs_approval": "yes"}, {"close_day": "9"}, "approves what is issued is by now: ticked"),
        (_customer, {"basis": "billed", "carry_forward": "yes"}, {"late_cost": "next"}, "is by now: ticked"),
        (_book, {"book_name": "Eleven"}, {"book_name": "Twelve"}, "is by now: Eleven"),
        (_book, {"specification": BOOK + "\n"}, {"book_name": "Twelve"}, "How it stands by now"),
        (_rule, {"fee": "12"}, {"product_name": "Looking after"}, "is by now: 12"),
    ],
)
def test_who_comes_second_is_told_and_may_then_have_it_so(
    office: Office, admin: Visitor, place_of: Place, first: Mapping[str, str], second: Mapping[str, str], told: str
) -> None:
    place = place_of(office, admin)
    (one, other) = (_form(admin, place, next(iter(values))) for values in (first, second))
    assert admin.send_form(one, SAME_SITE, **first).status == 200
    refused = admin.send_form(other, SAME_SITE, **second)
    assert refused.status == 409
    assert told in refused.text
    again = next(form for form in refused.forms if form.action == place and next(iter(second)) in form.names)
    assert second.items() <= dict(again.fields).items()
    assert admin.send_form(again, SAME_SITE).status == 200
    stands = dict(_form(admin, place, next(iter(second))).fields)
    assert second.items() <= stands.items()


def test_what_is_corrected_after_a_fault_still_overwrites_nobody(office: Office, admin: Visitor) -> None:
    """A form that is refused for a fault goes on bearing what its sender saw first."""
    place = "/settings/letterhead"
    form = _form(admin, place, "phone")
    faulty = admin.send_form(form, SAME_SITE, iban="DE00")
    assert faulty.status == 422
    other = _form(admin, place, "phone")
    assert admin.send_form(other, SAME_SITE, phone="030 1").status == 200
    refused = admin.send_form(faulty.form(place), SAME_SITE, iban="")
    assert refused.status == 409
    assert get_letterhead(office.installation, office.partner).phone == "030 1"


def test_the_boxes_of_a_refused_form_stay_as_they_were_ticked(office: Office, admin: Visitor) -> None:
    refused = admin.send_form(_form(admin, "/settings", "currency"), SAME_SITE, needs_approval="yes", currency="?")
    assert refused.status == 422
    assert dict(refused.form("/settings").fields)["needs_approval"] == "yes"
    place = f"/customers/{office.own}"
    form = _form(admin, place, "basis")
    unticked = Form(form.action, form.method, [one for one in form.fields if one[0] != "billing_enabled"])
    refused = admin.send_form(unticked, SAME_SITE, carry_forward="yes", home_currency="?")
    assert refused.status == 422
    (again,) = [one for one in refused.forms if "basis" in one.names]
    assert "billing_enabled" not in again.names
    assert dict(again.fields)["carry_forward"] == "yes"
