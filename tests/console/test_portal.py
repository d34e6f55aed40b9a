"""The portal shows a customer its own, and the console is not there for it: every page is searched for secrets."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.console.routes import ROUTES
from rebill.model.customer import CustomerChange
from rebill.model.months import BillingMonth
from rebill.model.party import Classification, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.change_customer import change_customer
from tests.api.leak_search import Secret
from tests.beginnings import Beginnings
from tests.console.conftest import Office, office_begins, office_of
from tests.console.visitor import SAME_SITE, Visitor
from tests.documents.test_statement_pdf import PICTURE
from tests.services.accountant import begun
from tests.services.months import Month, charge, stored

COST, LISTED = Decimal("88919331.1347"), Decimal("99731177.7129")
NEIGHBOURS_COST, NEIGHBOURS_LISTED = Decimal("77120913.5513"), Decimal("86120417.3391")
OTHER_COST, OTHER_LISTED = Decimal("110.50"), Decimal(132)
"""Of the customer's other charges."""
MONTH = BillingMonth(2024, 9)


@pytest.fixture
def office(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Office:
    """The office with a month of figures and names that stand nowhere else, run."""
    return office_of(begun(beginnings, installation, tmp_path, "an office with plants", _planted_office_begins))


def _planted_office_begins(month: Month) -> None:
    office_begins(month)
    month.cost(
        charge("2024-09-03", str(COST), str(LISTED), SubAccountId="zinc-own"),
        charge("2024-09-05", str(NEIGHBOURS_COST), str(NEIGHBOURS_LISTED), SubAccountId="zebra-neighbours"),
        scope="zenith-export",
        name="zircon-delivery.csv",
    )
    own, neighbour = (customer.customer_id for customer in month.customers.values())
    month.subscriptions(own, "zinc-own")
    month.subscriptions(neighbour, "zebra-neighbours")
    run_bill(month.installation, month.caller, MONTH)


@pytest.fixture
def planted(office: Office) -> Office:
    """The office, by what it is searched for."""
    return office


@pytest.fixture
def customer(planted: Office, stranger: Visitor) -> Visitor:
    """A visitor who signed in for the customer."""
    stranger.sign_in(planted.key(Role.CUSTOMER_READ_ONLY, planted.own))
    return stranger


def _secrets() -> Iterator[Secret]:
    cost, price = COST + OTHER_COST, (LISTED + OTHER_LISTED).quantize(Decimal("0.01"))
    numbers = {
        "the cost of a charge": COST,
        "the partner's cost": cost,
        "the margin": price - cost,
        "the margin in percent": (price - cost) / price * 100,
        "the neighbour's cost": NEIGHBOURS_COST,
        "the neighbour's price": NEIGHBOURS_LISTED + 40,
        "everybody's price": LISTED + NEIGHBOURS_LISTED + OTHER_LISTED + 40,
    }
    names = ("Neighbour Ltd", "zebra-neighbours", "subscription-nobody")
    texts = (*names, "zircon-delivery", "zenith-export", "Traceback")
    yield from (Secret.number(name, value) for name, value in numbers.items())
    yield from (Secret.text(text, text) for text in texts)


def _paths(office: Office) -> Iterator[tuple[str, str]]:
    """Every page with every id that exists and one that does not, as (method, path)."""
    ids = [str(one.statement_id) for one in stored(office.installation, office.partner)]
    ids += [str(office.own), str(office.neighbour), "1", "999999999"]
    for route in ROUTES:
        names = route.path.count("{")
        for one in ids if names else [""]:
            path = route.path
            while "{" in path:
                start, end = path.index("{"), path.index("}")
                path = path[:start] + one + path[end + 1 :]
            yield route.method, path
            yield "GET", f"{path}?month=2024-09&text=e&of={office.neighbour}&page=1&after=1&order=price"


def test_nothing_planted_is_in_anything_that_a_customers_session_reaches(planted: Office, customer: Visitor) -> None:
    secrets = list(_secrets())
    home = customer.open("/portal")
    assert "Indigo" in home.text
    statuses: set[int] = set()
    token = next(value for form in home.forms for name, value in form.fields if name == "form_token")
    for method, path in _paths(planted):
        body = {"form_token": token, "once": "once", "month": "2024-09", "reason": "x"}
        for headers in ({}, {"HX-Request": "true"}):
            given = {**SAME_SITE, **headers}
            answer = customer.request(method, path, data=body if method == "POST" else None, headers=given)
            statuses.add(answer.status_code)
            told = answer.text + "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
            for secret in secrets:
                assert not secret.stands_in(told), (secret.name, method, path)
            if not path.startswith("/portal") and path.split("?")[0] != "/":
                assert answer.status_code in (404, 403), path
    assert statuses >= {200, 303, 404}


def test_the_search_would_find_what_leaks(planted: Office, admin: Visitor) -> None:
    found = set()
    for method, path in _paths(planted):
        if method == "GET":
            told = admin.request("GET", path).text
            found |= {secret.name for secret in _secrets() if secret.stands_in(told)}
    assert found >= {"the partner's cost", "the margin", "the neighbour's price", "Neighbour Ltd", "zebra-neighbours"}


def test_a_customer_sees_its_own_statement_by_day_and_service_and_takes_it_as_a_file(
    planted: Office, customer: Visitor
) -> None:
    (own,) = [one for one in stored(planted.installation, planted.partner) if one.statement.customer_id == planted.own]
    page = customer.open(f"/portal/statements/{own.statement_id}")
    assert "99,731,309.71 USD" in page.text
    assert "Why this price?" not in page.text
    assert "September 3, 2024" in customer.open(f"/portal/statements/{own.statement_id}/days").text
    file = customer.open(f"/portal/statements/{own.statement_id}/csv").answer
    assert 'attachment; filename="statement-2024-09-estimated-USD.csv"' in file.headers["content-disposition"]
    assert str(own.statement_id) not in file.headers["content-disposition"]
    data = customer.open(f"/portal/statements/{own.statement_id}/focus").answer
    assert 'filename="statement-2024-09-estimated-USD.focus.csv"' in data.headers["content-disposition"]
    assert "99731177.71" in file.text
    assert "99,731,309.71" in customer.open("/portal/cost").text


def test_a_customer_without_access_has_no_portal(planted: Office, customer: Visitor) -> None:
    assert customer.open("/portal").path == "/portal"
    change = CustomerChange(classification=Classification.MANAGED_WITHOUT_ACCESS)
    change_customer(planted.installation, planted.partner, planted.own, change)
    assert customer.open("/portal").path.startswith("/sign-in")


def test_a_portal_looks_as_its_partner_wants(planted: Office, admin: Visitor, customer: Visitor) -> None:
    admin.sign_in(planted.key())
    admin.open("/settings/letterhead")
    wrong = admin.upload("/settings/letterhead", "logo", "logo.png", b"<svg/>", own_color="yes", color="#ffee00")
    assert wrong.status == 422
    assert "must be a PNG or JPEG picture" in wrong.text
    assert "#ffee00" in wrong.answer.text, "what was typed is kept"
    words = {"portal_welcome": "Good <day>", "portal_title": "Cloud & Co", "email": "ask@partner.example"}
    done = admin.upload("/settings/letterhead", "logo", "logo.png", PICTURE, own_color="yes", color="#ffee00", **words)
    assert "The letterhead is changed" in done.text
    assert admin.ask("/settings/letterhead/logo").content == PICTURE
    customer.sign_in(planted.key(Role.CUSTOMER_READ_ONLY, planted.own))
    home = customer.open("/portal")
    assert "Good <day>" in home.text
    assert "Cloud & Co" in home.text
    assert "ask@partner.example" in home.text
    logo = customer.ask("/portal/logo")
    assert (logo.content, logo.headers["content-type"]) == (PICTURE, "image/png")
    assert "unsafe" not in home.answer.headers["content-security-policy"]
    sheet = customer.ask("/portal/look.css").text
    assert "#ffee00" in sheet, "by night it is readable as it is"
    assert sheet.index("#ffee00") > sheet.index("dark) {"), "by day it is not"


def test_one_customers_portal_looks_otherwise(planted: Office, admin: Visitor) -> None:
    admin.sign_in(planted.key())
    place = f"/customers/{planted.own}/details"
    admin.open(place)
    assert admin.send(place, tax_id="XX", portal_title="Indigo Cloud").status == 422
    assert "Changed" in admin.upload(place, "logo", "l.png", PICTURE, tax_id="", portal_title="Indigo Cloud").text
    assert admin.ask(f"{place}/logo").content == PICTURE
    for customer_id, title, status in ((planted.own, "Indigo Cloud", 200), (planted.neighbour, "First Partner", 404)):
        admin.sign_in(planted.key(Role.CUSTOMER_READ_ONLY, customer_id))
        assert title in admin.open("/portal").text
        assert admin.ask("/portal/logo").status_code == status


def test_the_data_set_and_the_cost_of_a_month_are_the_customers_own(planted: Office, customer: Visitor) -> None:
    (own,) = [one for one in stored(planted.installation, planted.partner) if one.statement.customer_id == planted.own]
    for form in ("focus", "focus-parquet"):
        assert (
            f"/portal/statements/{own.statement_id}/{form}"
            in customer.open(f"/portal/statements/{own.statement_id}").answer.text
        )
    told = customer.ask(f"/portal/statements/{own.statement_id}/focus")
    assert "BilledCost" in told.text
    assert customer.ask(f"/portal/statements/{own.statement_id}/focus-parquet").content.startswith(b"PAR1")
    cost = customer.open("/portal/cost?month=2024-09").text
    assert "zinc-own" in cost
    assert "Storage" in cost
    assert "Show what each day comes to" in cost
    assert "September 2024" in cost
