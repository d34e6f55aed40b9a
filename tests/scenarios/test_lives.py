"""Months that are closed, corrected and voided: what is issued is what the scenario's README computes."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from tests.conftest import SettableClock
from tests.scenarios.life import Life
from tests.scenarios.stage import rows_of
from tests.services.accountant import NOW_IN_DECEMBER, Accountant

LIVES = sorted(file.parent for file in Path(__file__).parent.glob("*/acts.csv"))


@pytest.mark.parametrize("folder", LIVES, ids=lambda folder: folder.name)
def test_what_is_issued_is_what_is_computed_by_hand(
    folder: Path, installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    clock.now = NOW_IN_DECEMBER
    life = Life(folder, Accountant(installation, partner, tmp_path))
    life.play()
    assert list(life.documents()) == rows_of(folder, "documents.csv")
    assert list(life.lines()) == rows_of(folder, "lines.csv")
    assert life.differences() == []


@pytest.mark.parametrize("folder", LIVES, ids=lambda folder: folder.name)
def test_every_life_says_its_arithmetic_in_words_and_adds_up(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    lines = rows_of(folder, "lines.csv")
    for document in rows_of(folder, "documents.csv"):
        assert f"**{document['total']}**" in text
        shown = [Decimal(line["shown"]) for line in lines if line["document"] == document["number"]]
        assert sum(shown) == Decimal(document["total"])
