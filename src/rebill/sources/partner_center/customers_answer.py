"""Partner Center's customers answer, from a file: JSON as the API gives it, or CSV.

JSON is a page (``{"totalCount", "items", "links"}``), a list of pages, or a bare array of customers;
CSV has the columns ``azure_customer_id,name,domain`` (and ``relationship``, if it likes).
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebill.model.counting import counted
from rebill.model.errors import Invalid
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH, azure_customer_key, trimmed
from rebill.sources.bounded_text import bounded_text

GREATEST_FILE_BYTES = 256 * 1024 * 1024
GREATEST_FAULT_COUNT = 100
_TOLD_FAULT_COUNT = 3
_GREATEST_TEXT_LENGTH = 1024
_CSV_ID = "azure_customer_id"
_CSV_COLUMNS = (_CSV_ID, "name", "domain")


@dataclass(frozen=True)
class ListedCustomer:
    """An Azure customer as Partner Center lists it; ``place`` names its row or item in the file."""

    identifier: str
    name: str
    domain: str
    relationship: str
    place: str


@dataclass(frozen=True)
class CustomersAnswer:
    """What a file lists, each customer once; ``is_complete``: it does not say that there are more."""

    customers: tuple[ListedCustomer, ...]
    is_complete: bool


def read_customers_answer(file: Path) -> CustomersAnswer:
    """Read a customers answer.

    Raises ``NotFound`` when there is no such file and ``Invalid`` when it cannot be read: ``fields`` then names
    every faulty row and field (the first 100).
    """
    text = bounded_text(file, GREATEST_FILE_BYTES, _unreadable)
    if not text.strip():
        raise _unreadable(file, "it is empty")
    if text.lstrip()[:1] in ("{", "["):
        rows, is_complete = _json_rows(file, text)
    else:
        rows, is_complete = list(_csv_rows(file, text)), True
    return _answer(file.name, rows, is_complete)


def read_customer_pages(pages: Sequence[Any]) -> CustomersAnswer:
    """Read the pages of a customers answer as Partner Center gave them; the last one has no link to a next.

    It is complete when the customers on it are as many as Partner Center counts. Control characters in names are read
    as spaces, and a name that is too long is cut: there is no file that somebody could correct. Raises ``Invalid`` as
    ``read_customers_answer`` does; its message names the first faults with their customers.
    """
    origin = Path("Partner Center's listing")
    rows, _ = _page_rows(origin, [(f"[{number}].", page) for number, page in enumerate(pages)])
    customers, faults = _listed([_as_far_as_text(row) for row in rows])
    if faults:
        told = "; ".join(f"{place}: {fault}" for place, fault in list(faults.items())[:_TOLD_FAULT_COUNT])
        message = f"{origin.name}: {counted(len(faults), 'fault')}, nothing was changed. {told}."
        raise _faulty(message, faults)
    greatest_count = max((_total_count(page) for page in pages), default=0)
    return CustomersAnswer(customers, is_complete=greatest_count <= len(customers))


def _answer(name: str, rows: Sequence["_Row"], is_complete: bool) -> CustomersAnswer:
    customers, faults = _listed(rows)
    if faults:
        raise _faulty(f"{name}: {len(faults)} fault(s), nothing was imported: correct what is named here.", faults)
    return CustomersAnswer(customers, is_complete)


def _listed(rows: Sequence["_Row"]) -> tuple[tuple[ListedCustomer, ...], dict[str, str]]:
    """The customers that are sound, each once, and the faults: place and field → what is wrong."""
    faults: dict[str, str] = {}
    listed = [customer for row in rows if (customer := _checked(row, faults)) is not None]
    return tuple(_distinct(listed, faults)), faults


def _faulty(message: str, faults: Mapping[str, str]) -> Invalid:
    return Invalid("invalid_customers_answer", message, dict(list(faults.items())[:GREATEST_FAULT_COUNT]))


@dataclass(frozen=True)
class _Row:
    """A customer before it is checked: field name (as the file has it) → value, for each of the four."""

    place: str
    identifier: tuple[str, Any]
    name: tuple[str, Any]
    domain: tuple[str, Any]
    relationship: tuple[str, Any]


def _as_far_as_text(row: _Row) -> _Row:
    """The row with names that can be kept, where they are text at all; its place names the customer too."""
    identifier = _kept_text(row.identifier[1], GREATEST_IDENTIFIER_LENGTH)
    name, domain, relationship = (
        (field, _kept_text(value, _GREATEST_TEXT_LENGTH)) for field, value in (row.name, row.domain, row.relationship)
    )
    place = f"{row.place} (customer {identifier})" if identifier and isinstance(identifier, str) else row.place
    return _Row(place, row.identifier, name, domain, relationship)


def _kept_text(value: Any, greatest: int) -> Any:
    if not isinstance(value, str):
        return value
    return trimmed(trimmed("".join(" " if _is_control(one) else one for one in value))[:greatest])


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def _unreadable(file: Path, reason: str) -> Invalid:
    return Invalid("invalid_customers_answer", f"{file.name} is no Partner Center customers answer: {reason}.")


def _json_rows(file: Path, text: str) -> tuple[list[_Row], bool]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, f"it is not JSON ({error})") from None
    if isinstance(document, dict):
        return _page_rows(file, [("", document)])
    if any(isinstance(element, dict) and "items" in element for element in document):
        return _page_rows(file, [(f"[{number}].", page) for number, page in enumerate(document)])
    return [_json_row(f"[{number}]", item) for number, item in enumerate(document)], True


def _page_rows(file: Path, pages: Sequence[tuple[str, Any]]) -> tuple[list[_Row], bool]:
    rows: list[_Row] = []
    greatest_count = 0
    has_next = False
    for place, page in pages:
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            raise _unreadable(file, f"{place or 'the document'} has no list of items")
        rows += [_json_row(f"{place}items[{number}]", item) for number, item in enumerate(items)]
        greatest_count = max(greatest_count, _total_count(page))
        links = page.get("links")
        has_next = isinstance(links, dict) and bool(links.get("next"))
    return rows, not has_next and greatest_count <= len(rows)


def _total_count(page: Mapping[str, Any]) -> int:
    count = page.get("totalCount")
    return count if isinstance(count, int) else 0


def _json_row(place: str, item: Any) -> _Row:
    customer = item if isinstance(item, dict) else {}
    profile = customer.get("companyProfile")
    company: Mapping[str, Any] = profile if isinstance(profile, dict) else {}
    tenant = company.get("tenantId")
    identifier = ("companyProfile.tenantId", tenant) if tenant else ("id", customer.get("id"))
    return _Row(
        place,
        identifier,
        ("companyProfile.companyName", company.get("companyName")),
        ("companyProfile.domain", company.get("domain")),
        ("relationshipToPartner", customer.get("relationshipToPartner")),
    )


def _csv_rows(file: Path, text: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader)]
        missing = [name for name in _CSV_COLUMNS if name not in header]
        if missing:
            raise _unreadable(file, f"its first line must be {','.join(_CSV_COLUMNS)}; {', '.join(missing)} is missing")
        for values in reader:
            if values:
                yield _csv_row(f"row {reader.line_num}", header, values)
    except csv.Error as error:
        raise _unreadable(file, f"row {reader.line_num} is not CSV ({error})") from None


def _csv_row(place: str, header: Sequence[str], values: Sequence[str]) -> _Row:
    # A row of another length is told by the id: whose name would it be?
    by_name: dict[str, Any] = dict(zip(header, values, strict=False)) if len(values) == len(header) else {}
    return _Row(
        place,
        (_CSV_ID, by_name.get(_CSV_ID)),
        ("name", by_name.get("name")),
        ("domain", by_name.get("domain")),
        ("relationship", by_name.get("relationship")),
    )


def _checked(row: _Row, faults: dict[str, str]) -> ListedCustomer | None:
    found = {
        f"{row.place}.{field}": fault
        for field, value in (row.identifier, row.name, row.domain, row.relationship)
        if (fault := _fault(value, is_id=field == row.identifier[0])) is not None
    }
    faults.update(found)
    if found:
        return None
    return ListedCustomer(
        identifier=_text(row.identifier),
        name=_text(row.name),
        domain=_text(row.domain),
        relationship=_text(row.relationship),
        place=row.place,
    )


def _text(field: tuple[str, Any]) -> str:
    value = field[1]
    return trimmed(value) if isinstance(value, str) else ""


def _fault(value: Any, is_id: bool) -> str | None:
    if value is None or (isinstance(value, str) and not trimmed(value)):
        return "is required" if is_id else None
    if not isinstance(value, str):
        return "must be text"
    greatest = GREATEST_IDENTIFIER_LENGTH if is_id else _GREATEST_TEXT_LENGTH
    if len(trimmed(value)) > greatest:
        return f"may have at most {greatest} characters"
    if any(_is_control(character) for character in trimmed(value)):
        return "may not hold control characters"
    return None


def _distinct(listed: Sequence[ListedCustomer], faults: dict[str, str]) -> list[ListedCustomer]:
    """Each customer once; one that is listed twice must be listed alike."""
    first: dict[str, ListedCustomer] = {}
    for customer in listed:
        known = first.setdefault(azure_customer_key(customer.identifier), customer)
        if (known.name, known.domain, known.relationship) != (customer.name, customer.domain, customer.relationship):
            faults[customer.place] = f"lists {customer.identifier} otherwise than {known.place} does"
    return list(first.values())
