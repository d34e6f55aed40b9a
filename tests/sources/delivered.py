"""Reading one file the way an import does, and looking at what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from rebill.lake.cost_data_sets import read_rejects
from rebill.lake.session import engine_session
from rebill.model.data_set import ConvertedFile, FileFault, Reject
from rebill.model.date_order import DateOrder
from rebill.model.months import BillingMonth
from rebill.model.sql_text import sql_path
from rebill.sources.cost_files import CostFile, FileRefused, mark_of
from rebill.sources.delivered_files import convert_delivery
from rebill.sources.fallbacks import Fallbacks
from rebill.sources.reading import recognised


@dataclass(frozen=True)
class Delivered:
    """A converted file: its lines as dictionaries by column, and its rejects."""

    converted: ConvertedFile
    lines: list[dict[str, Any]]
    rejects: tuple[Reject, ...]


class FileReader:
    """Converts files one after another in a folder of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, workspace: Path) -> None:
        self.connection = connection
        self._workspace = workspace
        self._number = 0

    def read(
        self,
        file: Path,
        period: str | None = None,
        currency: str | None = None,
        layout: str = "auto",
        date_order: DateOrder | None = None,
        usual_date_order: DateOrder | None = None,
    ) -> Delivered:
        """Convert ``file``; raises ``FileRefused`` as an import would see it."""
        found = CostFile(file, file.name)
        month = BillingMonth.parse(period) if period else None
        fallbacks = Fallbacks(month, currency, layout, date_order=date_order, usual_date_order=usual_date_order)
        recognised_file = recognised(self.connection, found, mark_of(found), fallbacks, self._workspace)
        self._number += 1
        faults: list[tuple[str, FileFault, str]] = []
        files = convert_delivery(
            self.connection, [recognised_file], fallbacks, self._workspace, faults, first_number=self._number
        )
        for _, fault, sentence in faults:
            raise FileRefused(fault, sentence)
        (converted,) = files
        answer = self.connection.execute(f"SELECT * FROM read_parquet({sql_path(Path(converted.lines))})")
        names = [column[0] for column in answer.description or []]
        lines = [dict(zip(names, line, strict=True)) for line in answer.fetchall()]
        rejects = read_rejects(self.connection, [Path(converted.rejects)]) if converted.rejects else ()
        return Delivered(converted, lines, rejects)

    def leftovers(self) -> list[str]:
        """What lies in the workspace besides results."""
        return sorted(
            file.name for file in self._workspace.iterdir() if not file.name.startswith(("lines-", "rejects-"))
        )


@contextmanager
def file_reader(workspace: Path) -> Iterator[FileReader]:
    """A reader that works in ``workspace``."""
    workspace.mkdir(parents=True, exist_ok=True)
    with engine_session("300MB", workspace.parent / "spill") as connection:
        yield FileReader(connection, workspace)
