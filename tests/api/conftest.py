"""The world, and clients of the API on it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from tests.api.client import ApiClient, api_client
from tests.api.world import World, build_world, naming_provider
from tests.beginnings import Beginnings


@pytest.fixture
def world(installation: Installation, beginnings: Beginnings) -> World:
    """Two partners, their customers and keys."""
    built = beginnings.begin("world", installation, lambda: build_world(installation))
    return replace(built, installation=naming_provider(installation))


@pytest.fixture
def anyone(world: World) -> Iterator[ApiClient]:
    """A client without a key."""
    with api_client(application(world.installation)) as client:
        yield client


@pytest.fixture
def api(world: World, anyone: ApiClient) -> ApiClient:
    """A client with the first partner's admin key."""
    return anyone.with_key(world.keys["admin"])
