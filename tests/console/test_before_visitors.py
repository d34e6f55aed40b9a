"""What the first visitors of a new server would wait for is done before they come, and is nobody's trouble."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from rebill.console import rendering
from rebill.console.application import Console
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from tests.console.conftest import Office


class Faults:
    """Where the pages tell what went wrong."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def answered(
        self, method: str, route: str | None, status: int, seconds: float, facts: Mapping[str, object]
    ) -> None:
        raise AssertionError("nobody asked for anything")

    def failed(self, error: BaseException, request_id: str, presented_keys: Sequence[str]) -> None:
        self.errors.append(error)


def _prepared(installation: Installation) -> tuple[set[str], list[BaseException]]:
    """The templates that are compiled once the pages are prepared, and what went wrong."""
    faults = Faults()
    rendering._environment.cache_clear()
    Console(installation, faults).prepare()
    cache = rendering._environment().cache
    assert cache is not None
    return {name for _, name in cache}, faults.errors


def test_the_pages_that_take_most_at_first_are_looked_at(office: Office) -> None:
    templates, errors = _prepared(office.installation)
    assert {"home.html", "bills.html", "checklist.html"} <= templates
    assert errors == []


def test_an_installation_without_a_partner_or_a_database_is_no_fault(tmp_path: Path) -> None:
    home = tmp_path / "nothing"
    home.mkdir()
    address = f"sqlite:///{home}/none.sqlite"
    nothing = Installation(Settings(home, address), Database(address))
    assert _prepared(nothing) == (set(), [])


def test_what_goes_wrong_otherwise_is_logged_and_the_server_goes_on(office: Office) -> None:
    shutil.rmtree(office.installation.lake_folder)
    _, errors = _prepared(office.installation)
    assert len(errors) == 1
