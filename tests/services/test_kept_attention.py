"""The list of lines that need attention is what rating counted, or the run is refused."""

from pathlib import Path

import pytest

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.errors import ProgramError
from rebill.model.rating import Attention
from rebill.services.runs.attention_lines import ATTENTION_FILE, keep_attention_lines
from rebill.services.runs.rate_month import ImportedCost

RATED_LINES = """
SELECT CAST(0 AS INTEGER) AS part, CAST(0 AS BIGINT) AS part_row, 1 AS span_number, TRUE AS spans_transfer,
       1 AS base_kind, CAST('1' AS DECIMAL(28,12)) AS billed_cost"""
SPANS = "SELECT 1 AS span_number, 7 AS customer_id, 's-1' AS subscription, 't-1' AS tenant"
LINE = """
SELECT 5 AS x_SourceRow, 'cost.csv' AS x_SourceFile, TIMESTAMP '2024-09-01' AS ChargePeriodStart,
       TIMESTAMP '2024-09-30' AS ChargePeriodEnd, 'EUR' AS BillingCurrency"""


@pytest.mark.parametrize(("kind", "count"), [(Attention.SPANS_TRANSFER, 2), (Attention.NO_RETAIL, 1)])
def test_more_lines_than_are_found_refuse_the_run(tmp_path: Path, kind: Attention, count: int) -> None:
    assert refused(tmp_path, [(kind, count)]) == "attention_lines_differ"


def test_lines_of_no_file_refuse_the_run(tmp_path: Path) -> None:
    # No data set says what file the line is from.
    assert refused(tmp_path, [(Attention.SPANS_TRANSFER, 1)]) == "attention_lines_differ"


def test_where_nothing_was_counted_nothing_is_looked_for(tmp_path: Path) -> None:
    with DuckDBEngine(tmp_path, "100MB") as engine:
        assert keep_attention_lines(engine, [], ImportedCost((), 0, {}), tmp_path, []) == ()
    assert not (tmp_path / ATTENTION_FILE).exists()


def refused(folder: Path, counted: list[tuple[Attention, int]]) -> str:
    part = folder / "part-00000.parquet"
    with DuckDBEngine(folder, "100MB") as engine:
        engine.create_table_as("rated_lines", RATED_LINES)
        engine.create_table_as("account_spans", SPANS)
        engine.write_lines(LINE, part, {})
        with pytest.raises(ProgramError) as refusal:
            keep_attention_lines(engine, [], ImportedCost((part,), 1, {}), folder, counted)
    return refusal.value.code
