"""The portal speaks the language that its customer's documents are in, and writes numbers and days as they do."""

import re
from pathlib import Path

import pytest

from rebill.console import rendering
from rebill.console.portal_wording import LANGUAGES, WORDS, said_in
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from tests.console.conftest import OWN, Office
from tests.console.visitor import Visitor
from tests.services.months import charge, stored

MONTH = BillingMonth(2024, 9)
TEMPLATES = Path(rendering.__file__).parent / "templates"


@pytest.fixture
def customer(office: Office, stranger: Visitor) -> Visitor:
    """A visitor for Indigo, whose September is run."""
    office.month.cost(charge("2024-09-07", "12000", "12345.67", SubAccountId=OWN), scope="more", name="more.csv")
    run_bill(office.installation, office.partner, MONTH)
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
    if language != "en":
        left = {
            one for one in WORDS if len(one) > 5 and said_in(language, one) != one and re.search(rf"\b{one}\b", told)
        }
        assert left == set()


def test_whoever_signs_in_with_a_key_is_addressed_as_the_customer(office: Office, customer: Visitor) -> None:
    told = customer.open("/portal").text
    assert "Holder of" not in told
    assert "Indigo" in told.partition("Sign out")[0]
    assert "September 2024" in told
