"""``kill -9`` in the middle of an import: nothing half done is ever visible, and the next import completes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from rebill.lake.cost_data_sets import verify
from rebill.lake.session import engine_session
from rebill.lake.workshop import PENDING, costs_folder
from rebill.model.data_set import CostImportOrder
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import import_costs, list_data_sets
from tests.focus_files import row, write_csv

ROWS = 30_000
OLD, NEW = Decimal(1), Decimal(ROWS)


@pytest.fixture
def delivery(installation: Installation, partner: Caller, tmp_path: Path) -> Path:
    """A file of many rows for a scope that has delivered one row before."""
    old = write_csv(tmp_path / "old.csv", [row(BilledCost="1")])
    import_costs(installation, partner, CostImportOrder((old,), scope="contoso"))
    chance = random.Random(20240917)
    rows = [
        row(BilledCost="1", SubAccountId=f"s-{chance.randrange(500)}", Tags=f"{chance.random()}") for _ in range(ROWS)
    ]
    return write_csv(tmp_path / "new.csv.gz", rows)


def order_of(file: Path) -> CostImportOrder:
    return CostImportOrder((file,), scope="contoso")


def started(installation: Installation, file: Path) -> "subprocess.Popen[bytes]":
    """An import in a process of its own."""
    settings = installation.settings
    return subprocess.Popen(
        [sys.executable, "-m", "rebill", "costs", "import", str(file), "--scope", "contoso"],
        env={**os.environ, "REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_when(process: "subprocess.Popen[bytes]", come: Callable[[], bool]) -> int:
    """Kill the process as soon as ``come`` says so, or when it has ended; its exit code."""
    try:
        while process.poll() is None and not _seen(come):
            # Shorter than any of the moments; without it nothing would be left of a processor for what is watched.
            time.sleep(0.0005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode


def _seen(come: Callable[[], bool]) -> bool:
    try:
        return come()
    except FileNotFoundError:
        return False  # The import ended, and its staging folder vanished while we looked into it.


def visible(installation: Installation, partner: Caller) -> Decimal:
    """The cost in force; each data set of it is whole, or reading it fails."""
    found = list_data_sets(installation, partner)
    with engine_session("200MB") as connection:
        for data_set in found:
            verify(connection, installation.lake_folder, data_set)
    return sum((one.partner_cost for data_set in found for one in data_set.sums), Decimal(0))


def folders(costs: Path) -> set[str]:
    return {folder.name for folder in costs.glob("*-*/*")}


def assert_settled(installation: Installation, partner: Caller) -> None:
    """What lies in the lake is what the record knows."""
    costs = costs_folder(installation.lake_folder, partner.partner_id)
    with installation.database.reading() as connection:
        recorded = {str(found.data_set_id) for found in connection.exec_driver_sql("SELECT data_set_id FROM data_sets")}
    assert folders(costs) == recorded
    assert not (costs / "staging").exists()
    assert not list(costs.rglob(PENDING))


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "begun": lambda costs: (costs / "staging").exists(),
    "unpacked": lambda costs: (costs / "staging" / "source-00000").exists(),
    "lines begun": lambda costs: (costs / "staging" / "lines-00000.parquet").exists(),
    "lines moved": lambda costs: any(costs.glob("staging/*/part-00000.parquet")),
    "manifest written": lambda costs: any(costs.glob("staging/*/manifest.json")),
    "published": lambda costs: any(costs.glob(f"*-*/*/{PENDING}")),
}


def test_a_killed_import_is_all_there_or_not_there(installation: Installation, partner: Caller, delivery: Path) -> None:
    costs = costs_folder(installation.lake_folder, partner.partner_id)
    for moment, has_come in MOMENTS.items():
        code = kill_when(started(installation, delivery), partial(has_come, costs))
        assert code == -signal.SIGKILL or moment != "begun"
        assert visible(installation, partner) in (OLD, NEW), moment
    (done,) = import_costs(installation, partner, order_of(delivery)).data_sets
    assert visible(installation, partner) == NEW
    assert list_data_sets(installation, partner)[0].data_set_id == done.data_set_id
    import_costs(installation, partner, order_of(delivery))
    assert_settled(installation, partner)


def test_an_import_killed_before_the_record_took_it_leaves_nothing(
    installation: Installation, partner: Caller, delivery: Path
) -> None:
    costs = costs_folder(installation.lake_folder, partner.partner_id)
    before = folders(costs)
    with installation.database.writing() as connection:
        if not installation.database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE data_sets IN EXCLUSIVE MODE")
        code = kill_when(started(installation, delivery), lambda: any(costs.glob(f"*-*/*/{PENDING}")))
    assert code == -signal.SIGKILL
    (left,) = folders(costs) - before
    assert visible(installation, partner) == OLD
    (done,) = import_costs(installation, partner, order_of(delivery)).data_sets
    assert str(done.data_set_id) != left
    assert visible(installation, partner) == NEW
    assert_settled(installation, partner)


def test_an_import_killed_after_the_record_took_it_stands(
    installation: Installation, partner: Caller, delivery: Path
) -> None:
    (done,) = import_costs(installation, partner, order_of(delivery)).data_sets
    (installation.lake_folder / done.parts[0].path).with_name(PENDING).touch()
    (again,) = import_costs(installation, partner, order_of(delivery)).data_sets
    assert (again.data_set_id, again.already_imported) == (done.data_set_id, True)
    assert visible(installation, partner) == NEW
    assert_settled(installation, partner)
