"""The demo does what it says, starts over, and deletes nothing that is not its own."""

import json
from decimal import Decimal
from pathlib import Path

from tests.cli.command_line import CommandLine


def test_the_demo_bills_the_published_sample_and_every_cent_is_accounted_for(small_rebill: CommandLine) -> None:
    home = small_rebill.home / "demo"
    ended = small_rebill.run_in_a_process("demo", "--home", str(home), "--json")
    assert ended.code == 0, ended
    document = ended.document
    assert (document["home"], document["charges"], document["imported"]) == (str(home), 1000, "20.520226728990")
    balances = [balance for run in document["runs"] for balance in run["balance"]]
    assert sum(Decimal(balance["imported"]) for balance in balances) == Decimal("20.52022672899")
    for balance in balances:
        parts = (balance["billed"], balance["billing_disabled"], balance["unassigned"])
        assert sum(map(Decimal, parts)) == Decimal(balance["imported"])
    september = document["runs"][0]
    assert all(Decimal(september["balance"][0][part]) > 0 for part in ("billed", "billing_disabled", "unassigned"))
    assert len(september["statements"]) == 11
    assert any(Decimal(statement["margin"]) > 0 for statement in september["statements"])
    totals = {
        statement["statement_id"]: statement["price"] for run in document["runs"] for statement in run["statements"]
    }
    written = [json.loads(Path(file).read_text()) for file in document["files"] if file.endswith(".json")]
    assert {statement["statement_id"]: statement["total"] for statement in written} == totals


def test_a_second_demo_starts_over_and_says_what_to_try_next(small_rebill: CommandLine) -> None:
    home = small_rebill.home / "demo"
    first = small_rebill.run_in_a_process("demo", "--home", str(home))
    (home / "left-over").touch()
    second = small_rebill.run_in_a_process("demo", "--home", str(home))
    assert (first.code, second.code) == (0, 0), (first, second)
    assert not (home / "left-over").exists()
    assert "20.520226728990" in second.out
    assert f"REBILL_HOME={home}" in second.out
    assert "curl" in second.out.splitlines()[-4]


def test_a_folder_that_no_demo_made_is_left_alone(small_rebill: CommandLine, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "ledger.txt").write_text("mine")
    assert small_rebill.refusal("demo", "--home", str(precious))["code"] == "not_a_demo_home"
    assert small_rebill.refusal("demo", "--home", str(precious / "ledger.txt"))["code"] == "not_a_demo_home"
    assert (precious / "ledger.txt").read_text() == "mine"
