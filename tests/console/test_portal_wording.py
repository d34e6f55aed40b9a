"""The portal speaks the language that its customer's documents are in, and writes numbers and days as they do."""

import re
import socket
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.console import rendering
from rebill.console.portal_wording import LANGUAGES, WORDS, refusal_words, said_in
from rebill.console.protection import LANGUAGE_COOKIE, SESSION_COOKIE
from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead
from rebill.services.parties.tax_rules import set_tax_rule
from rebill.settings import Settings
from rebill.store.database import Database
from tests.beginnings import Beginnings
from tests.console.conftest import OWN, Office, office_begins, office_of
from tests.console.visitor import Visitor, visiting
from tests.services.accountant import begun
from tests.services.months import Month, charge, stored

MONTH = BillingMonth(2024, 9)
TEMPLATES = Path(rendering.__file__).parent / "templates"


@pytest.fixture
def office(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Office:
    """The office when Indigo's September is run."""
    return office_of(begun(beginnings, installation, tmp_path, "an office with a run", _run_office_begins))


def _run_office_begins(month: Month) -> None:
    office_begins(month)
    month.cost(charge("2024-09-07", "12000", "12345.67", SubAccountId=OWN), scope="more", name="more.csv")
    run_bill(month.installation, month.caller, MONTH)


@pytest.fixture
def customer(office: Office, stranger: Visitor) -> Visitor:
    """A visitor for Indigo."""
    stranger.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.own))
    return stranger


def _speak(office: Office, language: str) -> None:
    change = BillingDetailsChange({"language": language})
    change_billing_details(office.installation, office.partner, office.own, change)


def _pages(office: Office) -> list[str]:
    (own,) = (
        one.statement_id
        for one in stored(office.installation, office.partner)
        if one.statement.customer_id == office.own
    )
    one = f"/portal/statements/{own}"
    return ["/portal", "/portal/cost", one, f"{one}/days"]


def test_every_word_that_templates_say_is_there_in_every_language() -> None:
    said = {
        found
        for file in TEMPLATES.glob("*.html")
        for inner in re.findall(r"say\(([^{}]*?)\)", file.read_text(encoding="utf-8"))
        for found in re.findall(r'"([^"]+)"', inner)
    }
    assert len(said) > 50
    assert said - {"de"} <= WORDS.keys()
    assert {len(words) for words in WORDS.values()} == {len(LANGUAGES)}


@pytest.mark.parametrize(
    ("tag", "language", "total", "month", "words"),
    [
        ("de", "de", "12.477,67", "September 2024", ("Abrechnungen", "Abmelden", "Nach Dienst", "Verbrauch")),
        ("fr-CA", "fr", "12\xa0477,67", "septembre 2024", ("Relevés", "Se déconnecter", "Par service", "Consommation")),
        ("nl", "en", "12.477,67", "2024-09", ("Statements", "Sign out", "By service", "Usage")),
        ("en", "en", "12,477.67", "September 2024", ("Statements", "Sign out", "By service", "Usage")),
    ],
)
def test_a_portal_is_in_its_customers_language(
    tag: str, language: str, total: str, month: str, words: tuple[str, ...], office: Office, customer: Visitor
) -> None:
    _speak(office, tag)
    shown = [customer.open(path) for path in _pages(office)]
    told = " ".join(page.text for page in shown)
    assert {page.status for page in shown} == {200}
    assert all(f'<html lang="{language}">' in page.answer.text for page in shown)
    for word in (*words, month):
        assert word in told
    assert total.replace("\xa0", " ") in re.sub(r"[\u00a0\u202f]", " ", told)
    assert ("2024-09" in told) is (tag == "nl"), "no month and no day is a number where there are words"
    if language != "en":
        left = {
            one for one in WORDS if len(one) > 5 and said_in(language, one) != one and re.search(rf"\b{one}\b", told)
        }
        assert left == set()


def test_a_credit_that_is_carried_is_told_in_the_customers_language(office: Office, customer: Visitor) -> None:
    carries = CustomerChange(terms=TermsChange(carry_forward=True))
    change_customer(office.installation, office.partner, office.own, carries)
    office.month.cost(charge("2024-09-08", "-30000", "-30000", SubAccountId=OWN), scope="credit", name="credit.csv")
    run_bill(office.installation, office.partner, MONTH)
    _speak(office, "fr")
    cost, statement = (customer.open(path).text for path in _pages(office)[1:3])
    for told in (cost, statement):
        assert "report sur la prochaine facture" in told
        assert "carried forward" not in told
    assert "Par mois, en USD Rien." in cost, "months that come to nothing have no chart"


