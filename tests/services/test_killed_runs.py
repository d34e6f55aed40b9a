"""``kill -9`` in the middle of a run: what was billed stays billed, whole, and the next run completes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rebill.lake.runs import MANIFEST
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.run_bill import run_bill
from tests.services.months import SEPTEMBER, Month, charge, stored

LINE_COUNT = 20_000
MOMENTS = ("begun", "lines rated", "proof written", "folder moved")


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    """Two customers, one billed month of many lines; then an account moves, so that a new run differs."""
    month = Month(installation, partner, tmp_path)
    first, second = month.customer("First"), month.customer("Second")
    month.cost(
        *(
            charge(f"2024-09-{1 + index % 30:02d}", "0.01", "0.01", SubAccountId=f"s-{index % 40}")
            for index in range(LINE_COUNT)
        )
    )
    month.subscriptions(first, *(f"s-{index}" for index in range(40)))
    run_bill(installation, partner, SEPTEMBER)
    month.move(second, "2024-09-16", *(f"s-{index}" for index in range(20)))
    return month


def totals(month: Month) -> dict[str, int]:
    """Customer → total of its statement in minor units; the lines of each add up, or reading it fails."""
    records = stored(month.installation, month.caller, SEPTEMBER)
    assert len({record.run_id for record in records}) == 1, "statements of one month come from one run"
    for record in records:
        get_statement(month.installation, month.caller, record.statement_id)
    return {record.customer_name: record.statement.total_minor_units for record in records}


def has_come(moment: str, month: Month, known: set[str]) -> Callable[[], bool]:
    partner_folder = month.installation.lake_folder / str(month.caller.partner_id)
    working, kept = partner_folder / "staging" / f"run-{SEPTEMBER}", partner_folder / "runs" / str(SEPTEMBER)
    looks: dict[str, Callable[[], bool]] = {
        "begun": working.exists,
        "lines rated": (working / "rated_lines.parquet").exists,
        "proof written": (working / MANIFEST).exists,
        "folder moved": lambda: {folder.name for folder in kept.iterdir()} > known,
    }
    return looks[moment]


def killed_at(moment: str, month: Month) -> int:
    """Start a run in a process of its own, kill it as soon as ``moment`` has come, and say how it ended."""
    kept = month.installation.lake_folder / str(month.caller.partner_id) / "runs" / str(SEPTEMBER)
    come = has_come(moment, month, {folder.name for folder in kept.iterdir()})
    settings = month.installation.settings
    process = subprocess.Popen(
        [sys.executable, "-m", "rebill", "bill", "run", "--period", str(SEPTEMBER)],
        env={**os.environ, "REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not come():
        # Shorter than any of the moments; without it nothing would be left of a processor for what is watched.
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def test_a_killed_run_is_all_there_or_not_there(month: Month) -> None:
    before = {"First": 20_000}
    after = {"First": 15_000, "Second": 5_000}
    assert totals(month) == before
    ended = {}
    for moment in MOMENTS:
        ended[moment] = killed_at(moment, month)
        assert totals(month) in (before, after), moment
    assert ended["begun"] == ended["lines rated"] == -signal.SIGKILL, ended
    run = run_bill(month.installation, month.caller, SEPTEMBER)
    assert totals(month) == after
    partner_folder = month.installation.lake_folder / str(month.caller.partner_id)
    assert not (partner_folder / "staging" / f"run-{SEPTEMBER}").exists()
    in_lake = {folder.name for folder in (partner_folder / "runs" / str(SEPTEMBER)).iterdir()}
    with month.installation.database.reading() as connection:
        recorded = {str(row.run_id) for row in connection.exec_driver_sql("SELECT run_id FROM runs")}
    assert in_lake == recorded
    assert str(run.run_id) in recorded
