"""The rated lines of a run, opened long after it: which assignment, base, book and rule priced each charge."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rebill.engines.duckdb import DuckDBEngine
from rebill.lake.evidence import damaged, require_file
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
    tables = {name: installation.lake_folder / run.run.folder / f"{name}.parquet" for name in RUN_TABLES}
    for path in (*paths, *tables.values()):
        if not path.is_file():
            raise damaged(path.relative_to(installation.lake_folder).as_posix(), "it is missing")
    for name in tables:
        if (sha256 := run.files.get(f"{name}.parquet")) is not None:
            require_file(installation.lake_folder, f"{run.run.folder}/{name}.parquet", sha256)
    with DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine:
        for name, path in tables.items():
            engine.view_parquet(name, path, _YOUNGER_COLUMNS.get(name, {}))
        engine.view_parts("lake_lines", paths)
        yield engine