def test_whoever_signs_in_with_a_key_is_addressed_as_the_customer(office: Office, customer: Visitor) -> None:
    told = customer.open("/portal").text
    assert "Holder of" not in told
    assert "Indigo" in told.partition("Sign out")[0]
    assert "September 2024" in told


def _issued(office: Office) -> str:
    order = ClosingOrder(ClosingAct.FINALIZE, MONTH, reason="All is well")
    finalize_month(office.installation, office.partner, order)
    return _pages(office)[2]


def test_an_electronic_invoice_is_offered_where_there_is_one_and_else_not_a_word_of_it(
    office: Office, customer: Visitor
) -> None:
    _speak(office, "de")
    estimated = customer.open(_pages(office)[2]).text
    page = _issued(office)
    lacking = customer.open(page).text
    assert "E-Rechnung" not in estimated + lacking
    refused = customer.open(f"{page}/cii")
    assert refused.status == 409
    assert "Zu diesem Dokument gibt es keine E-Rechnung." in refused.text
    assert not re.search(r"EN 16931|letterhead|finalize|docs/", refused.text)


def test_an_electronic_invoice_that_can_be_had_is_given(office: Office, customer: Visitor) -> None:
    installation, partner = office.installation, office.partner
    address = {"street1": "Hauptstraße 1", "zipcode": "10115", "city": "Berlin", "country": "DE"}
    change_letterhead(installation, partner, LetterheadChange({"tax_id": "DE136695976"}, address))
    details = BillingDetailsChange({"country": "DE", "language": "de"})
    change_billing_details(installation, partner, office.own, details)
    treatment = TaxTreatment(TaxCategory.STANDARD, Decimal(19))
    set_tax_rule(installation, partner, TaxRule(None, TaxedLines.ALL, "", treatment), None)
    page = _issued(office)
    assert "E-Rechnung (CII)" in customer.open(page).text
    for form in ("cii", "ubl"):
        assert customer.ask(f"{page}/{form}").content.startswith(b"<?xml")


@pytest.mark.parametrize("path", ["/portal/nonsense", "/nonsense", "/accounts", "/portal/statements/999999999"])
def test_a_customer_is_told_in_its_language_that_there_is_no_such_page(
    path: str, office: Office, customer: Visitor
) -> None:
    _speak(office, "de")
    shown = customer.request("GET", path, headers={"Accept": "text/html"})
    assert shown.status_code == 404
    assert "Nicht gefunden" in shown.text and "Diese Seite gibt es nicht." in shown.text
    assert "There is no" not in shown.text and "Abmelden" in shown.text


def test_the_sign_in_page_keeps_a_customers_language_until_somebody_else_signs_in(
    office: Office, customer: Visitor
) -> None:
    _speak(office, "fr")
    customer.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.own))
    customer.client.cookies.delete(SESSION_COOKIE)
    shown = customer.open("/portal")
    assert '<html lang="fr">' in shown.answer.text
    assert "Se connecter" in shown.text and "Sign in" not in shown.text
    assert "n’ouvre rien" in customer.send("/sign-in", api_key="wrong").text
    customer.sign_in(office.key())
    customer.client.cookies.delete(SESSION_COOKIE)
    assert "Sign in to go on." in customer.open("/").text


def test_a_database_that_is_away_is_told_in_the_customers_language(store: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = {
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/rebill.sqlite3",
        "postgresql": f"postgresql://nobody@127.0.0.1:{port}/nothing",
    }[store]
    database = Database(url)
    with visiting(Installation(Settings(tmp_path, url), database)) as visitor:
        shown = visitor.ask("/portal", f"{SESSION_COOKIE}=token; {LANGUAGE_COOKIE}=de")
        plain = visitor.ask("/portal", f"{SESSION_COOKIE}=token; {LANGUAGE_COOKIE}=<b>")
    database.close()
    assert (shown.status_code, plain.status_code) == (503, 503)
    assert "Das lässt sich gerade nicht anzeigen" in shown.text
    assert "The database cannot be reached now" in plain.text


def test_every_refusal_has_words_for_customers_in_every_language() -> None:
    kinds = (NotFound, Forbidden, Conflict, Invalid, Unavailable)
    codes = ("not_issued", "data_set_too_large", "form_not_ours", "done_already", "any_other")
    told = {refusal_words(kind(code, "Do this in the console.")) for kind in kinds for code in codes}
    assert len(told) == 8
    assert told <= WORDS.keys()
