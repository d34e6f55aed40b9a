"""Letterhead, billing details and tax: what documents show, and that what is issued shows what it was issued with."""

import base64
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DatabaseError

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.document import DocumentForm
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.particulars import BillingDetails, Particulars
from rebill.model.party import Caller, Role
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details, get_billing_details
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead, get_letterhead
from rebill.services.parties.portal_look import PortalLook, portal_logo, portal_look
from rebill.services.parties.tax_rules import list_tax_rules, set_tax_rule
from rebill.services.presenting.statement_file import statement_file
from rebill.store.tables import issued_particulars
from tests.documents.examples import presented
from tests.documents.pdf_reading import pages_of
from tests.documents.test_statement_pdf import PICTURE
from tests.services.acts_at_once import told_at_once
from tests.services.months import SEPTEMBER, Month, charge, stored
from tests.services.steps import customer


def _billed(installation: Installation, partner: Caller, folder: Path) -> int:
    """A customer whose September is drawn up; its id."""
    month = Month(installation, partner, folder)
    one = month.customer("Indigo")
    month.cost(charge("2024-09-05", "100", SubAccountId="sub-1"))
    month.subscriptions(one, "sub-1")
    run_bill(installation, partner, SEPTEMBER)
    return one


def _issue(installation: Installation, partner: Caller) -> None:
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well"))


def _pdf(installation: Installation, caller: Caller, statement_id: int) -> str:
    return " ".join(pages_of(statement_file(installation, caller, statement_id, DocumentForm.PDF).content))


def _rule(percent: str, customer_id: int | None = None) -> TaxRule:
    category = TaxCategory.STANDARD if Decimal(percent) else TaxCategory.REVERSE_CHARGE
    reason = "" if Decimal(percent) else "Reverse charge"
    return TaxRule(customer_id, TaxedLines.ALL, "", TaxTreatment(category, Decimal(percent), reason))


def test_an_estimate_shows_what_is_in_force_and_an_issued_document_what_it_was_issued_with(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    customer_id = _billed(installation, partner, tmp_path)
    (record,) = stored(installation, partner)
    change_letterhead(installation, partner, LetterheadChange({"legal_name": "Old Partner GmbH"}))
    change_billing_details(installation, partner, customer_id, BillingDetailsChange({"buyer_reference": "PO-1"}))
    set_tax_rule(installation, partner, _rule("19"), None)
    estimated = _pdf(installation, partner, record.statement_id)
    assert "Old Partner GmbH" in estimated
    assert "119.00" in estimated
    _issue(installation, partner)
    issued = _pdf(installation, partner, record.statement_id)
    change_letterhead(installation, partner, LetterheadChange({"legal_name": "New Partner GmbH"}))
    change_billing_details(installation, partner, customer_id, BillingDetailsChange({"buyer_reference": "PO-2"}))
    set_tax_rule(installation, partner, _rule("25"), None)
    assert _pdf(installation, partner, record.statement_id) == issued
    for told in ("Old Partner GmbH", "PO-1", "Tax 19 % on 100.00 USD 19.00 USD", "Amount due 119.00 USD"):
        assert told in issued
    own = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer_id)
    assert _pdf(installation, own, record.statement_id) == issued


def test_documents_keep_the_names_that_subscriptions_had_when_they_were_issued(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    one, other = month.customer("Indigo"), month.customer("Neighbour")
    month.cost(
        charge("2024-09-05", "100", SubAccountId="sub-shop", SubAccountName="Web shop"),
        charge("2024-09-06", "100", SubAccountId="sub-depot", SubAccountName="Depot"),
    )
    month.subscriptions(one, "sub-shop", "sub-depot")
    # Whose it is by now is not for its former customer to know the name of.
    month.move(other, "2024-09-20", "sub-depot")
    run_bill(installation, partner, SEPTEMBER)
    (record,) = stored(installation, partner)
    estimated = _pdf(installation, partner, record.statement_id)
    assert "Web shop sub-shop" in estimated
    assert "sub-depot" in estimated
    assert "Depot" not in estimated
    _issue(installation, partner)
    issued = _pdf(installation, partner, record.statement_id)
    assert "Web shop sub-shop" in issued
    october = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "BillingPeriodEnd": "2024-11-01T00:00:00Z"}
    month.cost(charge("2024-10-05", "1", SubAccountId="sub-shop", SubAccountName="Renamed", **october), name="next.csv")
    month.move(other, "2024-10-01", "sub-shop")
    assert _pdf(installation, partner, record.statement_id) == issued


