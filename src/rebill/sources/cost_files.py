"""Which files a delivery consists of, in which form they are, and what their header says."""

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from rebill.model.counting import counted
from rebill.model.data_set import FileFault, refuse_files
from rebill.sources.csv_rows import GREATEST_ROW_CHARACTERS

COST_FILE_ENDINGS: Final = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz", ".json.gz")
GREATEST_UNPACKED_BYTES: Final = 256 * 2**30
"""A gzip file that unpacks to more is refused."""
GREATEST_UNPACKED_RATIO: Final = 250
"""Cost files shrink ten- to fiftyfold; beyond this a gzip file is taken for a bomb (from 256 MiB on)."""
_RATIO_COUNTS_FROM_BYTES: Final = 256 * 2**20
_HEADER_BYTES: Final = 1_000_000
_FORM_BYTES: Final = 64
_CHUNK_BYTES: Final = 1 << 20
GREATEST_LINE_BYTES: Final = 4 * GREATEST_ROW_CHARACTERS
"""A line of more is longer than any row may be, whatever its characters are."""


class FileForm(StrEnum):
    """How a cost file is packed, told by its first bytes, not by its name."""

    CSV = "csv"
    GZIP_CSV = "gzip csv"
    PARQUET = "parquet"
    JSON_LINES = "json lines"
    GZIP_JSON_LINES = "gzip json lines"

    @property
    def is_packed(self) -> bool:
        return self in (FileForm.GZIP_CSV, FileForm.GZIP_JSON_LINES)

    @property
    def is_json(self) -> bool:
        return self in (FileForm.JSON_LINES, FileForm.GZIP_JSON_LINES)


@dataclass(frozen=True)
class CostFile:
    """A file of a delivery. ``name``: what rejects, lines and manifests call it.

    ``expected_bytes`` and ``expected_rows``: what its source says that it holds.
    """

    path: Path
    name: str
    expected_bytes: int | None = None
    expected_rows: int | None = None


@dataclass(frozen=True)
class FileMark:
    """The bytes of a file: what they are, how many, and when the folder last saw them change.

    ``is_odd``: in them is what the engine would pass over without a word (``Oddities``).
    """

    sha256: str
    byte_count: int
    modified_nanoseconds: int
    is_odd: bool


