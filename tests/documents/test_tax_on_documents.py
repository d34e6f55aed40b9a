"""Whatever form a statement has, its tax is the same: JSON, CSV, the electronic invoice and the PDF agree."""

import csv
import io
import json
from collections import Counter
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from rebill.documents import statement_csv, statement_json
from rebill.documents.cii import cii
from rebill.documents.electronic_invoice import electronic_invoice
from rebill.documents.statement_pdf import statement_pdf
from rebill.documents.wording import wording_of
from rebill.model.tax import tax_of
from tests.documents.examples import charges, presented
from tests.documents.pdf_reading import pages_of
from tests.documents.test_electronic_invoice import CASES

_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


@pytest.mark.parametrize("case", CASES)
def test_json_and_the_electronic_invoice_tell_the_same_tax(case: str) -> None:
    one = CASES[case]
    told = json.loads(statement_json(one.statement_id, one.statement, one.document, one.tax))["tax"]
    # An electronic invoice has one entry for each category and percent, whatever the reasons.
    parts: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    for part in told["parts"]:
        base, tax = parts.get((part["category"], Decimal(part["percent"])), (Decimal(0), Decimal(0)))
        parts[part["category"], Decimal(part["percent"])] = base + Decimal(part["base"]), tax + Decimal(part["tax"])
    sign = -1 if told["payable"].startswith("-") else 1
    invoice = ElementTree.fromstring(cii(electronic_invoice(one)))
    settlement = invoice.find(f".//{_RAM}ApplicableHeaderTradeSettlement")
    assert settlement is not None
    assert dict(_part(entry, sign) for entry in settlement.findall(f"{_RAM}ApplicableTradeTax")) == parts
    total = settlement.find(f"{_RAM}SpecifiedTradeSettlementHeaderMonetarySummation")
    assert total is not None
    for name, key in (("TaxBasisTotalAmount", "net"), ("TaxTotalAmount", "tax"), ("DuePayableAmount", "payable")):
        assert Decimal(total.findtext(f"{_RAM}{name}", "")) * sign == Decimal(told[key])
    assert Decimal(told["net"]) + Decimal(told["tax"]) == Decimal(told["payable"])
    assert sum(tax for _, tax in parts.values()) == Decimal(told["tax"])


def _part(entry: ElementTree.Element, sign: int) -> tuple[tuple[str, Decimal], tuple[Decimal, Decimal]]:
    names = ("RateApplicablePercent", "BasisAmount", "CalculatedAmount")
    percent, base, tax = (Decimal(entry.findtext(f"{_RAM}{name}", "0")) for name in names)
    return (entry.findtext(f"{_RAM}CategoryCode", ""), percent), (base * sign, tax * sign)


@pytest.mark.parametrize("case", CASES)
def test_the_lines_of_the_csv_add_up_to_the_sums_that_are_taxed(case: str) -> None:
    one = CASES[case]
    bases: Counter[tuple[str, str]] = Counter()
    for row in csv.DictReader(io.StringIO(statement_csv(one.statement_id, one.statement, one.document, one.tax))):
        units = Decimal(row["amount"]).scaleb(one.statement.minor_digits)
        bases[row["tax_category"], row["tax_percent"]] += int(units)
    told: Counter[tuple[str, str]] = Counter()
    for part in one.tax.parts:
        told[part.treatment.category.value, part.treatment.percent_text] += part.base_minor_units
        assert part.tax_minor_units == tax_of(part.base_minor_units, part.treatment.percent)
    assert bases == told


@pytest.mark.parametrize("case", ["standard rate", "two rates and exempt lines", "reverse charge", "below zero"])
def test_the_pdf_shows_what_json_tells(case: str) -> None:
    one = CASES[case]
    wording = wording_of(one.particulars.language)
    shown = " ".join(pages_of(statement_pdf(one))[0].split())
    told = json.loads(statement_json(one.statement_id, one.statement, one.document, one.tax))["tax"]
    for text in [told["net"], told["payable"], *(part["tax"] for part in told["parts"])]:
        units = int(Decimal(text).scaleb(one.statement.minor_digits))
        written = wording.amount(units, one.statement.minor_digits, one.statement.currency)
        assert " ".join(written.split()) in shown
    for part in told["parts"]:
        assert part["reason"] in shown


def test_without_rules_there_is_no_tax_and_the_total_is_due() -> None:
    one = presented(charges("Virtual Machines", "10"), rules=())
    told = json.loads(statement_json(one.statement_id, one.statement, one.document, one.tax))
    assert told["tax"] == {"net": "10.00", "tax": "0.00", "payable": "10.00", "parts": []}
    assert (told["lines"][0]["tax_category"], told["lines"][0]["tax_percent"]) == (None, None)