def test_documents_that_were_issued_before_names_were_kept_show_identifiers() -> None:
    kept = presented(names={"sub-1": "Web shop"}).particulars.as_document()
    assert Particulars.of_document(kept).subscription_names == {"sub-1": "Web shop"}
    del kept["subscription_names"]
    assert Particulars.of_document(kept).subscription_names == {}


def test_no_total_changes_by_tax(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    _billed(installation, partner, tmp_path)
    set_tax_rule(installation, partner, _rule("19"), None)
    _issue(installation, partner)
    (record,) = stored(installation, partner)
    assert record.statement.price_text == "100.00"


def test_the_database_refuses_to_change_what_a_document_was_issued_with(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    _billed(installation, partner, tmp_path)
    _issue(installation, partner)
    for statement in (update(issued_particulars).values(particulars={}), delete(issued_particulars)):
        with pytest.raises(DatabaseError, match="never changes"), installation.database.writing() as connection:
            connection.execute(statement)
    with installation.database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM issued_particulars")) == 1


def test_a_month_with_an_issued_document_takes_no_other_rule(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    customer_id = _billed(installation, partner, tmp_path)
    first = set_tax_rule(installation, partner, _rule("19"), None)
    assert first.from_month == "0000-00"
    _issue(installation, partner)
    with pytest.raises(Invalid) as refused:
        set_tax_rule(installation, partner, _rule("20"), SEPTEMBER)
    assert refused.value.fields.keys() == {"from_month"}
    second = set_tax_rule(installation, partner, _rule("20"), None)
    assert second.from_month == "2024-10"
    own = set_tax_rule(installation, partner, _rule("0", customer_id), SEPTEMBER.following)
    assert list_tax_rules(installation, partner, customer_id) == [first, second, own]
    again = set_tax_rule(installation, partner, _rule("21"), SEPTEMBER.following)
    assert list_tax_rules(installation, partner) == [first, again, own]


def test_every_faulty_field_is_named_at_once(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    given = {
        "tax_id": "DE136695977",
        "iban": "DE00",
        "bic": "X",
        "email": "nobody",
        "language": "?",
        "payment_days": 999,
        "color": "red;}",
        "portal_title": "x" * 256,
        "portal_welcome": "x" * 1001,
    }
    with pytest.raises(Invalid) as refused:
        change_letterhead(installation, partner, LetterheadChange(given, logo="%%%"))
    assert refused.value.fields.keys() == {*given, "logo"}
    customer_id = Month(installation, partner, tmp_path).customer("Indigo")
    faulty = {"tax_id": "136695976", "country": "Atlantis", "email": "a@b.example, b", "language": "zz-zz"}
    faulty |= {"color": "#12345", "portal_welcome": "\0"}
    with pytest.raises(Invalid) as refused:
        change_billing_details(installation, partner, customer_id, BillingDetailsChange(faulty, logo="%%%"))
    assert refused.value.fields.keys() == {*faulty, "logo"}


@pytest.mark.parametrize(
    "tax_id", ["DE136695976", "FR40303265045", "ATU13585627", "EL094259216", "CHE-107.787.577 IVA", "US12-3456789", ""]
)
def test_tax_numbers_of_many_countries_are_known(installation: Installation, partner: Caller, tax_id: str) -> None:
    kept = change_letterhead(installation, partner, LetterheadChange({"tax_id": tax_id}))
    assert kept.tax_id == tax_id == get_letterhead(installation, partner).tax_id


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_deleted", [False, True])
def test_two_who_change_other_details_at_once_both_do(
    installation: Installation, partner: Caller, is_deleted: bool
) -> None:
    customer_id = customer(installation, partner, "Contoso")
    if is_deleted:
        delete_customer(installation, partner, customer_id)

    def changes(**given: str) -> BillingDetails:
        return change_billing_details(installation, partner, customer_id, BillingDetailsChange(given))

    told_at_once(installation, lambda: changes(legal_name="Contoso Ltd"), lambda: changes(buyer_reference="B-1"))
    details = get_billing_details(installation, partner, customer_id)
    assert (details.legal_name, details.buyer_reference) == ("Contoso Ltd", "B-1")


def test_a_logo_is_kept_and_taken_away(installation: Installation, partner: Caller) -> None:
    with_logo = change_letterhead(
        installation, partner, LetterheadChange(logo=base64.b64encode(PICTURE).decode("ascii"))
    )
    assert len(with_logo.logo_sha256) == 64
    assert (
        change_letterhead(installation, partner, LetterheadChange({"phone": "1"})).logo_sha256 == with_logo.logo_sha256
    )
    assert change_letterhead(installation, partner, LetterheadChange(logo="")).logo_sha256 == ""


_JPEG_OF_A_FIELD = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(20)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "must be a PNG or JPEG picture"),
        (b"GIF89a" + bytes(40), "must be a PNG or JPEG picture"),
        (PICTURE[:16] + b"\x00\x01\x00\x00" * 2 + PICTURE[24:], "may be at most 4096 pixels wide and high"),
        (PICTURE[:30], "is damaged, or of a kind that documents cannot show"),
        (PICTURE[:8], "is damaged, or of a kind that documents cannot show"),
        (_JPEG_OF_A_FIELD, "may be at most 4096 pixels wide and high"),
        (b"\xff\xd8\xff", "is damaged, or of a kind that documents cannot show"),
        (b"\xff\xd8\xff\xfe\x00\x00" + bytes(900), "is damaged, or of a kind that documents cannot show"),
        (PICTURE + bytes(256 * 1024), "may have at most 256 KiB"),
    ],
    ids=["svg", "gif", "a field", "cut", "a beginning", "JPEG of a field", "no JPEG", "JPEG without size", "large"],
)
def test_a_picture_that_is_not_what_it_says_is_refused(
    content: bytes, fault: str, installation: Installation, partner: Caller
) -> None:
    with pytest.raises(Invalid) as refused:
        change_letterhead(installation, partner, LetterheadChange(logo=base64.b64encode(content).decode("ascii")))
    assert refused.value.fields == {"logo": fault}


def test_a_portal_shows_the_letterhead_and_what_its_customer_has_otherwise(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    one, other = month.customer("Indigo"), month.customer("Neighbour")
    assert portal_look(installation, partner, one) == PortalLook("Indigo", "en", "First Partner", "", (), "", "")
    picture = base64.b64encode(PICTURE).decode("ascii")
    head = {"legal_name": "Partner GmbH", "email": "ask@partner.example", "color": "#AA0000", "portal_welcome": "Hello"}
    change_letterhead(installation, partner, LetterheadChange(head))
    own = {"portal_title": "Cloud of Indigo", "color": "#00aa00"}
    change_billing_details(installation, partner, one, BillingDetailsChange(own, picture))
    customer = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, one)
    look = portal_look(installation, customer, one)
    assert (look.title, look.welcome, look.color) == ("Cloud of Indigo", "Hello", "#00aa00")
    assert look.contact == ("ask@partner.example",)
    assert portal_logo(installation, customer, one).content == PICTURE
    others = portal_look(installation, partner, other)
    assert (others.title, others.color, others.logo_sha256) == ("Partner GmbH", "#AA0000", "")
    for act in (
        lambda: portal_look(installation, customer, other),
        lambda: portal_look(installation, other_partner, one),
        lambda: portal_logo(installation, partner, other),
    ):
        with pytest.raises(NotFound):
            act()


def test_partners_and_customers_are_kept_apart(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    customer_id = Month(installation, partner, tmp_path).customer("Indigo")
    change_letterhead(installation, partner, LetterheadChange({"phone": "1"}))
    set_tax_rule(installation, partner, _rule("19"), None)
    assert get_letterhead(installation, other_partner).phone == ""
    assert list_tax_rules(installation, other_partner) == []
    for act in (
        lambda: get_billing_details(installation, other_partner, customer_id),
        lambda: change_billing_details(installation, other_partner, customer_id, BillingDetailsChange()),
        lambda: set_tax_rule(installation, other_partner, _rule("19", customer_id), None),
    ):
        with pytest.raises(NotFound):
            act()
    operator = Caller(partner.partner_id, Role.OPERATOR)
    with pytest.raises(Forbidden):
        change_letterhead(installation, operator, LetterheadChange())
