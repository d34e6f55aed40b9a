"""The same run, but that it keeps no rated line: what keeping them costs is told by the difference.

Without rated lines there is no list of the lines that need attention either, since it is read from them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self
from unittest.mock import patch

from rebill.engines.duckdb import DuckDBEngine
from rebill.engines.engine import Engine
from rebill.model.engine_name import EngineName
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing import run_bill as running
from rebill.services.billing.run_bill import BillRun
from rebill.settings import Settings


class _Unkept(DuckDBEngine):
    """The embedded engine, which sums up rated lines as they are computed."""

    def beside(self) -> Self:
        """Nobody reads this engine's tables beside it."""
        return self

    def write_lines(self, sql: str, file: Path, narrowed: Mapping[str, str]) -> None:
        self._connection.execute(f"CREATE VIEW {file.stem} AS {sql}")

    def create_sums(self, name: str, sums: Callable[[str], str], rows: str, keys: tuple[str, str]) -> None:
        """In one pass: each would price the lines anew."""
        self.create_table_as(name, sums("TRUE"))

    def view_parquet(self, name: str, file: Path, absent: Mapping[str, str] | None = None) -> None:
        """It stands already."""


def _open(name: EngineName, scratch_folder: Path, settings: Settings) -> Engine:
    return _Unkept(scratch_folder, settings.engine_memory_limit)


def run_unkept(installation: Installation, caller: Caller, month: BillingMonth) -> BillRun:
    """``run_bill`` without rated lines. What it leaves cannot be explained, and is good for being timed only."""
    with (
        patch.object(running, "open_engine", _open),
        patch.object(running, "keep_attention_lines", lambda *_: ()),
    ):
        return running.run_bill(installation, caller, month)
