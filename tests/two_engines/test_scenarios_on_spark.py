"""Every month that was computed by hand, run on both engines: the same rated lines, the same statements."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rebill.lake.evidence import run_manifest
from rebill.lake.runs import files_of_table
from rebill.model.engine_name import EngineName
from rebill.model.party import Caller
from rebill.model.sql_text import sql_paths
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.proof.verify_statements import verify_month
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.scope import Scope
from tests.scenarios.stage import Stage
from tests.scenarios.test_scenarios import SCENARIOS, told_balance, told_totals
from tests.services.months import SEPTEMBER, Month
from tests.two_engines.conftest import MASTER

Table = dict[str, list[object]]


def last_run(installation: Installation, caller: Caller) -> RecordedRun:
    with installation.database.reading() as connection:
        return runs_of_month(Scope.of(connection, caller), SEPTEMBER)[0]


def tables_of(installation: Installation, run: RecordedRun) -> dict[str, Table]:
    """Every table that a run left: its columns by name, its rows in one order."""
    found = {}
    with duckdb.connect() as connection:
        for table in sorted((installation.lake_folder / run.folder).glob("*.parquet")):
            rows = connection.execute(f"SELECT * FROM read_parquet({sql_paths(files_of_table(table))}) ORDER BY ALL")
            names = [name for name, *_ in rows.description or ()]
            found[table.name] = dict(zip(names, map(list, zip(*rows.fetchall(), strict=True)), strict=False))
    return found


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_both_engines_leave_the_same(folder: Path, installation: Installation, partner: Caller, tmp_path: Path) -> None:
    on_both = replace(installation, settings=replace(installation.settings, spark_master=MASTER))
    stage = Stage(folder, Month(on_both, partner, tmp_path))
    embedded = stage.run()
    lines = list(stage.lines(embedded))
    by_duckdb = last_run(on_both, partner)
    run = run_bill(on_both, partner, SEPTEMBER, engine=EngineName.SPARK)
    by_spark = last_run(on_both, partner)
    manifests = [
        run_manifest(on_both.lake_folder, found.folder, found.manifest_file_sha256) for found in (by_duckdb, by_spark)
    ]
    assert [manifest.pop("engine").split()[0] for manifest in manifests] == ["duckdb", "spark"]
    for manifest in manifests:
        manifest.pop("files")
    # The canonical form of every statement is in the hash of the outcome.
    assert manifests[0] == manifests[1]
    assert tables_of(on_both, by_spark) == tables_of(on_both, by_duckdb)
    assert list(stage.lines(run)) == lines
    assert (told_totals(run), told_balance(run)) == (told_totals(embedded), told_balance(embedded))
    assert run.attention == embedded.attention
    assert run.open_attention == embedded.open_attention
    assert verify_month(on_both, partner, SEPTEMBER).is_equal
