"""Software that reads electronic invoices knows a PDF with one inside by its marks, and finds the invoice."""

import hashlib
import io
from xml.etree import ElementTree

import pikepdf
import pytest
from facturx import get_flavor, get_level, get_xml_from_pdf, xml_check_xsd
from lxml import etree

from rebill.documents.cii import cii
from rebill.documents.electronic_invoice import electronic_invoice
from rebill.documents.statement_pdf import statement_pdf
from tests.documents.examples import charges, presented
from tests.documents.pdf_reading import pages_of
from tests.documents.test_electronic_invoice import CASES

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
_SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
_PROPERTY = "{http://www.aiim.org/pdfa/ns/property#}"
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}"


def metadata_of(pdf: bytes) -> ElementTree.Element:
    """The metadata of a PDF, as XML."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return ElementTree.fromstring(document.Root.Metadata.read_bytes())


@pytest.mark.parametrize("case", ["standard rate", "reverse charge", "credit note", "names with markup"])
def test_readers_of_factur_x_find_the_invoice_and_its_profile(case: str) -> None:
    written = cii(electronic_invoice(CASES[case]))
    name, found = get_xml_from_pdf(statement_pdf(CASES[case], written), check_xsd=True)
    assert (name, found) == ("factur-x.xml", written.encode())
    tree = etree.fromstring(found)
    assert (get_flavor(tree), get_level(tree)) == ("factur-x", "en16931")
    assert xml_check_xsd(found, flavor="factur-x", level="en16931")


def test_the_metadata_name_the_profile_and_describe_what_pdf_a_does_not_know() -> None:
    found = metadata_of(statement_pdf(presented(), cii(electronic_invoice(presented()))))
    told = {name: [one.text for one in found.iter(f"{_FX}{name}")] for name in (
        "DocumentFileName", "DocumentType", "Version", "ConformanceLevel"
    )}  # fmt: skip
    assert told == {
        "DocumentFileName": ["factur-x.xml"],
        "DocumentType": ["INVOICE"],
        "Version": ["1.0"],
        "ConformanceLevel": ["EN 16931"],
    }
    described = {}
    for schema in found.iter(f"{_RDF}li"):
        if schema.find(f"{_SCHEMA}namespaceURI") is not None:
            names = [one.text for one in schema.iter(f"{_PROPERTY}name")]
            described[schema.findtext(f"{_SCHEMA}prefix")] = (schema.findtext(f"{_SCHEMA}namespaceURI"), names)
    assert described["fx"] == (_FX.strip("{}"), list(told))
    # One list of schemas holds them all: PDF/A reads no second one.
    assert len(list(found.iter("{http://www.aiim.org/pdfa/ns/extension/}schemas"))) == 1
    assert [found.find(f".//{_PDFA}{name}").text for name in ("part", "conformance")] == ["3", "B"]  # type: ignore[union-attr]  # found, or the test fails


def test_the_invoice_stands_as_alternative_with_its_name_and_kind() -> None:
    with pikepdf.open(io.BytesIO(statement_pdf(presented(), cii(electronic_invoice(presented()))))) as document:
        (attached,) = document.Root.AF
        assert (str(attached.F), str(attached.UF)) == ("factur-x.xml", "factur-x.xml")
        assert attached.AFRelationship == "/Alternative"
        assert attached.EF.F.Subtype == "/text/xml"
        names = document.Root.Names.EmbeddedFiles.Names
        assert str(names[0]) == "factur-x.xml"
        assert names[1].objgen == attached.objgen


def test_marked_documents_are_the_same_bytes_and_lose_nothing() -> None:
    one = presented(charges("Virtual Machines", "10"))
    written = cii(electronic_invoice(one))
    first, plain = statement_pdf(one, written), statement_pdf(one)
    assert hashlib.sha256(first).digest() == hashlib.sha256(statement_pdf(one, written)).digest()
    assert pages_of(first) == pages_of(plain)
    with pikepdf.open(io.BytesIO(first)) as document:
        assert document.check_pdf_syntax() == []
        assert {"/StructTreeRoot", "/OutputIntents", "/MarkInfo", "/Lang"} <= set(document.Root.keys())
        assert "/Filter" not in document.Root.Metadata


def test_a_document_without_an_invoice_says_nothing_of_one() -> None:
    assert b"factur-x" not in statement_pdf(presented())
