"""Specifications in XML: read by expat as a stream, without document types, so without entities or anything outside."""

from typing import Final
from xml.parsers import expat

from rebill.price_books.building import BookBuilder
from rebill.price_books.words import ROOT, ROOT_AS_PUBLISHED

_ENCODING: Final = "UTF-8"


def read_xml(text: bytes, builder: BookBuilder) -> None:
    """Hand the elements of ``text`` to ``builder``. What is not well-formed is a fault that ends the reading."""
    parser = expat.ParserCreate(_ENCODING)
    parser.buffer_text = True
    parser.ordered_attributes = True

    def opened(name: str, attributes: list[str]) -> None:
        line = parser.CurrentLineNumber
        builder.open(ROOT if name == ROOT_AS_PUBLISHED else name, line)
        for index in range(0, len(attributes), 2):
            builder.attribute(attributes[index], attributes[index + 1], line)

    def refuse_document_type(*_: object) -> None:
        raise builder.faults.end(
            parser.CurrentLineNumber, None, "a document type (<!DOCTYPE) is not read; remove it with its entities"
        )

    parser.StartElementHandler = opened
    parser.EndElementHandler = lambda _: builder.close()
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = refuse_document_type
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise builder.faults.end(
            error.lineno, None, f"is not well-formed XML from here on ({reason}); what follows was not read"
        ) from error
