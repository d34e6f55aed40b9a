"""The way from Microsoft to statements at the command line, against the local twin."""

import shlex
import signal
import subprocess
import sys
from decimal import Decimal

import pytest

from rebill.twin.server import running_twin
from rebill.twin.world import TwinWorld
from tests.cli.command_line import PATIENCE_SECONDS, CommandLine

WORLD = TwinWorld(customer_count=2, days=1)


def test_the_demo_with_the_twin_goes_from_sync_to_statements(small_rebill: CommandLine) -> None:
    home = small_rebill.home / "demo"
    ended = small_rebill.run_in_a_process("demo", "--with-microsoft-twin", "--home", str(home), "--json")
    assert ended.code == 0, ended
    document = ended.document
    assert [one["outcome"] for one in document["syncs"]] == ["done", "done"]
    assert len(document["statements"]) == 12
    assert all(Decimal(one["price"]) > 0 for one in document["statements"])


def test_a_sync_at_the_command_line_tells_what_it_brought_and_lists_newcomers(rebill: CommandLine) -> None:
    with running_twin(WORLD) as twin, pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommandLine, "environment", {**rebill.environment, **twin.environment})
        brought = rebill.answer("sync", "--only", "catalogue")
        (record,) = brought["syncs"]
        assert (record["part"], record["outcome"], record["counts"]["new"]) == ("catalogue", "done", 2)
        assert {one["name"] for one in brought["new_and_unassigned"]} == {one.name for one in WORLD.customers}
        rebill.answer("azure-customers", "sync")
        assert [one["outcome"] for one in rebill.answer("costs", "sync")["syncs"]] == ["done"]
        assert len(rebill.answer("sync", "--history")["syncs"]) == 3
        months = sorted({one["period"] for one in rebill.answer("costs", "list")["datasets"]})
        billed = rebill.answer("bill", "run")
        assert [one["period"] for one in billed["runs"]] == months
        assert billed["run_id"] == billed["runs"][-1]["run_id"]
        again = rebill.answer("bill", "run")
        assert [one["period"] for one in again["runs"]] == months[-1:]


# The twin and how one signs in know nothing of where the record lies.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize(("way", "variables"), [("client_secret", 7), ("certificate", 8), ("kubernetes", 10)])
def test_the_twin_by_itself_has_invoiced_the_month_before_today(rebill: CommandLine, way: str, variables: int) -> None:
    command = [sys.executable, "-m", "rebill.twin", "--sign-in", way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as twin, pytest.MonkeyPatch.context() as patch:
        assert twin.stdout is not None
        told = [shlex.split(twin.stdout.readline())[1].partition("=") for _ in range(variables)]
        patch.setattr(CommandLine, "environment", {**rebill.environment, **{name: value for name, _, value in told}})
        (record,) = rebill.answer("sync", "--only", "costs")["syncs"]
        twin.send_signal(signal.SIGTERM)
    assert (record["counts"]["deliveries"], record["counts"]["invoice_totals"], twin.returncode) == (4, 1, 0)


def test_a_run_of_no_named_month_wants_cost(rebill: CommandLine) -> None:
    assert rebill.refusal("bill", "run")["code"] == "no_cost"


def test_a_sync_without_settings_names_what_is_missing(rebill: CommandLine) -> None:
    assert rebill.refusal("sync")["code"] == "microsoft_not_configured"


def test_syncing_again_and_again_ends_well_when_told_to_stop(rebill: CommandLine) -> None:
    with running_twin(WORLD) as twin:
        command = [sys.executable, "-m", "rebill", "sync", "--only", "catalogue", "--every", "60", "--json"]
        environment = {**rebill.process_environment, **twin.environment}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            told = next(line for line in process.stdout if line.startswith(b"}"))
            process.send_signal(signal.SIGTERM)
            _, logged = process.communicate(timeout=PATIENCE_SECONDS)
        assert told.startswith(b"}")
        assert process.returncode == 0
        assert b'"event": "sync"' in logged
