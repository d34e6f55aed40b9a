"""Every layout of the registry, however its file is written: order, case, language, byte order mark, dates."""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

import rebill
from rebill.model.cost_line import COLUMNS, EXCHANGE_RATE_DATE, ColumnType
from rebill.sources.layouts import LAYOUTS, recognise
from rebill.sources.layouts.layout import Computed, Layout
from tests.sources.delivered import Delivered, FileReader

FILES: Final = Path(__file__).parent / "files"
SAMPLE: Final = Path(rebill.__file__).parent / "samples" / "focus_1_0_sample_1000.csv"
KINDS: Final = {column.name: column.type for column in COLUMNS}
DAY: Final = "2024-09-30"
# What a column holds by a word in its name; the first that is in it.
BY_NAME: Final = {
    "costin": "1.5",
    "currency": "USD",
    "earnedcredit": "15",
    "chargetype": "Usage",
    "lineitemtype": "Usage",
    "chargecategory": "Usage",
    "tags": '{"a": "b"}',
    # With these empty no row is covered by a commitment, which is told otherwhere.
    "reservation": "",
    "benefit": "",
    "commitment": "",
    "savings": "",
}

Header = Callable[[str], str]


def sound_row(layout: Layout, day: str = DAY) -> dict[str, str]:
    """A row of everything that the layout speaks of, by the first name that it has for it."""
    found: dict[str, str] = {}
    for column, origin in {**layout.columns, **layout.kept}.items():
        names = origin.names if isinstance(origin, Computed) else origin.names[:1]
        for name in names:
            found.setdefault(name, _value(name, KINDS.get(column, ColumnType.TEXT), day))
    for names in layout.marks:
        if not any(name in found for name in names):
            found[names[0]] = _value(names[0], ColumnType.TEXT, day)
    return found


def _value(name: str, kind: ColumnType, day: str) -> str:
    known = next((value for word, value in BY_NAME.items() if word in name.lower()), None)
    if known is not None:
        return known
    if kind is ColumnType.INSTANT:
        return day
    return "1.5" if kind in (ColumnType.AMOUNT, ColumnType.QUANTITY) else f"of {name}"


def read(
    reader: FileReader,
    tmp_path: Path,
    layout: Layout,
    row: Mapping[str, str],
    header: Sequence[str],
    start: bytes = b"",
) -> Delivered:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, list(row.values())])
    file = tmp_path / "file.csv"
    file.write_bytes(start + stream.getvalue().encode())
    return reader.read(file, period="2024-09", layout=layout.name)


def told(layout: Layout, delivered: Delivered) -> dict[str, Any]:
    """The one line, in the columns that the layout speaks of."""
    assert delivered.rejects == ()
    (line,) = delivered.lines
    return {name: line[name] for name in (*layout.columns, *layout.kept)}


def shuffled(row: Mapping[str, str]) -> dict[str, str]:
    names = list(row)
    random.Random(11).shuffle(names)
    return {name: row[name] for name in names}


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("focuscost_1.0r2", "focus-1.0"),
        ("focuscost_1.2", "focus-1.2"),
        ("actualcost_c360-2025-04", "enterprise-actual"),
    ],
)
def test_the_schemas_that_microsoft_publishes_are_recognised_by_their_names(schema: str, name: str) -> None:
    published = json.loads((FILES / f"{schema}.json").read_text(encoding="utf-8"))
    header = [mapping["source"]["name"] for mapping in published["translator"]["mappings"]]
    found = recognise(header)
    assert (found.name, found.missing, found.doubled) == (name, (), ())


def test_charges_of_every_provider_of_the_published_sample_are_read(reader: FileReader) -> None:
    lines = reader.read(SAMPLE).lines
    assert Counter(line["ProviderName"] for line in lines) == {"AWS": 942, "Microsoft": 51, "Oracle": 7}
    assert all(line["BillingAccountId"] and line["ServiceName"] and line["ChargePeriodStart"] for line in lines)


every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


@every_layout
@pytest.mark.parametrize(
    ("order", "header", "start"),
    [
        (dict, str, b"\xef\xbb\xbf"),
        (shuffled, str, b""),
        (dict, str.upper, b""),
        (dict, str.lower, b""),
        (dict, lambda name: f" {name} ", b""),
        (shuffled, lambda name: f"Übersetzung ({name})", b"\xef\xbb\xbf"),
    ],
    ids=["byte order mark", "another order", "upper case", "lower case", "spaces", "another language"],
)
def test_how_a_header_is_written_changes_nothing(
    reader: FileReader,
    tmp_path: Path,
    layout: Layout,
    order: Callable[[dict[str, str]], dict[str, str]],
    header: Header,
    start: bytes,
) -> None:
    row = sound_row(layout)
    plain = read(reader, tmp_path, layout, row, list(row))
    written = order(row)
    names = [header(name) for name in written]
    assert told(layout, read(reader, tmp_path, layout, written, names, start)) == told(layout, plain)
    assert recognise(names).layout.marks == layout.marks


@every_layout
@pytest.mark.parametrize(
    "day", ["2024-09-30T00:00:00Z", "2024-09-30T00:00Z", "2024-09-30 00:00:00", "2024-09-30T02:00+02"]
)
def test_a_day_in_iso_style_is_read_with_any_time(reader: FileReader, tmp_path: Path, layout: Layout, day: str) -> None:
    plain, timed = sound_row(layout), sound_row(layout, day)
    expected = told(layout, read(reader, tmp_path, layout, plain, list(plain)))
    assert told(layout, read(reader, tmp_path, layout, timed, list(timed))) == expected


@every_layout
@pytest.mark.parametrize(
    "day",
    [
        "09/30/2024",
        "9/30/2024",
        "9/30/2024 12:00:00 AM",
        "09/30/2024 00:00",
        "09-30-2024",
        "30/09/2024",
        "30/9/2024 00:00:00",
        "30-09-2024",
        "30.09.2024",
        "30.9.2024 00:00",
        "2024/09/30",
        "2024/9/30 00:00:00",
    ],
)
def test_a_day_in_another_style_is_read(reader: FileReader, tmp_path: Path, layout: Layout, day: str) -> None:
    plain, styled = sound_row(layout), sound_row(layout, day)
    found = told(layout, read(reader, tmp_path, layout, styled, list(styled)))
    assert without_raw_dates(found) == without_raw_dates(
        told(layout, read(reader, tmp_path, layout, plain, list(plain)))
    )


def without_raw_dates(line: Mapping[str, Any]) -> dict[str, Any]:
    """The date of the exchange rate is kept as it is written."""
    return {name: value for name, value in line.items() if name != EXCHANGE_RATE_DATE}
