"""How far a run says it is while it works."""

from itertools import groupby
from pathlib import Path

import pytest

from rebill.model.party import Caller
from rebill.model.run_progress import RunProgress, RunStep
from rebill.services.acting.installation import Installation
from rebill.services.billing import run_bill as running
from rebill.services.billing.run_bill import run_bill
from rebill.services.billing.run_under_way import progress_of
from tests.services.months import SEPTEMBER, Month, charge

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_a_run_tells_its_steps_in_order_and_what_is_done_of_each(
    installation: Installation, partner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = Month(installation, partner, tmp_path)
    month.cost(charge("2024-09-02", "8", SubAccountId="s-1"), charge("2024-09-03", "2", SubAccountId="s-2"))
    for number in (1, 2):
        month.subscriptions(month.customer(f"Customer {number}"), f"s-{number}")
    told: list[RunProgress] = []
    monkeypatch.setattr(running, "ProgressNotes", lambda _: told.append)
    run_bill(installation, partner, SEPTEMBER)
    assert [step for step, _ in groupby(told, key=lambda one: one.step)] == list(RunStep)
    assert [(one.done, one.total) for one in told if one.step is RunStep.DRAW_UP] == [(0, 2), (1, 2)]
    percents = [one.percent for one in told]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[-1] == 75


def test_nothing_is_told_of_a_run_that_has_ended(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = Month(installation, partner, tmp_path)
    month.cost(charge("2024-09-02", "8", SubAccountId="s-1"))
    month.subscriptions(month.customer("First"), "s-1")
    assert progress_of(installation, partner, SEPTEMBER) is None
    done = run_bill(installation, partner, SEPTEMBER)
    assert progress_of(installation, partner, SEPTEMBER) is None
    kept = installation.lake_folder / str(partner.partner_id) / "runs" / str(SEPTEMBER) / str(done.run_id)
    assert "scratch" not in {file.name for file in kept.iterdir()}
