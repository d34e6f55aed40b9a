"""The PDF of a statement: what it says, in whose language, and that no text of anybody's does it any harm."""

import base64
from dataclasses import replace

import pytest

from rebill.documents.statement_pdf import breakable, statement_data, statement_pdf
from rebill.documents.typesetting import can_show
from rebill.model.document import Document
from rebill.model.statement import LineKind, StatementStatus
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from tests.documents.examples import LETTERHEAD, RECIPIENT, charges, entry, note, presented, statement
from tests.documents.pdf_reading import pages_of

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_it_shows_both_parties_the_lines_and_what_is_due() -> None:
    exempt = TaxRule(None, TaxedLines.MANUAL, "0000-00", TaxTreatment(TaxCategory.EXEMPT, reason="§ 4 Nr. 8 UStG"))
    one = presented(
        charges("Virtual Machines", "1234.5"),
        charges("Storage Accounts", "0.504", "sub-2"),
        charges("Storage Accounts", "1"),
        entry(LineKind.MANUAL, "-20", "Goodwill"),
        rules=(presented().particulars.tax_rules[0], exempt),
    )
    first, second = pages_of(statement_pdf(one))
    for told in (
        "Contoso Cloud Partner GmbH",
        "Hauptstraße 1",
        "Indigo Montoya SARL",
        "75002 Paris",
        "Rechnung",
        "S2024-000017",
        "8. Oktober 2024",
        "7. November 2024",
        "September 2024",
        "FR40303265045",
        "PO-4711",
        "Virtual Machines Microsoft 1.234,50",
        "Storage Accounts Microsoft 1,50",
        "Goodwill Einzelposten -20,00",
        "1.216,00 EUR",
        "Steuer 19 % auf 1.236,00 EUR 234,84 EUR",
        "Steuer 0 % auf -20,00 EUR 0,00 EUR",
        "Zahlbetrag 1.450,84 EUR",
        "§ 4 Nr. 8 UStG",
        "DE89370400440532013000",
        "Geschäftsführerin: Ada Example",
        "Seite 1 von 2",
    ):
        assert told in first, told
    for told in ("Verbrauch nach Abonnement", "sub-2", "2 1 Hour", "0,50", "Summe: 1.216,00 EUR"):
        assert told in second, told


def test_usage_stands_under_the_names_of_subscriptions_with_their_identifiers_beside_them() -> None:
    lines = (charges("Virtual Machines", "10", "sub-1"), charges("Virtual Machines", "20", "sub-2"))
    one = presented(*lines, names={"sub-1": "Production " + "n" * 60})
    usage = pages_of(statement_pdf(one))[1].replace("\u200b", "")
    assert usage.index("Production nnnn") < usage.index("sub-1") < usage.index("10,00") < usage.index("sub-2")
    assert usage.count("sub-1") == usage.count("sub-2") == 1
    assert [part["identifier"] for part in statement_data(one)["subscriptions"]] == ["sub-1", ""]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Invoice", "October 8, 2024", "1,234.50", "Amount due")),
        ("en-GB", ("Invoice", "8 October 2024", "1,234.50")),
        ("fr", ("Facture", "8 octobre 2024", "1 234,50", "Montant à payer")),
        ("de-CH", ("Rechnung", "1’234.50")),
        ("ja", ("Invoice", "2024-10-08", "1,234.50")),
    ],
)
def test_it_speaks_the_customers_language(language: str, words: tuple[str, ...]) -> None:
    details = replace(RECIPIENT.details, language=language)
    one = presented(charges("Virtual Machines", "1234.5"), recipient=replace(RECIPIENT, details=details))
    (first, _) = pages_of(statement_pdf(one))
    shown = first.replace("\u202f", " ").replace("\u00a0", " ")
    for word in words:
        assert word in shown


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Frankreich", "Verbrauch")),
        ("fr", ("France", "Consommation")),
        ("en", ("France", "Usage")),
        ("ja", ("France", "Usage")),
    ],
)
def test_countries_by_code_and_categories_of_charges_are_in_the_customers_language(
    language: str, words: tuple[str, str]
) -> None:
    address, details = replace(RECIPIENT.address, country="FR"), replace(RECIPIENT.details, language=language)
    one = presented(recipient=replace(RECIPIENT, address=address, details=details))
    data = statement_data(one)
    assert (data["recipient"][-1], data["subscriptions"][0]["lines"][0][1]) == words
    unknown = presented(recipient=replace(RECIPIENT, address=replace(address, country="Z1"), details=details))
    assert statement_data(unknown)["recipient"][-1] == "Z1"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Vortrag auf die nächste Rechnung", "Vortrag aus früherer Rechnung")),
        ("fr", ("Report sur la prochaine facture", "Report d’une facture antérieure")),
        ("en", ("Carried forward", "Brought forward")),
    ],
)
def test_what_is_carried_is_told_once_and_in_the_customers_language(language: str, words: tuple[str, str]) -> None:
    details = replace(RECIPIENT.details, language=language)
    lines = (
        entry(LineKind.CARRIED_FORWARD, "5", "carried forward"),
        entry(LineKind.BROUGHT_FORWARD, "-5", "brought forward"),
    )
    data = statement_data(presented(*lines, recipient=replace(RECIPIENT, details=details)))
    assert [row[:2] for row in data["services"]] == [[word, ""] for word in words]
    assert [row[0] for row in data["subscriptions"][0]["lines"]] == list(words)


