"""A few lives on each store, so that the many (``make lives``) are known to find their way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from tests.conftest import SettableClock
from tests.random_lives.life import Life
from tests.services.accountant import Accountant


@pytest.mark.parametrize(("seed", "rich"), [(2, False), (1, True)])
def test_whatever_is_done_in_whatever_order_the_documents_of_a_month_come_to_it(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock, seed: int, rich: bool
) -> None:
    clock.now = datetime(2025, 1, 10, 12, tzinfo=UTC)
    life = Life(Accountant(installation, partner, tmp_path), clock, seed, rich)
    life.begin()
    life.live(30)
    assert {"finalize", "correct"} <= life.tally.keys()
