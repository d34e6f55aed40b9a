"""The benchmark of a month, with few lines: it works and agrees with the hand-written statement; never how fast."""

import json
from pathlib import Path

from benchmarks.bill_run import measured_size
from benchmarks.report import TITLES, Report
from benchmarks.workplace import Workplace

LINES = 5_000


def test_a_small_month_is_measured_and_agrees_with_the_hand_written_statement(tmp_path: Path) -> None:
    said: list[str] = []
    size = measured_size(Workplace(tmp_path / "month", LINES), 1, said.append)
    assert (size.lines, size.statements > 0, size.statement_lines > size.statements) == (LINES, True, True)
    assert size.ratios.keys() == TITLES.keys() - {"bill_run"}
    report = Report((size,), {}, 1)
    assert all(title in report.text() for title in TITLES.values())
    assert "50 price books of 20 rules" in report.text()
    (document,) = json.loads(json.dumps(report.document()))["sizes"]
    assert document["rich_to_bill_run"] == size.rich_ratio > 0
