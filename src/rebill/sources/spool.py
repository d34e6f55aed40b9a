"""A file that keeps, line by line, what was fetched so far, so that whoever is stopped need not begin anew."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Spool:
    """Entries of JSON, one a line, in a file. An entry that was cut off is not there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)

    def entries(self) -> list[Any]:
        """What was kept, in order."""
        return [json.loads(line) for line in self._whole_lines()]

    def add(self, entry: Any) -> None:
        """Keep one more entry; it is on the disk when this returns."""
        with self._file.open("ab") as stream:
            stream.write(json.dumps(entry).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def mend(self) -> None:
        """Take away an entry that was cut off, so that the next one begins a line."""
        whole = b"".join(line + b"\n" for line in self._whole_lines())
        if self._file.exists() and self._file.stat().st_size != len(whole):
            self._file.write_bytes(whole)

    def _whole_lines(self) -> Iterator[bytes]:
        if not self._file.exists():
            return
        *lines, _ = self._file.read_bytes().split(b"\n")
        yield from lines
