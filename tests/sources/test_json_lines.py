"""JSON Lines become the same cost lines as the same rows in CSV, whatever stands in them, or are refused whole."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.sources.cost_files import FileRefused
from tests.focus_files import row, write_csv
from tests.sources.delivered import FileReader, file_reader

ODD_TEXTS = ('":1,', '"x":1.10', "\\", '\\":2', "{}", '[1.10,{"k":1.10}]', "é😀", ": 5", ',"BilledCost":7')


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileReader, Path]]:
    folder = tmp_path_factory.mktemp("json")
    with file_reader(folder / "workspace") as found:
        yield found, folder


def _object(found: dict[str, str], numbers: frozenset[str], gap: str = "") -> str:
    """A row as one object; the columns ``numbers`` without quotes, empty ones left out."""
    members = (
        f"{json.dumps(name)}{gap}:{gap}{value if name in numbers else json.dumps(value)}"
        for name, value in found.items()
        if value
    )
    return "{" + f"{gap},{gap}".join(members) + "}"


numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=20).map(
    lambda number: format(number, "f")
)
rows = st.builds(
    lambda cost, quantity, service, centre: row(
        BilledCost=cost, PricingQuantity=quantity, ServiceName=service, CostCentre=centre
    ),
    st.one_of(numbers, st.sampled_from(["0", "-0", "1e-7", "5E-13", "-1.5e+3", "1e400"])),
    st.sampled_from(["0.123456789", "100000000000.00000001", "7"]),
    st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)),
    st.sampled_from(ODD_TEXTS),
)


@given(found=st.lists(rows, min_size=1, max_size=5), gap=st.sampled_from(["", " ", "\t "]))
@settings(deadline=None, max_examples=30)
def test_objects_become_the_lines_and_rejects_of_the_same_rows_in_csv(
    lasting: tuple[FileReader, Path], found: list[dict[str, str]], gap: str
) -> None:
    reader, folder = lasting
    columns = list(found[0])
    expected = reader.read(write_csv(folder / "same", found, columns))
    text = "\n".join(_object(one, frozenset({"BilledCost", "PricingQuantity"}), gap) for one in found)
    (folder / "same").write_text(text, encoding="utf-8")
    read = reader.read(folder / "same")
    assert read.lines == expected.lines
    assert [(reject.row, reject.column, reject.code) for reject in read.rejects] == [
        (reject.row, reject.column, reject.code) for reject in expected.rejects
    ]


def test_numbers_keep_every_digit_packed_or_not(reader: FileReader, tmp_path: Path) -> None:
    text = _object(row(BilledCost="123456789012345.123456789012"), frozenset({"BilledCost"}))
    (tmp_path / "one.jsonl").write_text("\ufeff" + text + "\r\n\r\n" + text, encoding="utf-8")
    (tmp_path / "one.json.gz").write_bytes(gzip.compress((tmp_path / "one.jsonl").read_bytes(), mtime=0))
    for name in ("one.jsonl", "one.json.gz"):
        lines = reader.read(tmp_path / name).lines
        assert [(line["BilledCost"], line["x_SourceRow"]) for line in lines] == [
            (Decimal("123456789012345.123456789012"), 1),
            (Decimal("123456789012345.123456789012"), 3),
        ]
    assert reader.leftovers() == []


def test_a_name_that_only_some_objects_have_is_a_column_of_all(reader: FileReader, tmp_path: Path) -> None:
    late = {**row(), "a/b~c": "kept", "Null": "x"}
    (tmp_path / "late.jsonl").write_text(
        "\n".join([_object(row(), frozenset()), json.dumps({**late, "Null": None})]), encoding="utf-8"
    )
    lines = reader.read(tmp_path / "late.jsonl").lines
    assert [(line["a/b~c"], line["Null"]) for line in lines] == [(None, None), ("kept", None)]


SOUND = _object(row(), frozenset()).encode()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (SOUND + b"\n" + SOUND[:-9], "line 2"),
        (SOUND + b"\n[1]\n", "line 2"),
        (SOUND + b"\n5\n", "line 2"),
        (SOUND + b"\n" + SOUND + SOUND, "line 2"),
        (SOUND[:-1] + b',"BilledCost":"7"}', "line 1"),
        (SOUND[:-1] + b',"Note":"\\u0000"}', "line 1"),
        (SOUND[:-1] + b',"Note":"\0"}', "line 1"),
        (SOUND[:-1] + b',"Note":"\xff"}', "UTF-8"),
        (SOUND[:-1] + b',"Note":"\x01"}', "line"),
        (SOUND[:-1] + b',"Note:":7}', "'Note:'"),
        (b"{\n" + SOUND[1:], "line 1"),
        (SOUND[:-1] + b"".join(b',"n%d":1' % number for number in range(2001)) + b"}", "more than 2000"),
    ],
)
def test_a_file_that_is_not_an_object_a_line_is_refused_whole(
    reader: FileReader, tmp_path: Path, content: bytes, named: str
) -> None:
    file = tmp_path / "a.json.gz"
    file.write_bytes(gzip.compress(content, mtime=0))
    with pytest.raises(FileRefused) as refused:
        reader.read(file)
    assert (refused.value.fault.value, named in refused.value.sentence) == ("damaged_json", True), refused.value
    assert reader.leftovers() == []


def test_objects_of_another_kind_are_refused_by_what_they_lack(reader: FileReader, tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(b'{"eTag":"a","blobCount":1}\n')
    with pytest.raises(FileRefused) as refused:
        reader.read(tmp_path / "manifest.jsonl")
    assert refused.value.fault.value == "not_focus"


def test_a_last_line_beyond_all_measure_refuses_the_file(reader: FileReader, tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text("\n".join(json.dumps(row(ServiceName="S" * size)) for size in (1, 1, 33_000_000)))
    with pytest.raises(FileRefused, match="longer than two million bytes"):
        reader.read(file)
