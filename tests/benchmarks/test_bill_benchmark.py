"""The benchmark of a month, with few lines: it works and agrees with the hand-written statement; never how fast."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bill_run import measured_size
from benchmarks.measured import Measurement
from benchmarks.ratios import Ratio, ratio_of
from benchmarks.report import TITLES, Report
from benchmarks.workplace import Workplace

LINES = 5_000


@pytest.mark.long
def test_a_small_month_is_measured_and_agrees_with_the_hand_written_statement(tmp_path: Path) -> None:
    said: list[str] = []
    size = measured_size(Workplace(tmp_path / "month", LINES), 1, said.append)
    assert (size.lines, size.statements > 0, size.statement_lines > size.statements) == (LINES, True, True)
    assert all(ratio.processor > 0 and ratio.wall > 0 for ratio in size.ratios)
    report = Report((size, replace(size, lines=5 * LINES)), {}, 1)
    assert all(title in report.text() for title in TITLES.values())
    assert all(f"| {ratio.title} | 5,000 |" in report.text() for ratio in size.ratios)
    assert "| bill run under books, 5 × the lines | 5,000 → 25,000 | 1.00 | 1.00 | 5.5 | held |" in report.text()
    document = json.loads(json.dumps(report.document()))
    assert [ratio["title"] for ratio in document["sizes"][0]["ratios"]] == [ratio.title for ratio in size.ratios]
    assert document["sizes"][0]["figures"].keys() == TITLES.keys()


def test_a_ratio_is_held_when_both_processor_and_wall_time_hold_it() -> None:
    verdicts = [Ratio("", processor, wall, 1.25).verdict for processor, wall in ((1.25, 1), (1, 2), (2, 1), (2, 2))]
    assert verdicts == ["held", "missed in wall time", "missed in processor time", "missed"]


def test_each_repetition_is_held_to_its_own_peer() -> None:
    mine = [Measurement(seconds, 1, None, seconds) for seconds in (1.0, 20.0, 3.0)]
    others = [Measurement(seconds, 1, None, 2 * seconds) for seconds in (1.0, 10.0, 2.0)]
    ratio = ratio_of("", mine, others, 1)
    assert (ratio.wall, ratio.processor) == (1.5, 0.75)
