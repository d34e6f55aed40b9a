"""What stands in a record on SQLite, kept aside and put into another file."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rebill.store.database import Database


@dataclass(frozen=True)
class SqliteFile:
    """A record's file, which other connections may have open but do not write to meanwhile."""

    path: Path

    @classmethod
    def of(cls, database: Database) -> "SqliteFile":
        """The file of a database that is one."""
        return cls(Path(str(database.engine.url.database)))

    def keep(self, aside: Path) -> None:
        """Have ``aside``, a file that is not there yet, hold everything that stands in the record now."""
        with closing(sqlite3.connect(self.path)) as file:
            file.execute("VACUUM INTO ?", (str(aside),))

    def fill(self, aside: Path) -> None:
        """Have the record hold what was kept aside, and nothing else."""
        with closing(sqlite3.connect(aside)) as source, closing(sqlite3.connect(self.path)) as file:
            source.backup(file)
