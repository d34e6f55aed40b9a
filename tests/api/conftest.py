"""The world, and clients of the API on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from tests.api.client import ApiClient, api_client
from tests.api.world import World, build_world, naming_provider
from tests.postgresql_databases import KeptDatabase
from tests.sqlite_file import SqliteFile


@dataclass
class BuiltWorld:
    """A world that was built in this process, and what puts it into another record of the same store."""

    world: World
    fill: Callable[[Installation], None]


@pytest.fixture(scope="session")
def built_worlds() -> dict[str, BuiltWorld]:
    """The world that each store was first filled with: the records of the tests after that begin with it."""
    return {}


@pytest.fixture
def world(
    installation: Installation, store: str, built_worlds: dict[str, BuiltWorld], request: pytest.FixtureRequest
) -> World:
    """Two partners, their customers and keys."""
    built = built_worlds.get(store)
    if built is None:
        world = build_world(installation)
        built_worlds[store] = BuiltWorld(world, _filling(installation, store, request))
        return world
    built.fill(installation)
    return replace(built.world, installation=naming_provider(installation))


def _filling(installation: Installation, store: str, request: pytest.FixtureRequest) -> Callable[[Installation], None]:
    """What fills another record with what stands in this one."""
    if store == "sqlite":
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        aside = factory.mktemp("world") / "record.sqlite3"
        SqliteFile.of(installation.database).keep(aside)
        return lambda another: SqliteFile.of(another.database).fill(aside)
    kept: KeptDatabase = request.getfixturevalue("kept_postgresql")
    contents = kept.contents()
    return lambda _another: kept.fill(contents)


@pytest.fixture
def anyone(world: World) -> Iterator[ApiClient]:
    """A client without a key."""
    with api_client(application(world.installation)) as client:
        yield client


@pytest.fixture
def api(world: World, anyone: ApiClient) -> ApiClient:
    """A client with the first partner's admin key."""
    return anyone.with_key(world.keys["admin"])
