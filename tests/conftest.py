"""Fixtures that every test may use: two stores, a settable clock, an installation, partners."""

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.keeping.initialise import create_partner
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from tests.beginnings import Beginnings
from tests.blob_server import BlobServer, running_blob_server
from tests.postgresql_databases import KeptDatabase, PostgresqlDatabases
from tests.postgresql_server import URL_VARIABLE, running_server
from tests.properties import register_profiles

register_profiles()

STORES = ("sqlite", "postgresql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins before the others."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what is there by now: it stays to the end.

    A tenth of a process's time went into looking through modules and tests for what could go.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Else extension modules call leaked what is still there at the end, below the report of the tests."""
    gc.unfreeze()


@dataclass
class SettableClock:
    """A clock that stands still until a test sets ``now``."""

    now: datetime = datetime(2024, 10, 15, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    """The tests' PostgreSQL server: the one the environment names, else one of this session's own."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield PostgresqlDatabases(make_url(given))
        return
    with running_server() as server:
        yield PostgresqlDatabases(make_url(server.url))


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty record on SQLite; tests copy it."""
    file = tmp_path_factory.mktemp("migrated") / "rebill.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def kept_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process's record on SQLite lies, which its tests have one after the other."""
    return tmp_path_factory.mktemp("kept") / "rebill.sqlite3"


@pytest.fixture(scope="session")
def databases() -> dict[str, Database]:
    """The databases that this process's tests have used, by address: they need not compile each statement anew."""
    return {}


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_databases: PostgresqlDatabases) -> str:
    """The name of a migrated, empty database on PostgreSQL; tests copy it."""
    address = postgresql_databases.create()
    _migrate(_text(address))
    assert address.database is not None
    return address.database


@pytest.fixture(scope="session")
def kept_postgresql(
    postgresql_databases: PostgresqlDatabases, request: pytest.FixtureRequest
) -> Iterator[KeptDatabase]:
    """This process's migrated database on PostgreSQL, which its tests have one after the other."""
    kept = KeptDatabase(postgresql_databases, lambda: str(request.getfixturevalue("migrated_postgresql")))
    yield kept
    kept.drop()


@pytest.fixture(scope="session")
def blob_server() -> Iterator[BlobServer]:
    """A blob server of this session's own."""
    with running_blob_server() as server:
        yield server


@pytest.fixture
def empty_container(blob_server: BlobServer, tmp_path: Path) -> str:
    """The name of a container of a test's own."""
    name = f"e-{abs(hash(tmp_path)):x}"
    blob_server.make(name)
    return name


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        upgrade(database)
    finally:
        database.close()


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The database a test runs on: ``sqlite``, then ``postgresql``."""
    return str(request.param)


@pytest.fixture
def database_url(store: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database (nothing migrated)."""
    if store == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    address = databases.create()
    yield _text(address)
    databases.drop(address)


@pytest.fixture
def migrated_url(store: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh, migrated database without any row."""
    if store == "sqlite":
        file: Path = request.getfixturevalue("kept_sqlite_file")
        for left in file.parent.iterdir():
            # Not written over: a process of the test before may still have it open.
            left.unlink()
        shutil.copyfile(request.getfixturevalue("migrated_sqlite_file"), file)
        yield f"sqlite:///{file}"
        return
    kept: KeptDatabase = request.getfixturevalue("kept_postgresql")
    with kept.lent() as address:
        yield _text(address)


@pytest.fixture
def clock() -> SettableClock:
    """The installation's clock: 2024-10-15 12:00 UTC until a test sets ``clock.now``."""
    return SettableClock()


@pytest.fixture
def installation(
    migrated_url: str, databases: dict[str, Database], tmp_path: Path, clock: SettableClock
) -> Iterator[Installation]:
    """An installation on a migrated, empty record; its home is the test's temporary folder."""
    if migrated_url not in databases:
        databases[migrated_url] = Database(migrated_url)
    database = databases[migrated_url]
    yield Installation(Settings(home=tmp_path, database_url=migrated_url), database, clock)
    for thread in threading.enumerate():
        # A run that a call started, and did not wait for, still has a connection.
        if thread.name.startswith("run "):
            thread.join()
    database.close()


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Beginnings:
    """What records of this process's tests begin with."""

    def kept_postgresql() -> KeptDatabase:
        kept: KeptDatabase = request.getfixturevalue("kept_postgresql")
        return kept

    return Beginnings(tmp_path_factory.mktemp("beginnings"), kept_postgresql)


@pytest.fixture
def partner(installation: Installation) -> Caller:
    """The administrator of a first partner."""
    return Caller(create_partner(installation, "First Partner").partner_id, Role.ADMIN)


@pytest.fixture
def other_partner(installation: Installation) -> Caller:
    """The administrator of a second partner in the same record."""
    return Caller(create_partner(installation, "Second Partner").partner_id, Role.ADMIN)
