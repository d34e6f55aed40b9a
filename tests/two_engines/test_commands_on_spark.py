"""A month billed and proven at the command line on Spark, and what its run left read afterwards."""

from pathlib import Path

import pytest

from rebill.model.errors import Invalid
from rebill.settings import Settings
from tests.cli.command_line import CommandLine
from tests.cli.test_main_job import MONTH, billed_month
from tests.two_engines.conftest import MASTER


@pytest.fixture
def rebill(tmp_path: Path, migrated_url: str) -> CommandLine:
    line = CommandLine(tmp_path / "home", migrated_url)
    line.answer("init", "--partner", "First Partner")
    return line


def on_spark(rebill: CommandLine, *arguments: str) -> object:
    ended = rebill.run(*arguments, "--json", REBILL_SPARK_MASTER=MASTER)
    assert ended.code == 0, ended
    return ended.document


def test_each_engine_proves_what_the_other_billed(rebill: CommandLine, tmp_path: Path) -> None:
    _, run = billed_month(rebill, tmp_path)
    proven = on_spark(rebill, "verify", "--period", MONTH, "--engine", "spark")
    assert proven == {**rebill.answer("verify", "--period", MONTH), "engine": "spark"}
    again = rebill.run("bill", "run", "--period", MONTH, "--json", REBILL_ENGINE="spark", REBILL_SPARK_MASTER=MASTER)
    assert again.code == 0, again
    assert again.document["statements"] == run["statements"]
    assert rebill.answer("verify", "--period", MONTH)["equal"]
    # Who explains a line reads the folder of files that Spark wrote; who changed any of it is found out.
    (line, *_) = rebill.answer("explain", str(run["statements"][0]["statement_id"]), "--line", "1")["lines"]
    assert [charge["row"] for charge in line["charges"]] == [1]
    (part,) = (rebill.home / "lake").glob("*/runs/*/*/rated_lines.parquet/part-00000.parquet")
    content = part.read_bytes()
    part.with_name("part-00001.parquet").write_bytes(content)
    refused = rebill.refusal("explain", str(run["statements"][0]["statement_id"]), "--line", "1")
    assert "rated_lines.parquet/part-00001.parquet is not as it was left: the run left no such file" in refused["error"]
    part.with_name("part-00001.parquet").unlink()
    part.write_bytes(content[:-8] + b"rebill??")
    assert "rated_lines.parquet/part-00000.parquet is not as it was left" in rebill.run("verify", "--period", MONTH).out
    part.unlink()
    refused = rebill.refusal("explain", str(run["statements"][0]["statement_id"]), "--line", "1")
    assert "rated_lines.parquet/part-00000.parquet is not as it was left: it is missing" in refused["error"]


def test_an_engine_that_there_is_not_is_refused_at_the_start() -> None:
    with pytest.raises(Invalid, match="choose one of duckdb, spark") as refused:
        Settings.from_environment({"REBILL_ENGINE": "abacus"})
    assert refused.value.code == "unknown_engine"
    assert Settings.from_environment({"REBILL_ENGINE": "spark"}).spark_master == "local[*]"
    assert Settings.from_environment({}).engine == "duckdb"
