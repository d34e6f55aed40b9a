"""Tax and electronic invoices on pages: what lacks is told before the month is final, and completed where it says."""

import re
from decimal import Decimal

from rebill.console.field_words import labelled
from rebill.model.audit import Act
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.read_customers import get_customer
from rebill.services.parties.tax_rules import list_tax_rules, set_tax_rule
from tests.console.conftest import Office
from tests.console.visitor import SAME_SITE, Visitor
from tests.services.months import stored

MONTH = BillingMonth(2024, 9)
GENERAL = "/settings/tax"
ADDRESS = {
    "address.street1": "Kanalstraße 1",
    "address.zipcode": "10115",
    "address.city": "Berlin",
    "address.state": "Berlin",
    "address.country": "Germany",
}


def _standard(percent: str) -> TaxRule:
    return TaxRule(None, TaxedLines.ALL, "", TaxTreatment(TaxCategory.STANDARD, Decimal(percent)))


def test_a_month_without_what_electronic_invoices_ask_for_says_so_until_it_is_told(
    office: Office, admin: Visitor
) -> None:
    """Letterhead, tax and addresses are completed by the links of the checklist; then both invoices can be had."""
    run_bill(office.installation, office.partner, MONTH)
    bills = admin.open("/bills?month=2024-09")
    checklist_of_month = 'href="/bills/checklist?month=2024-09">Checklist</a>'
    assert checklist_of_month in bills.answer.text
    assert "2 statements would be issued without an electronic invoice, for good" in bills.text
    checklist = admin.open("/bills/checklist?month=2024-09")
    places = set(
        re.findall(
            r'<a href="([^"]+)">(?:Country of the customer|Country in the letterhead|Tax)</a>', checklist.answer.text
        )
    )
    own = f"/customers/{office.own}#address"
    assert places >= {"/settings/letterhead", GENERAL, own}

    admin.open("/settings/letterhead")
    admin.send("/settings/letterhead", **{"address.country": "DE"}, tax_id="DE136695976")
    admin.open(GENERAL)
    said = admin.send(GENERAL, lines="all", category="S", percent="19").text
    assert "The rule is in force from the beginning on." in said
    for customer_id in (office.own, office.neighbour):
        assert "None is told: electronic invoices need its country." in admin.open(f"/customers/{customer_id}").text
        (form,) = [one for one in admin.open(f"/customers/{customer_id}").forms if "address.country" in one.names]
        assert "10115" in admin.send_form(form, SAME_SITE, **ADDRESS).text
    assert get_customer(office.installation, office.partner, office.own).address.country == "Germany"
    bills = admin.open("/bills?month=2024-09")
    assert "without an electronic invoice" not in bills.text
    assert checklist_of_month in bills.answer.text
    done = "Every statement and note has all that an electronic invoice asks for."
    assert done in admin.open("/bills/checklist?month=2024-09").text
    admin.open("/bills?month=2024-09")
    admin.send("/bills/finalize", month="2024-09", reason="All is well")
    for record in stored(office.installation, office.partner):
        assert {admin.ask(f"/statements/{record.statement_id}/{form}").status_code for form in ("cii", "ubl")} == {200}


def test_rules_are_set_seen_ended_and_in_the_trail(office: Office, admin: Visitor) -> None:
    place = f"/customers/{office.own}/tax"
    admin.open(place)
    refused = admin.send(place, lines="all", category="AE", percent="19")
    assert refused.status == 422
    assert "is needed with category AE" in refused.text
    admin.open(place)
    refused = admin.send(place, lines="all", category="AE", percent="", reason_code="VATEX-EU-BOGUS")
    assert refused.status == 422
    assert "The same by the VATEX list must be a code of the VATEX list of EN 16931" in refused.text
    admin.open(place)
    admin.send(place, lines="all", category="AE", percent="", reason="Reverse charge", reason_code="VATEX-EU-AE")
    for path in (place, f"/customers/{office.own}", GENERAL):
        assert "AE: reverse charge" in admin.open(path).text, path
    assert "No rule of tax." in admin.open(f"/customers/{office.neighbour}").text
    assert not [one for one in admin.open(GENERAL).forms if "lines" in one.names and "percent" not in one.names]
    (end,) = [one for one in admin.open(place).forms if "lines" in one.names and "percent" not in one.names]
    assert "in force from 2024-10 on" in admin.send_form(end, from_month="2024-10").text
    kept = list_tax_rules(office.installation, office.partner)
    assert [(one.customer_id, one.from_month, one.treatment.category) for one in kept] == [
        (office.own, "0000-00", TaxCategory.REVERSE_CHARGE),
        (office.own, "2024-10", TaxCategory.NONE),
    ]
    assert Act.SET_TAX_RULE.value.replace("_", " ") in admin.open("/audit").text


def test_a_statement_shows_the_tax_and_the_amount_due_of_its_document(office: Office, stranger: Visitor) -> None:
    """On both faces, in the portal in the customer's language; without rules there is a total alone."""
    run_bill(office.installation, office.partner, MONTH)
    (own,) = [
        one.statement_id
        for one in stored(office.installation, office.partner)
        if one.statement.customer_id == office.own
    ]
    admin, customer = office.key(), office.key(Role.CUSTOMER_READ_ONLY, office.own)
    stranger.sign_in(admin)
    without = stranger.open(f"/statements/{own}").text
    assert "Total 132.00 USD" in without
    assert "Amount due" not in without
    stranger.sign_in(customer)
    assert "before tax" not in stranger.open("/portal").text + stranger.open("/portal/cost").text

    set_tax_rule(office.installation, office.partner, _standard("19"), None)
    stranger.sign_in(admin)
    taxed = stranger.open(f"/statements/{own}").text
    for said in ("Amount due 157.08 USD", "Total before tax 132.00 USD", "Tax 19 % on 132.00 USD S 25.08 USD"):
        assert said in taxed
    change_billing_details(office.installation, office.partner, office.own, BillingDetailsChange({"language": "de"}))
    stranger.sign_in(customer)
    shown = stranger.open(f"/portal/statements/{own}").text
    for said in ("Zahlbetrag 157,08 USD", "Summe netto 132,00 USD", "Steuer 19 % auf 132,00 USD S 25,08 USD"):
        assert said in shown
    assert "Summe netto" in stranger.open("/portal").text
    assert "Alle Beträge sind netto, ohne Steuer." in stranger.open("/portal/cost").text


def test_what_is_no_rule_is_refused_field_by_field(office: Office, admin: Visitor) -> None:
    wrong = {"lines": "some", "category": "X", "percent": "much", "from_month": "soon"}
    right = {"lines": "all", "category": "S", "percent": "19", "from_month": ""}
    for name, value in wrong.items():
        admin.open(GENERAL)
        refused = admin.send(GENERAL, **{**right, name: value})
        assert refused.status == 422, name
        assert f"{labelled(name)} must be" in refused.text
    assert list_tax_rules(office.installation, office.partner) == []


def test_who_only_reads_sees_the_rules_and_changes_none(office: Office, admin: Visitor, stranger: Visitor) -> None:
    admin.open(GENERAL)
    admin.send(GENERAL, lines="all", category="S", percent="19")
    form = admin.open(GENERAL).form(GENERAL)
    stranger.sign_in(office.key(Role.READ_ONLY))
    shown = stranger.open(GENERAL)
    assert "S: standard rate" in shown.text
    assert "Put it in force" not in shown.text
    assert stranger.send_form(form, percent="7").status == 403
    (rule,) = list_tax_rules(office.installation, office.partner)
    assert rule.treatment.percent == Decimal(19)
