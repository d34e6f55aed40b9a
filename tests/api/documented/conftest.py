"""The stories of the documented examples, told once for each test that needs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from tests.api.client import api_client
from tests.api.documented.partner import admin_key, documented_partner
from tests.api.documented.recording import Recorder
from tests.api.documented.stories import tell_all
from tests.api.world import naming_provider
from tests.conftest import SettableClock


@pytest.fixture
def told(installation: Installation, clock: SettableClock, tmp_path: Path) -> Iterator[Recorder]:
    """Every story, told by a server that runs."""
    partner, key = admin_key(installation)
    with api_client(application(naming_provider(installation)), key) as api:
        yield tell_all(documented_partner(installation, partner, api, clock, tmp_path))
