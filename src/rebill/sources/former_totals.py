"""Totals of the tool that billed before, from a CSV file with the columns ``customer,currency,total``."""

import csv
import io
from decimal import Decimal
from pathlib import Path

from rebill.model.comparison import FormerTotal
from rebill.model.counting import counted
from rebill.model.currencies import minor_digits
from rebill.model.errors import Invalid
from rebill.model.money import entered_amount, parse_decimal
from rebill.sources.bounded_text import bounded_text

GREATEST_FILE_BYTES = 32 * 1024 * 1024
GREATEST_FAULT_COUNT = 100
_COLUMNS = ("customer", "currency", "total")


def read_former_totals(file: Path) -> list[FormerTotal]:
    """Read every row of a file, as ``former_totals_in`` does; raises ``NotFound`` when there is no such file."""
    text = bounded_text(file, GREATEST_FILE_BYTES, lambda file, reason: _invalid(file.name, reason))
    return former_totals_in(text, file.name)


def former_totals_in(text: str, name: str) -> list[FormerTotal]:
    """Read every row of ``text``, which messages call ``name``. Other columns are ignored.

    Columns and currencies may be in any case.
    Raises ``Invalid`` with every faulty row (the first 100) in ``fields``.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    found, faults = [], dict[str, str]()
    try:
        rows.fieldnames = [column.strip().lower() for column in rows.fieldnames or ()]
        missing = [column for column in _COLUMNS if column not in rows.fieldnames]
        if missing:
            raise _invalid(
                name,
                f"it has no column {', '.join(missing)}: its first row must name {', '.join(_COLUMNS)}, "
                "separated by commas",
            )
        for number, row in enumerate(rows, 1):
            try:
                found.append(_total(row))
            except ValueError as error:
                faults[f"row {number}"] = str(error)
    except csv.Error as error:
        raise _invalid(name, f"a quote in row {rows.line_num} is broken ({error})") from None
    if faults:
        first = dict(list(faults.items())[:GREATEST_FAULT_COUNT])
        raise Invalid(
            "invalid_totals",
            f"{name}: {counted(len(faults), 'row')} cannot be read: correct what is named here.",
            first,
        )
    return found


def _total(row: dict[str, str | None]) -> FormerTotal:
    customer, currency, total = ((row[name] or "").strip() for name in _COLUMNS)
    if not customer:
        raise ValueError("names no customer")
    currency = currency.upper()
    minor_digits(currency)
    return FormerTotal(customer, currency, _amount(total))


def _amount(text: str) -> Decimal:
    return entered_amount(parse_decimal(text))


def _invalid(name: str, reason: str) -> Invalid:
    return Invalid("invalid_totals", f"{name} holds no totals to compare with: {reason}.")
