"""What a record begins with, built once in a process for each store, and copied into the records of the tests after."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rebill.services.acting.installation import Installation
from tests.postgresql_databases import KeptDatabase
from tests.sqlite_file import SqliteFile

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Beginning:
    """What building it answered, and what puts it into another installation on a record without any row."""

    answer: Any
    fill: Callable[[Installation], None]


@dataclass(frozen=True)
class Beginnings:
    """Those of one process. ``folder``: where it keeps them; ``kept_postgresql``: its database on PostgreSQL."""

    folder: Path
    kept_postgresql: Callable[[], KeptDatabase]
    _built: dict[tuple[str, str], Beginning] = field(default_factory=dict)

    def begin(self, name: str, installation: Installation, build: Callable[[], Answer]) -> Answer:
        """Have the record, which has no row, and the home hold what ``build`` makes of them; answers what it answers.

        It is called the first time only, and must answer nothing that belongs to one installation.
        """
        kind = (name, installation.database.engine.dialect.name)
        if kind not in self._built:
            answer = build()
            self._built[kind] = Beginning(answer, self._filling("-".join(kind), installation))
            return answer
        self._built[kind].fill(installation)
        answered: Answer = self._built[kind].answer
        return answered

    def _filling(self, name: str, installation: Installation) -> Callable[[Installation], None]:
        home = self.folder / name
        shutil.copytree(installation.settings.home, home)
        fill_record = self._filling_of_record(self.folder / f"{name}.sqlite3", installation)

        def fill(another: Installation) -> None:
            shutil.copytree(home, another.settings.home, dirs_exist_ok=True)
            fill_record(another)

        return fill

    def _filling_of_record(self, aside: Path, installation: Installation) -> Callable[[Installation], None]:
        if installation.database.engine.dialect.name == "sqlite":
            SqliteFile.of(installation.database).keep(aside)
            return lambda another: SqliteFile.of(another.database).fill(aside)
        kept = self.kept_postgresql()
        contents = kept.contents()
        return lambda _another: kept.fill(contents)
