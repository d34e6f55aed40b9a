"""A record that holds nothing."""

from collections.abc import Iterator

import pytest

from rebill.store.database import Database


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()
