"""The mark by which software knows a PDF with an electronic invoice inside: Factur-X 1.0, which ZUGFeRD 2 is too.

Typst embeds the invoice as the profile wants it, and writes no metadata of others' making: they are put into its own.
What it wrote stays byte for byte; the metadata that replace its own stand behind it, as PDF has it for changes
(ISO 32000-1, 7.5.6). A library would write all of the document anew, which takes as long as setting a third of it.
"""

import re
from typing import Final

FILE_NAME: Final = "factur-x.xml"
_NAMESPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES: Final = (
    ("DocumentFileName", FILE_NAME, "The name of the embedded XML document"),
    ("DocumentType", "INVOICE", "The type of the hybrid document, INVOICE for credit notes too"),
    ("Version", "1.0", "The version of the standard that applies to the embedded XML document"),
    ("ConformanceLevel", "EN 16931", "The profile of the embedded XML document"),
)
"""Name, value, and what the schema that PDF/A asks for says of it."""
_SCHEMAS_END: Final = "</rdf:Bag></pdfaExtension:schemas>"
_METADATA_END: Final = "</rdf:RDF>"
_METADATA: Final = re.compile(rb"<\?xpacket begin=.*?<\?xpacket end=\"r\"\?>", re.DOTALL)
_NAMED: Final = re.compile(rb"/Metadata (\d+) 0 R")
_TRAILER: Final = re.compile(rb"trailer\n<<(?P<entries>[^>]*)>>\nstartxref\n(?P<table>\d+)\n%%EOF\Z")


def marked(pdf: bytes) -> bytes:
    """A PDF of Typst's with an invoice in it, marked as Factur-X of the profile EN 16931."""
    (number,) = (int(found) for found in _NAMED.findall(pdf))
    (metadata,) = _METADATA.findall(pdf)
    trailer = _TRAILER.search(pdf)
    if trailer is None:
        raise AssertionError("a PDF of Typst's ends with its trailer")
    content = _with_mark(metadata.decode()).encode()
    place = len(pdf) + 1
    head = b"%d 0 obj\n<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n" % (number, len(content))
    behind = head + content + b"\nendstream\nendobj\n"
    table = b"xref\n%d 1\n%010d 00000 n\r\n" % (number, place)
    end = b"trailer\n<<%b/Prev %b>>\nstartxref\n%d\n%%%%EOF\n"
    return pdf + b"\n" + behind + table + end % (trailer["entries"], trailer["table"], place + len(behind))


def _with_mark(metadata: str) -> str:
    for end in (_SCHEMAS_END, _METADATA_END):
        if metadata.count(end) != 1:
            raise AssertionError(f"metadata without one {end}")
    described = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description>"
        "</rdf:li>"
        for name, _, description in _PROPERTIES
    )
    schema = (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property>"
        "</rdf:li>"
    )
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, value, _ in _PROPERTIES)
    mark = f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{values}</rdf:Description>'
    return metadata.replace(_SCHEMAS_END, schema + _SCHEMAS_END).replace(_METADATA_END, mark + _METADATA_END)
