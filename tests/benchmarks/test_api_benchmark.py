"""The benchmark of the API, with little of everything: that it works, never how fast."""

import json
from pathlib import Path

from benchmarks.api.acts import ACTS
from benchmarks.api.measuring import measured_store
from benchmarks.api.report import Report
from benchmarks.api.world import Sizes

LITTLE = Sizes(
    many=40, few=10, free=100, thousand=5, ten_thousand=10, connections=4, calls=20,
    thousands=3, ten_thousands=3, lone_calls=3, lone_ten_thousands=2,
)  # fmt: skip
TARGETS = 6


def test_a_small_slice_of_the_benchmark_measures_every_act(store: str, tmp_path: Path) -> None:
    said: list[str] = []
    measured = measured_store(store, tmp_path, LITTLE, 2, tuple(ACTS), said.append)
    assert measured.figures.keys() == ACTS.keys()
    assert measured.figures["add_one"].requests == 2 * LITTLE.calls
    assert all(figure.rate > 0 for figure in measured.figures.values())
    assert all(figure.server >= 0 and figure.database >= 0 for figure in measured.figures.values())
    assert sum(figure.server for figure in measured.figures.values()) > 0
    assert len(measured.targets) == TARGETS
    report = Report(LITTLE, 2, [measured])
    assert all(act.title in report.text() for act in ACTS.values())
    (document,) = json.loads(json.dumps(report.document()))["stores"]
    assert (document["store"], len(document["targets"])) == (store, TARGETS)
    assert not [line for line in (tmp_path / f"{store}.log").read_text().splitlines() if '"status": 5' in line]
