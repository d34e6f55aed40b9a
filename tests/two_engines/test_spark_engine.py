"""What an engine promises, kept by both: exact products, errors where numbers end, files of any name."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Timer

import duckdb
import pytest

from rebill.engines.engine import Engine
from rebill.engines.opening import open_engine
from rebill.engines.spark import SparkEngine
from rebill.engines.spark_session import require_exact, spark_session
from rebill.model.engine_name import EngineName
from rebill.model.errors import ProgramError
from rebill.settings import Settings
from tests.engines.test_rounded_product import BOUND, GREATEST_FACTOR, Pair, expected, products
from tests.two_engines.conftest import MASTER

GREATEST = "9999999999999999.999999999999"
"""The greatest amount that is kept."""


@pytest.fixture(params=EngineName)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    settings = Settings(home=tmp_path, database_url="", engine=request.param, spark_master=MASTER)
    with open_engine(settings.engine, tmp_path, settings) as opened:
        yield opened


def some_pairs() -> list[Pair]:
    """Products that end before, after and on half of the last decimal kept, of both signs and all sizes."""
    chance = Random(20240930)
    pairs = []
    for bound in (10, 10**6, 10**12, BOUND, 10**22):
        for factor_bound in (3, 10**6, 10**7, GREATEST_FACTOR):
            for _ in range(40):
                amount = Decimal(chance.randint(-bound, bound)).scaleb(-12)
                pairs.append((amount, Decimal(chance.randint(0, factor_bound)).scaleb(-6)))
    for odd in range(1, 400, 2):
        pairs += [(Decimal(sign * odd).scaleb(-12), Decimal(factor)) for sign in (1, -1) for factor in ("0.5", "1.5")]
    return [one for one in pairs if abs(one[0] * one[1]) < Decimal(10) ** 16]


def test_a_product_is_rounded_half_away_from_zero(engine: Engine) -> None:
    pairs = some_pairs()
    assert products(engine, pairs) == [expected(*one) for one in pairs]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT rounded_product(amount, CAST('1.000001' AS DECIMAL(9,6))) FROM amounts",
        "SELECT CAST(SUM(amount) AS DECIMAL(28,12)) FROM amounts",
        "SELECT CAST(amount + amount AS DECIMAL(28,12)) FROM amounts",
        "SELECT CAST(round(amount * CAST('999.5' AS DECIMAL(9,6)), 12) AS DECIMAL(28,12)) FROM amounts",
    ],
)
def test_an_amount_beyond_the_range_is_an_error(engine: Engine, sql: str) -> None:
    engine.create_table("amounts", (("amount", "DECIMAL(28,12)"),), [(GREATEST,), (GREATEST,)])
    with pytest.raises(ProgramError) as caught, engine:
        engine.rows(sql)
    assert caught.value.code == "engine_failed"
    assert "beyond what is kept" in str(caught.value)


def test_tables_of_text_keep_what_is_absent_empty_or_odd(engine: Engine) -> None:
    columns = (("text", "STRING"), ("day", "DATE"), ("is_so", "BOOLEAN"), ("number", "BIGINT"))
    odd = 'it\'s \\ "odd"\n\u2028 é'
    rows = [(odd, "2024-09-30", "True", "1"), ("", None, "False", None), (None, None, None, "2")]
    engine.create_table("odd", columns, rows)
    found = engine.rows("SELECT text, CAST(day AS STRING), is_so, number FROM odd ORDER BY number NULLS LAST")
    assert found == [(odd, "2024-09-30", True, 1), (None, None, None, 2), ("", None, False, None)]


@pytest.mark.parametrize("row", [("1",), ("1", "2", "3")], ids=["too few", "too many"])
def test_a_row_of_another_length_makes_no_table(engine: Engine, row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        engine.create_table("uneven", (("first", "BIGINT"), ("second", "BIGINT")), [("1", "2"), row])


def test_a_row_is_known_by_its_file_and_its_place_there(engine: Engine, tmp_path: Path) -> None:
    """Whatever the folders are called, and although Spark reads the files in an order of its own."""
    folder = tmp_path / "a b%20[c]{d,e}é#?=1*" / "_hidden" / ".more"
    folder.mkdir(parents=True)
    parts = [folder / f"part-{number:05d}.parquet" for number in range(3)]
    with duckdb.connect() as connection:
        for number, part in enumerate(parts):
            lines = f"SELECT range + {10 * number} AS x_SourceRow, 'x' AS x_SourceFile FROM range({3 + number})"
            connection.execute("COPY (" + lines + f") TO '{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    engine.view_parts("lake_lines", parts[::-1])
    found = engine.rows("SELECT x_SourceRow, part, part_row FROM lake_lines ORDER BY part, part_row")
    assert found == [(row + 10 * number, 2 - number, row) for number in (2, 1, 0) for row in range(3 + number)]


def test_lines_are_kept_as_narrow_as_asked_or_not_at_all(engine: Engine, tmp_path: Path) -> None:
    engine.create_table("amounts", (("amount", "DECIMAL(28,12)"),), [("1.5",), ("-2",)])
    engine.write_lines("SELECT amount FROM amounts", tmp_path / "lines.parquet", {"amount": "DECIMAL(18,12)"})
    engine.view_parquet("lines", tmp_path / "lines.parquet", {"amount": "NULL", "guard": "CAST(0 AS TINYINT)"})
    assert engine.rows("SELECT amount, guard FROM lines ORDER BY amount") == [(Decimal(-2), 0), (Decimal("1.5"), 0)]
    with pytest.raises(ProgramError), engine:
        engine.write_lines("SELECT amount FROM amounts", tmp_path / "cut.parquet", {"amount": "DECIMAL(12,12)"})


def test_a_spark_that_would_cut_or_lose_numbers_is_not_used(spark_settings: None) -> None:
    for name, value in (
        ("spark.sql.ansi.enabled", "false"),
        ("spark.sql.decimalOperations.allowPrecisionLoss", "true"),
    ):
        session = spark_session(MASTER)
        require_exact(session)
        session.conf.set(name, value)
        with pytest.raises(ProgramError) as caught:
            require_exact(session)
        assert caught.value.code == "spark_unusable"


def test_a_process_uses_one_spark(spark_settings: None, tmp_path: Path) -> None:
    spark_session(MASTER)
    with pytest.raises(ProgramError, match=f"already uses the Spark at {MASTER.replace('[', '.').replace(']', '.')}"):
        SparkEngine(tmp_path, "spark://elsewhere:7077")


def test_a_machine_without_java_says_what_to_install(tmp_path: Path) -> None:
    start = f"from rebill.engines.spark_session import spark_session; spark_session({MASTER!r})"
    environment = {**os.environ, "JAVA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "rebill.model.errors.Invalid: This month is to be computed on Spark, which is not installed" in done.stderr


def test_a_start_tells_no_error_that_is_none_and_later_ones_are_told() -> None:
    """The numbers that overflow on trial are errors to Spark; who started it sees none of them, and no progress."""
    program = f"""
import sys
from rebill.engines.spark_session import _OVERFLOWS, spark_session
session = spark_session({MASTER!r})
print("started", file=sys.stderr, flush=True)
session.sql(_OVERFLOWS[-1]).collect()
"""
    environment = {name: value for name, value in os.environ.items() if name != "SPARK_CONF_DIR"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    before, after = done.stderr.split("started\n")
    assert "ArithmeticException" not in before, before
    assert "Stage" not in before, before
    assert " ERROR " in after, after
    assert "ArithmeticException" in after, after


def test_what_is_computed_can_be_interrupted(spark_settings: None, tmp_path: Path) -> None:
    """A sum that would take minutes ends as soon as somebody says so, and nothing is computed after it."""
    with pytest.raises(ProgramError) as caught, SparkEngine(tmp_path, MASTER) as engine:
        Timer(1, engine.interrupt).start()
        engine.rows("SELECT SUM(a.id % b.id) FROM range(1, 10000000) AS a CROSS JOIN range(1, 10000000) AS b")
    assert caught.value.code == "engine_failed"
    with pytest.raises(ProgramError) as caught:
        engine.rows("SELECT 1")
    assert caught.value.code == "engine_failed"
