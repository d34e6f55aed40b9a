"""The file of a backup: a ZIP of the record as JSON Lines and of the lake's files, with a table of contents.

``contents.json`` names every other member with its length and SHA-256; ``docs/backup.md`` describes the format.
Whoever reads one believes nothing: names, lengths and hashes are checked while it is unpacked.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from rebill.model.errors import Invalid

CONTENTS: Final = "contents.json"
FORMAT: Final = "rebill-backup-1"
LAKE: Final = "lake/"
RECORD: Final = "record/"
# What reading a member raises when the file is at fault. Besides the obvious ones zipfile raises RuntimeError for a
# member that needs a password, its subclass NotImplementedError for one packed or encrypted in a way it does not know,
# and lets zlib's own error through; no backup of ours is packed in any of these ways.
_UNREADABLE: Final = (KeyError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error)
_GREATEST_CONTENTS_BYTES: Final = 512 * 1024**2
_GREATEST_ROW_BYTES: Final = 256 * 1024**2
_PIECE_BYTES: Final = 1024**2
_LAKE_NAME = re.compile(r"lake/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True)
class Member:
    """A member of the archive: its length and SHA-256; of a table of the record also its columns and rows."""

    length_bytes: int
    sha256: str
    columns: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True)
class Contents:
    """What an archive holds. ``schema``: the revision of the record's tables. ``made_at``: ISO 8601, UTC."""

    made_at: str
    rebill_version: str
    schema: str
    members: Mapping[str, Member]


class ArchiveWriter:
    """Puts members into a new archive, one after the other; ``finish`` adds the table of contents."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", allowZip64=True)
        self.members: dict[str, Member] = {}

    def add_file(self, name: str, source: Path) -> None:
        """Add the file ``source`` as it is (Parquet is compressed already)."""
        with source.open("rb") as opened:
            length, sha256 = self._write(name, zipfile.ZIP_STORED, iter(lambda: opened.read(_PIECE_BYTES), b""))
        self.members[name] = Member(length, sha256)

    def add_table(self, table: str, columns: Iterable[str], rows: Iterable[Any]) -> None:
        """Add the rows of a table of the record, a JSON array a line."""
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

        name = table_member(table)
        length, sha256 = self._write(name, zipfile.ZIP_DEFLATED, lines())
        self.members[name] = Member(length, sha256, tuple(columns), count)

    def finish(self, made_at: str, rebill_version: str, schema: str) -> Contents:
        """Add the table of contents and close the archive."""
        contents = Contents(made_at, rebill_version, schema, self.members)
        document = json.dumps({"format": FORMAT, **asdict(contents)}, indent=1)
        self._archive.writestr(CONTENTS, document, zipfile.ZIP_DEFLATED)
        self._archive.close()
        return contents

    def _write(self, name: str, compression: int, pieces: Iterable[bytes]) -> tuple[int, str]:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = compression
        digest, length = hashlib.sha256(), 0
        with self._archive.open(entry, "w", force_zip64=True) as target:
            for piece in pieces:
                digest.update(piece)
                length += len(piece)
                target.write(piece)
        return length, digest.hexdigest()


class ArchiveReader:
    """Reads an archive. Every method raises ``Invalid`` (``backup_unreadable``) for what is not as it must be."""

    def __init__(self, file: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError) as error:
            raise _unreadable(f"{file} cannot be opened as one: {error}") from None
        self.contents = self._read_contents()

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    def unpack(self, name: str, target: Path) -> None:
        """Write a member to the new file ``target``, its length and hash checked."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as opened:
            for piece in self._pieces(name):
                opened.write(piece)

    def rows(self, name: str) -> Generator[list[Any]]:
        """The rows of a table of the record, all of them checked by the time the last has been given; to be closed."""
        begun = b""
        for piece in self._pieces(name):
            *whole, begun = (begun + piece).split(b"\n")
            if len(begun) > _GREATEST_ROW_BYTES:
                raise _unreadable(f"{name} has a row of more than {_GREATEST_ROW_BYTES} bytes")
            yield from (_row(name, line) for line in whole)
        if begun:
            raise _unreadable(f"{name} ends in the middle of a row")

    def _pieces(self, name: str) -> Iterator[bytes]:
        member = self.contents.members[name]
        digest, length = hashlib.sha256(), 0
        try:
            with self._archive.open(name) as opened:
                while piece := opened.read(_PIECE_BYTES):
                    length += len(piece)
                    if length > member.length_bytes:
                        raise _unreadable(f"{name} is longer than its table of contents says")
                    digest.update(piece)
                    yield piece
        except _UNREADABLE as error:
            raise _unreadable(f"{name} cannot be read: {error}") from None
        if length != member.length_bytes or digest.hexdigest() != member.sha256:
            raise _unreadable(f"{name} is not what was written (length or SHA-256 differs)")

    def _read_contents(self) -> Contents:
        try:
            with self._archive.open(CONTENTS) as opened:
                text = opened.read(_GREATEST_CONTENTS_BYTES + 1)
            if len(text) > _GREATEST_CONTENTS_BYTES:
                raise _unreadable("its table of contents is too long")
            contents = _contents_of(json.loads(text))
        except (*_UNREADABLE, TypeError, ValueError) as error:
            raise _unreadable(f"its table of contents cannot be read: {error}") from None
        strange = [name for name in contents.members if not _LAKE_NAME.fullmatch(name) and not name.startswith(RECORD)]
        if strange:
            raise _unreadable(f"it holds {strange[0]!r}, which no backup does")
        return contents


def table_member(table: str) -> str:
    """The member that holds the rows of a table."""
    return f"{RECORD}{table}.jsonl"


def _contents_of(document: Any) -> Contents:
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']!r}, not {FORMAT!r}")
    members = {
        str(name): Member(int(one["length_bytes"]), str(one["sha256"]), tuple(map(str, one["columns"])), one["rows"])
        for name, one in document["members"].items()
    }
    return Contents(str(document["made_at"]), str(document["rebill_version"]), str(document["schema"]), members)


def _row(name: str, line: bytes) -> list[Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _unreadable(f"{name} has a row that is no JSON: {error}") from None
    if not isinstance(row, list):
        raise _unreadable(f"{name} has a row that is no list of values")
    return row


def _unreadable(why: str) -> Invalid:
    return Invalid(
        "backup_unreadable",
        f"This is not a whole backup of rebill: {why}. Take another copy of the file, and try again.",
    )
