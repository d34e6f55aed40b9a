"""The rated lines of a run, opened long after it: which assignment, base, book and rule priced each charge."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rebill.engines.duckdb import DuckDBEngine
from rebill.lake.evidence import damaged, require_file
from rebill.lake.runs import files_of_table
from rebill.services.acting.installation import Installation
from rebill.services.runs.recorded_run import RunInputs

RUN_TABLES = ("rated_lines", "account_spans", "products", "prices")

_YOUNGER_COLUMNS = {
    "rated_lines": {"guard": "CAST(0 AS TINYINT)"},
    "account_spans": dict.fromkeys(("commitment", "charge_kind", "rules_month"), "CAST(NULL AS VARCHAR)"),
}
"""What runs of before there were guards, allocations and refunds of other months have no column of."""


def opened_run(installation: Installation, run: RunInputs, folder: Path) -> AbstractContextManager[DuckDBEngine | None]:
    """The files of a run, as ``run_files``; ``None`` where the run had no cost, and left none."""
    return run_files(installation, run, folder) if run.part_paths else nullcontext()


@contextmanager
def run_files(installation: Installation, run: RunInputs, folder: Path) -> Iterator[DuckDBEngine]:
    """An engine with the tables of a run, and ``lake_lines``: the cost lines it rated, by ``part`` and ``part_row``.

    ``folder``: where the engine may spill. Raises ``ProgramError`` where a file is gone, or a
    table is not what the run left.
    """
    paths = [installation.lake_folder / path for path in run.part_paths]
    place = installation.lake_folder / run.run.folder
    tables = {name: place / f"{name}.parquet" for name in RUN_TABLES}
    for path in (*paths, *tables.values()):
        if not path.exists():
            raise damaged(path.relative_to(installation.lake_folder).as_posix(), "it is missing")
    for table in tables.values() if run.files else ():
        _require_as_left(installation, run, table)
    with DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine:
        for name, path in tables.items():
            engine.view_parquet(name, path, _YOUNGER_COLUMNS.get(name, {}))
        engine.view_parts("lake_lines", paths)
        yield engine


def _require_as_left(installation: Installation, run: RunInputs, table: Path) -> None:
    """Raise ``ProgramError`` unless the files of a table are those that the run left, and every byte of them."""
    recorded = {name: sha256 for name, sha256 in run.files.items() if name.partition("/")[0] == table.name}
    found = {file.relative_to(table.parent).as_posix() for file in files_of_table(table)}
    for name in sorted(found ^ recorded.keys()):
        raise damaged(f"{run.run.folder}/{name}", "the run left no such file" if name in found else "it is missing")
    for name, sha256 in recorded.items():
        require_file(installation.lake_folder, f"{run.run.folder}/{name}", sha256)