def test_currencies_have_their_own_digits() -> None:
    for currency, amount in (("JPY", "1.235 JPY"), ("KWD", "1.234,568 KWD")):
        one = presented(charges("Virtual Machines", "1234.5678"), currency=currency, rules=())
        assert statement_data(one)["net"].replace("\u00a0", " ") == amount


HOSTILE = [
    '#read("/etc/passwd") #strong[x] *bold* $x^2$ `raw` // comment \\ <label> @ref',
    "=cmd|' /C calc'!A0",
    "شركة الأمثلة المحدودة",
    "חברת דוגמה",
    "Fête 🎉 👩‍👩‍👧 café",
    "W" * 255,
    "m" * 127 + "\u0301" + "m" * 127,
    "</text>&amp;\"'{}[]",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_and_is_never_markup(name: str) -> None:
    one = presented(charges(name, "10"), entry(LineKind.CUSTOM, "5", name), recipient=replace(RECIPIENT, name=name))
    pages = pages_of(statement_pdf(one))
    if name.isascii():
        assert pages[0].replace(" ", "").count(name.replace(" ", "")) == 3
    assert "root:" not in "".join(pages)


def test_no_name_turns_the_numbers_beside_it() -> None:
    turned, plain = (presented(charges(name, "10")) for name in ("a\u202eb", "ab"))
    assert statement_pdf(turned) == statement_pdf(plain)


def test_a_character_that_no_font_has_is_replaced_and_the_rest_stands() -> None:
    (first, _) = pages_of(statement_pdf(presented(charges("機械 Machines", "10"))))
    assert "\ufffd\ufffd Machines Microsoft 10,00" in first


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bell\u0007 and nothing\u0000", "bell\ufffd and nothing\ufffd"),
        ("two\nlines\tof it", "two lines of it"),
        ('"quoted" \\u0001 \u0001', '"quoted" \\u0001 \ufffd'),
        ('\uffff"}\ufffe', '\ufffd"}\ufffd'),
        ('中"\\文', '\ufffd"\\\ufffd'),
    ],
)
def test_what_can_have_no_picture_is_shown_as_such_whatever_stands_beside_it(name: str, shown: str) -> None:
    first = pages_of(statement_pdf(presented(charges(name, "10"))))[0]
    assert f"{shown} Microsoft 10,00" in first


def test_the_same_statement_gives_the_same_bytes_and_other_data_others() -> None:
    one = statement_pdf(presented(charges("Virtual Machines", "10")))
    assert statement_pdf(presented(charges("Virtual Machines", "11"))) != one
    assert statement_pdf(presented(charges("Virtual Machines", "10"))) == one
    assert one.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in one


def test_an_estimate_says_that_it_is_none_and_a_note_what_it_corrects() -> None:
    estimated = replace(statement([charges("A", "10")]), status=StatementStatus.ESTIMATED)
    one = replace(presented(), statement=estimated, document=Document())
    first = pages_of(statement_pdf(one))[0]
    assert "Vorschau – keine Rechnung" in first
    assert "Fällig" not in first
    first = pages_of(statement_pdf(note(presented(charges("A", "-10")))))[0]
    assert "Rechnungskorrektur" in first
    assert "S2024-000017 8. Oktober 2024" in first
    assert "Restated" in first
    assert "Bitte zahlen" not in first


def test_a_logo_stands_on_it_and_a_damaged_one_is_refused() -> None:
    assert can_show(PICTURE)
    assert not can_show(PICTURE[:40])
    assert len(statement_pdf(replace(presented(), logo=PICTURE))) > len(statement_pdf(presented()))


def test_long_words_may_break_but_never_inside_what_belongs_together() -> None:
    assert breakable("Short name") == "Short name"
    assert breakable("x" * 30).split("\u200b") == ["x" * 8] * 3 + ["x" * 6]
    joined = "👩\u200d👩\u200d👧" * 10
    assert all(part[0] != "\u200d" and part[-1] != "\u200d" for part in breakable(joined).split("\u200b"))
    assert "\u200b\u0301" not in breakable("e\u0301" * 30)


def test_nothing_that_is_left_out_leaves_a_gap() -> None:
    bare = replace(LETTERHEAD, tax_id="", iban="", bic="", footer="", contact="", phone="", email="")
    data = statement_data(presented(letterhead=bare))
    assert data["notes"] == []
    assert data["issuer"] == ["Hauptstraße 1", "10115 Berlin", "Germany", "Registernummer: HRB 12345"]


def test_nobodys_tax_number_is_told_where_all_is_outside_the_scope_of_tax() -> None:
    outside = TaxTreatment(TaxCategory.NOT_SUBJECT, reason="Not subject to VAT")
    lines = (charges("Virtual Machines", "10"), entry(LineKind.MANUAL, "5", "Goodwill"))
    numbers = (LETTERHEAD.tax_id, RECIPIENT.details.tax_id)
    first = pages_of(statement_pdf(presented(*lines, rules=(TaxRule(None, TaxedLines.ALL, "0000-00", outside),))))[0]
    assert "Not subject to VAT" in first
    assert "HRB 12345" in first
    assert not any(number in first for number in numbers)
    partly = (TaxRule(None, TaxedLines.MANUAL, "0000-00", outside), presented().particulars.tax_rules[0])
    first = pages_of(statement_pdf(presented(*lines, rules=partly)))[0]
    assert all(number in first for number in numbers)
