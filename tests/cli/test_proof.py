"""Statements checked at the command line, on each of the two databases."""

from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.cli.test_main_job import MONTH, billed_month


def test_a_statement_is_verified_and_a_changed_lake_is_named(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    statement_id = run["statements"][0]["statement_id"]
    one = rebill.answer("verify", str(statement_id))
    assert (one["equal"], one["engine"], one["missing"]) == (True, "duckdb", [])
    assert one["statements"] == [
        {
            "statement_id": statement_id,
            "customer_id": client_api_id,
            "customer": "Acorn Ltd",
            "period": MONTH,
            "currency": "USD",
            "total": "14.85",
            "status": "Estimated",
            "kind": "statement",
            "run_id": run["run_id"],
            "equal": True,
            "difference": "",
        }
    ]
    assert rebill.answer("verify", "--period", MONTH) == one
    (part,) = (rebill.home / "lake").glob("*/costs/*/*/part-00000.parquet")
    part.write_bytes(part.read_bytes() + b"\n")
    ended = rebill.run("verify", "--period", MONTH)
    assert ended.code == 1
    assert "different: " in ended.out
    assert f"{part.name} is not as it was left: its SHA-256 is" in ended.out
    document = rebill.run("verify", str(statement_id), "--json").document
    assert (document["equal"], document["statements"][0]["equal"]) == (False, False)


def test_either_a_statement_or_a_month_is_verified(rebill: CommandLine) -> None:
    for arguments in (["verify"], ["verify", "1", "--period", MONTH]):
        assert rebill.run(*arguments).code == 2
    assert rebill.refusal("verify", "1")["code"] == "statement_not_found"
    assert rebill.refusal("verify", "--period", MONTH)["code"] == "month_not_run"
