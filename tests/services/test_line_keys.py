"""What rating tells lines apart by lies beside the lines since their import; a run that finds too little is refused."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.lake.line_keys import LINE_KEYS_FILE
from rebill.model.errors import ProgramError
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from tests.services.months import SEPTEMBER, Month, charge, stored


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    month = Month(installation, partner, tmp_path)
    customer = month.customer("First", markup_percent=Decimal(5))
    month.cost(
        charge("2024-09-01", "1", "2", SubAccountId="s-1", ServiceName="Disks"),
        charge("2024-09-02", "3", "4", SubAccountId="s-2", ServiceName="Disks"),
        scope="one",
    )
    month.cost(charge("2024-09-03", "5", "6", SubAccountId="s-3"), scope="two", name="two.csv")
    month.subscriptions(customer, "s-1", "s-3")
    return month


def key_files(month: Month) -> list[Path]:
    return sorted(month.installation.lake_folder.glob(f"*/costs/*/*/{LINE_KEYS_FILE}"))


def outcome(month: Month) -> str:
    """The hash of every line of every statement, as the run writes it down."""
    run = run_bill(month.installation, month.caller, SEPTEMBER)
    (manifest,) = month.installation.lake_folder.glob(f"*/runs/*/{run.run_id}/manifest.json")
    return str(json.loads(manifest.read_text())["outcome_sha256"])


def test_data_sets_without_line_keys_are_billed_alike(month: Month) -> None:
    """An older version imported them."""
    assert len(key_files(month)) == 2
    before = outcome(month)
    key_files(month)[0].unlink()
    assert outcome(month) == before
    key_files(month)[0].unlink()
    assert outcome(month) == before


def test_a_run_whose_line_keys_lack_a_line_is_refused(month: Month) -> None:
    first, second = key_files(month)
    shutil.copyfile(first, second)
    with pytest.raises(ProgramError) as refused:
        run_bill(month.installation, month.caller, SEPTEMBER)
    assert refused.value.code == "run_does_not_balance"
    assert stored(month.installation, month.caller) == []
