"""Electronic invoices in both syntaxes: they pass the published rules, and the same rules catch a wrong total."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from rebill.documents.cii import cii
from rebill.documents.electronic_invoice import CREDIT_NOTE, DEBIT_NOTE, INVOICE, electronic_invoice
from rebill.documents.presented import PresentedStatement
from rebill.documents.statement_pdf import statement_pdf
from rebill.documents.ubl import ubl
from rebill.model.document import Document
from rebill.model.errors import Conflict
from rebill.model.exemption_codes import EXEMPTION_CODES
from rebill.model.statement import LineKind, StatementStatus
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from tests.documents.examples import LETTERHEAD, RECIPIENT, STANDARD, charges, entry, note, presented, statement
from tests.documents.pdf_reading import attachments_of
from tests.documents.rules import exemption_codes_of, failed_rules, schema_faults

WRITERS = {"cii": cii, "ubl": ubl}


def _rule(category: str, reason: str = "", code: str = "", lines: TaxedLines = TaxedLines.ALL) -> TaxRule:
    return TaxRule(None, lines, "0000-00", TaxTreatment(TaxCategory(category), Decimal(0), reason, code))


_REDUCED = TaxRule(None, TaxedLines.CUSTOM, "0000-00", TaxTreatment(TaxCategory.STANDARD, Decimal("5.5")))
_LINES = (
    charges("Virtual Machines", "1234.565"),
    charges("Storage Accounts", "0"),
    charges("Azure Kubernetes Service", "-3.335", None),
    entry(LineKind.CUSTOM, "49.90", "Managed service"),
    entry(LineKind.MANUAL, "-20", "Goodwill"),
)
_CREDIT = (charges("Virtual Machines", "-100"), charges("Storage Accounts", "20.01"))
CASES: Mapping[str, PresentedStatement] = {
    "standard rate": presented(*_LINES),
    "two rates and exempt lines": presented(
        *_LINES, rules=(STANDARD, _REDUCED, _rule("E", "§ 4 Nr. 8 UStG", lines=TaxedLines.MANUAL))
    ),
    "exempt for two reasons": presented(
        *_LINES, rules=(_rule("E", "One reason"), _rule("E", "Another reason", lines=TaxedLines.MANUAL))
    ),
    "exempt by two codes": presented(
        *_LINES, rules=(_rule("E", "", "VATEX-EU-132"), _rule("E", "", "VATEX-EU-143", TaxedLines.MANUAL))
    ),
    "exempt by a code and for a reason": presented(
        *_LINES, rules=(_rule("E", "", "VATEX-EU-132"), _rule("E", "Another reason", lines=TaxedLines.MANUAL))
    ),
    "by code alone": presented(*_LINES, rules=(_rule("AE", "", "VATEX-EU-AE"),)),
    "by reason alone": presented(*_LINES, rules=(_rule("O", "Not subject to VAT"),)),
    "code in small letters": presented(*_LINES, rules=(_rule("K", "", "vatex-eu-ic"),)),
    "reverse charge": presented(*_LINES, rules=(_rule("AE", "Reverse charge", "VATEX-EU-AE"),)),
    "inside the Union": presented(*_LINES, rules=(_rule("K", "Intra-Community supply", "VATEX-EU-IC"),)),
    "export": presented(*_LINES, rules=(_rule("G", "Export", "VATEX-EU-G"),)),
    "zero rated": presented(*_LINES, rules=(_rule("Z"),)),
    "not subject": presented(*_LINES, rules=(_rule("O", "Not subject to VAT", "VATEX-EU-O"),)),
    "below zero": presented(*_CREDIT),
    "nothing to pay": presented(charges("Virtual Machines", "5"), charges("Storage Accounts", "-5")),
    "credit note": note(presented(*_CREDIT)),
    "debit note": note(presented(*_LINES)),
    "on receipt": presented(*_LINES, letterhead=replace(LETTERHEAD, payment_days=None, iban="", bic="")),
    "as little as may be": presented(
        *_LINES,
        letterhead=replace(
            LETTERHEAD, registration_id="", contact="", phone="", email="", iban="", footer="", payment_days=None
        ),
        recipient=replace(RECIPIENT, details=replace(RECIPIENT.details, tax_id="", buyer_reference="")),
    ),
    "names with markup": presented(
        charges("<Item>&amp;]]>\u0001\ufffe", "1"), recipient=replace(RECIPIENT, name="שלום \"&<>' 🎉")
    ),
    "without minor units": presented(*_LINES, currency="JPY"),
}


@pytest.mark.parametrize("syntax", WRITERS)
@pytest.mark.parametrize("case", CASES)
def test_every_document_passes_the_rules(case: str, syntax: str) -> None:
    document = WRITERS[syntax](electronic_invoice(CASES[case]))
    assert schema_faults(syntax, document) == []
    assert failed_rules(syntax, document) == []


@pytest.mark.parametrize(
    ("syntax", "right", "wrong", "rule"),
    [
        ("ubl", "<cbc:PayableAmount currencyID=\"EUR\">1500", "<cbc:PayableAmount currencyID=\"EUR\">1501", "BR-CO-16"),
        ("ubl", "\">1261.13</cbc:TaxExclusiveAmount", "\">1262.13</cbc:TaxExclusiveAmount", "BR-CO-13"),
        ("ubl", "<cbc:PriceAmount currencyID=\"EUR\">20.00", "<cbc:PriceAmount currencyID=\"EUR\">-20.00", "BR-27"),
        ("cii", "<ram:DuePayableAmount>1500", "<ram:DuePayableAmount>1501", "BR-CO-16"),
        ("cii", "<ram:CalculatedAmount>239", "<ram:CalculatedAmount>249", "BR-CO-17"),
        ("cii", "<ram:LineTotalAmount>49.90", "<ram:LineTotalAmount>48.90", "BR-CO-10"),
    ],
)  # fmt: skip
def test_a_wrong_total_is_caught(syntax: str, right: str, wrong: str, rule: str) -> None:
    document = WRITERS[syntax](electronic_invoice(CASES["standard rate"]))
    assert document.count(right) == 1
    assert any(failed.endswith(rule) for failed in failed_rules(syntax, document.replace(right, wrong)))


def test_its_sums_are_those_of_the_statement() -> None:
    one = CASES["two rates and exempt lines"]
    invoice = electronic_invoice(one)
    assert invoice.net == one.statement.price_text == "1261.13"
    assert [(tax.category, tax.percent, tax.base, tax.tax) for tax in invoice.taxes] == [
        ("E", "0", "-20.00", "0.00"),
        ("S", "5.5", "49.90", "2.74"),
        ("S", "19", "1231.23", "233.93"),
    ]
    assert sum(Decimal(line.amount) for line in invoice.lines) == Decimal(invoice.net)
    assert Decimal(invoice.net) + Decimal(invoice.tax) == Decimal(invoice.payable)


def test_a_credit_note_is_written_without_signs_and_names_what_it_corrects() -> None:
    invoice = electronic_invoice(CASES["credit note"])
    assert (invoice.type_code, invoice.payable, invoice.tax) == (CREDIT_NOTE, "95.19", "15.20")
    assert [(line.quantity, line.amount) for line in invoice.lines] == [("-1", "-20.01"), ("1", "100.00")]
    assert [number for number, _ in invoice.preceding] == ["S2024-000017"]
    for written in (cii(invoice), ubl(invoice)):
        assert "S2024-000017" in written
        assert "Restated" in written
    assert electronic_invoice(CASES["debit note"]).type_code == DEBIT_NOTE
    assert electronic_invoice(CASES["standard rate"]).type_code == INVOICE


def test_the_same_document_gives_the_same_bytes_and_shows_names_as_they_are() -> None:
    one = CASES["names with markup"]
    for write in WRITERS.values():
        written = write(electronic_invoice(one))
        assert written == write(electronic_invoice(one))
        texts = [element.text for element in ElementTree.fromstring(written).iter()]
        assert "<Item>&amp;]]>\ufffd\ufffd" in texts
        assert one.particulars.recipient.name in texts


def test_what_is_not_issued_is_no_invoice() -> None:
    estimated = replace(statement([charges("A", "1")]), status=StatementStatus.ESTIMATED)
    with pytest.raises(Conflict) as refused:
        electronic_invoice(replace(presented(), statement=estimated, document=Document()))
    assert refused.value.code == "not_issued"
    unnumbered = replace(presented().document, invoice_id="")
    with pytest.raises(Conflict) as refused:
        electronic_invoice(replace(presented(), document=unnumbered))
    assert refused.value.code == "not_numbered"


def test_everything_that_is_missing_is_named_at_once() -> None:
    nobody = replace(LETTERHEAD, tax_id="", address=replace(LETTERHEAD.address, country=""))
    nowhere = replace(RECIPIENT, address=replace(RECIPIENT.address, country="Atlantis"))
    for rules, missing in (
        ((), {"tax_rules"}),
        ((_rule("AE", "Reverse charge"),), {"billing_details.tax_id"}),
    ):
        bare = replace(nowhere, details=replace(nowhere.details, tax_id=""))
        with pytest.raises(Conflict) as refused:
            electronic_invoice(presented(rules=rules, letterhead=nobody, recipient=bare))
        assert refused.value.fields.keys() == missing | {
            "letterhead.address.country",
            "letterhead.tax_id",
            "customer.address.country",
        }
    with pytest.raises(Conflict) as refused:
        electronic_invoice(presented(currency="KWD"))
    assert refused.value.fields.keys() == {"currency"}
    with pytest.raises(Conflict) as refused:
        electronic_invoice(presented(*_LINES, rules=(STANDARD, _rule("O", "Outside", lines=TaxedLines.MANUAL))))
    assert refused.value.fields.keys() == {"tax_rules"}


def test_the_codes_that_a_rule_may_name_are_those_that_both_syntaxes_take() -> None:
    exempt = {syntax: write(electronic_invoice(CASES["by code alone"])) for syntax, write in WRITERS.items()}
    for syntax, document in exempt.items():
        assert failed_rules(syntax, document.replace("VATEX-EU-AE", "VATEX-EU-BOGUS")), syntax
    assert exemption_codes_of("ubl") == exemption_codes_of("cii") == EXEMPTION_CODES


@pytest.mark.parametrize(("words", "told"), [("Because", "Because"), ("", "VATEX-EU-BOGUS")])
def test_a_code_that_the_list_has_not_stands_among_the_words(words: str, told: str) -> None:
    """A rule of before its code was checked: what was issued by it is an electronic invoice all the same."""
    invoice = electronic_invoice(presented(*_LINES, rules=(_rule("E", words, "VATEX-EU-BOGUS"),)))
    (tax,) = invoice.taxes
    assert (tax.reason, tax.reason_code) == (told, "")
    assert {syntax: failed_rules(syntax, write(invoice)) for syntax, write in WRITERS.items()} == {"cii": [], "ubl": []}


def test_codes_that_stand_for_several_reasons_stand_among_the_words() -> None:
    (two,), (mixed,) = (electronic_invoice(CASES[name]).taxes for name in (
        "exempt by two codes", "exempt by a code and for a reason"
    ))  # fmt: skip
    assert (two.reason, two.reason_code) == ("VATEX-EU-132; VATEX-EU-143", "")
    assert (mixed.reason, mixed.reason_code) == ("VATEX-EU-132; Another reason", "")


def test_it_stands_inside_the_pdf() -> None:
    written = cii(electronic_invoice(presented()))
    content = statement_pdf(presented(), written)
    assert attachments_of(content) == {"factur-x.xml": written.encode()}
    assert b"<pdfaid:part>3</pdfaid:part>" in content