class Oddities:
    """Looks through the bytes of a text for what the engine passes over: a NUL, or a line beyond all measure.

    A last line that is longer than the engine's buffer (32 MB) it leaves out.
    """

    def __init__(self) -> None:
        self.found = False
        self._line_bytes = 0

    def see(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        end = chunk.find(b"\n")
        self._line_bytes += len(chunk) if end < 0 else end
        self.found = self.found or self._line_bytes > GREATEST_LINE_BYTES or b"\0" in chunk
        if end >= 0:
            self._line_bytes = len(chunk) - chunk.rfind(b"\n") - 1


class FileRefused(Exception):
    """A whole file cannot be used. Collected for all files of a delivery, then raised as one ``Invalid``."""

    def __init__(self, fault: FileFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence


def find_cost_files(paths: Sequence[Path]) -> list[CostFile]:
    """Every file of the delivery: the files given, and the cost files anywhere below the folders given, sorted.

    Raises ``Invalid`` for a path that does not exist and a folder without cost files, all at once.
    """
    found: dict[Path, CostFile] = {}
    faults = []
    for path in paths:
        below = _cost_files_below(path) if path.is_dir() else [path]
        if not path.exists():
            faults.append((str(path), FileFault.FILE_NOT_FOUND, "there is no such file or folder"))
        elif not path.is_dir() and not path.is_file():
            sentence = "is a pipe or a device, which cannot be read twice; write it into a file and import that"
            faults.append((str(path), FileFault.FILE_NOT_READABLE, sentence))
        elif not below:
            faults.append((str(path), FileFault.NO_COST_FILES, f"holds no file named *{', *'.join(COST_FILE_ENDINGS)}"))
        for file in below:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            found.setdefault(file.resolve(), CostFile(file.absolute(), name))
    if not paths:
        faults.append(("delivery", FileFault.NO_COST_FILES, "name at least one file or folder"))
    refuse_files(faults)
    return _distinctly_named(list(found.values()))


def _cost_files_below(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.name.lower().endswith(COST_FILE_ENDINGS) and path.is_file()
    )


def _distinctly_named(files: list[CostFile]) -> list[CostFile]:
    names = [file.name for file in files]
    return [CostFile(file.path, file.name if names.count(file.name) == 1 else str(file.path)) for file in files]


@contextmanager
def refusals(file: CostFile, faults: list[tuple[str, FileFault, str]]) -> Iterator[None]:
    """Collect what refuses ``file`` into ``faults``, so that every file of a delivery is looked at."""
    try:
        yield
    except FileRefused as refused:
        faults.append((file.name, refused.fault, refused.sentence))
    except OSError as error:
        faults.append((file.name, FileFault.FILE_NOT_READABLE, f"cannot be read: {error.strerror or error}"))


def mark_of(file: CostFile) -> FileMark:
    """Read the whole file once: its SHA-256, and whether anything odd is in it (``Oddities``)."""
    digest = hashlib.sha256()
    oddities = Oddities()
    with file.path.open("rb") as stream:
        state = os.fstat(stream.fileno())
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            oddities.see(chunk)
    require_bytes(file, state.st_size)
    return FileMark(digest.hexdigest(), state.st_size, state.st_mtime_ns, oddities.found)


def require_bytes(file: CostFile, byte_count: int) -> None:
    """Raise ``FileRefused`` when the file has not as many bytes as its source says."""
    if file.expected_bytes not in (None, byte_count):
        raise FileRefused(
            FileFault.BYTE_COUNT_DIFFERS,
            f"has {counted(byte_count, 'byte')}, but its manifest says {file.expected_bytes:,}; it is not complete, "
            "or was written anew meanwhile: import it again",
        )


def require_rows(file: CostFile, row_count: int) -> None:
    """Raise ``FileRefused`` when the file has not as many rows, rejects among them, as its source says."""
    if file.expected_rows not in (None, row_count):
        raise FileRefused(
            FileFault.ROW_COUNT_DIFFERS,
            f"has {counted(row_count, 'row')}, but its manifest says {file.expected_rows:,}; fetch it again",
        )


def require_unchanged(file: CostFile, mark: FileMark) -> None:
    """Raise ``FileRefused`` when somebody wrote to the file since ``mark`` was taken."""
    state = file.path.stat()
    if (state.st_size, state.st_mtime_ns) != (mark.byte_count, mark.modified_nanoseconds):
        raise FileRefused(FileFault.CHANGED_WHILE_READ, "changed while it was read; import it again when complete")


def form_of(file: CostFile) -> FileForm:
    """The form of a file, by its first bytes. Raises ``FileRefused`` for what is plainly no cost file."""
    with file.path.open("rb") as stream:
        start = stream.read(_FORM_BYTES)
    if not start:
        raise FileRefused(FileFault.EMPTY_FILE, "is empty")
    if start.startswith(b"PAR1"):
        return FileForm.PARQUET
    if file.path.name.lower().endswith(".parquet"):
        raise FileRefused(FileFault.DAMAGED_PARQUET, "is not a Parquet file; fetch it again")
    if start.startswith(b"\x1f\x8b"):
        return FileForm.GZIP_JSON_LINES if _opens_an_object(_unpacked(file, _FORM_BYTES)) else FileForm.GZIP_CSV
    if start.startswith(b"PK\x03\x04"):
        raise FileRefused(FileFault.NOT_TEXT, "is a ZIP archive or a workbook; unpack it, or export it as CSV")
    return FileForm.JSON_LINES if _opens_an_object(start) else FileForm.CSV


def _opens_an_object(start: bytes) -> bool:
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def csv_header(start: bytes, separator: str = ",") -> tuple[list[str], bool]:
    """The column names at the ``start`` of a CSV file, and whether they stand in its very first line.

    Raises ``FileRefused`` for what is not a text with a header.
    """
    text = start.removeprefix(b"\xef\xbb\xbf")
    stripped = text.lstrip(b"\r\n")
    if not stripped.strip():
        raise FileRefused(FileFault.EMPTY_FILE, "is empty")
    lines = io.StringIO(stripped.decode("utf-8", "surrogateescape"), newline="")
    try:
        header = next(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        raise FileRefused(FileFault.NOT_TEXT, "has no header that can be read as CSV") from None
    if "\0" in "".join(header) or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(FileFault.NOT_TEXT, "is not a text file; export it as CSV in UTF-8")
    try:
        "".join(header).encode("utf-8")
    except UnicodeEncodeError:
        raise FileRefused(FileFault.NOT_UTF8_HEADER, "is not UTF-8 text; export it as CSV in UTF-8") from None
    return header, len(text) == len(stripped)


def first_bytes(file: CostFile, form: FileForm) -> bytes:
    """As much of a CSV file, unpacked, as its header can take. Raises ``FileRefused`` for damaged gzip."""
    if form.is_packed:
        return _unpacked(file, _HEADER_BYTES)
    with file.path.open("rb") as stream:
        return stream.read(_HEADER_BYTES)


def _unpacked(file: CostFile, byte_count: int) -> bytes:
    with _readable_gzip(), gzip.open(file.path, "rb") as unpacked:
        return unpacked.read(byte_count)


def unpack(file: CostFile, target: Path) -> bool:
    """Unpack a gzip file to ``target`` and say whether anything odd is in it (``Oddities``).

    Raises ``FileRefused`` for one that is damaged, cut off, or would unpack beyond all measure.
    """
    unpacked_bytes = 0
    oddities = Oddities()
    with (
        _readable_gzip(),
        file.path.open("rb") as packed,
        gzip.open(packed, "rb") as unpacked,
        target.open("wb") as stream,
    ):
        for chunk in _chunks(unpacked.read):
            unpacked_bytes += len(chunk)
            # Measured by what has been read of it: so a long file cannot hide a bomb.
            _require_measure(unpacked_bytes, packed.tell())
            oddities.see(chunk)
            stream.write(chunk)
    return oddities.found


def _chunks(read: Callable[[int], bytes]) -> Iterable[bytes]:
    return iter(lambda: read(_CHUNK_BYTES), b"")


def is_beyond_measure(unpacked_bytes: int, packed_bytes: int) -> bool:
    """Whether so much comes out of so little that it can be no cost file."""
    beyond_ratio = unpacked_bytes > max(_RATIO_COUNTS_FROM_BYTES, packed_bytes * GREATEST_UNPACKED_RATIO)
    return beyond_ratio or unpacked_bytes > GREATEST_UNPACKED_BYTES


def _require_measure(unpacked_bytes: int, packed_bytes: int) -> None:
    if is_beyond_measure(unpacked_bytes, packed_bytes):
        raise FileRefused(
            FileFault.GZIP_TOO_LARGE,
            f"unpacks to more than {unpacked_bytes // 2**20:,} MiB from {counted(packed_bytes, 'byte')}, which no cost "
            "file does; if it is sound, unpack it yourself and import the CSV",
        )


@contextmanager
def _readable_gzip() -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise FileRefused(FileFault.DAMAGED_GZIP, "is cut off before its end; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileRefused(FileFault.DAMAGED_GZIP, "is damaged gzip; fetch it again") from None
