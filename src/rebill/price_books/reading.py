"""Read a specification: the book it says, or every fault in it at once."""

from contextlib import suppress
from typing import Final

from rebill.model.price_book import PriceBook, SpecificationFormat
from rebill.price_books.building import BookBuilder
from rebill.price_books.faults import Faults, ReadingEnds
from rebill.price_books.xml_reading import read_xml
from rebill.price_books.yaml_reading import read_yaml

GREATEST_BYTES: Final = 32 * 1024 * 1024
_READERS: Final = {SpecificationFormat.XML: read_xml, SpecificationFormat.YAML: read_yaml}


def format_of(text: str) -> SpecificationFormat:
    """How ``text`` is written: XML begins with ``<``, all else is taken for YAML."""
    return SpecificationFormat.XML if text[:1000].lstrip("\ufeff \t\r\n").startswith("<") else SpecificationFormat.YAML


def read_price_book(text: str, written_as: SpecificationFormat) -> PriceBook:
    """The book that ``text`` says.

    Raises ``Invalid`` (``invalid_specification``) with every fault, by line and rule, in ``fields``.
    """
    faults = Faults()
    builder = BookBuilder(faults)
    with suppress(ReadingEnds):
        _READERS[written_as](_bounded(text, faults), builder)
    return builder.book()


def _bounded(text: str, faults: Faults) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise faults.end(1, None, "holds half of a surrogate pair, which is no character") from None
    if len(encoded) > GREATEST_BYTES:
        raise faults.end(1, None, f"is larger than {GREATEST_BYTES // 1024 // 1024} MiB; make several books")
    return encoded
