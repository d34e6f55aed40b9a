"""The mark by which software knows a PDF with an electronic invoice inside: Factur-X 1.0, which ZUGFeRD 2 is too.

Typst embeds the invoice as the profile wants it, and writes no metadata of others' making: they are put into its own.
"""

import io
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


def marked(pdf: bytes) -> bytes:
    """A PDF of ours with an invoice in it, marked as Factur-X of the profile EN 16931; the same bytes for the same."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document:
        metadata = document.Root.Metadata
        metadata.write(_with_mark(metadata.read_bytes().decode()).encode())
        written = io.BytesIO()
        document.save(
            written,
            deterministic_id=True,
            # Streams stay as they came: they do not depend on the library that would compress them anew.
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        )
    return written.getvalue()


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
