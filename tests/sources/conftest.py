"""A reader of cost files for every test of the sources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.delivered import FileReader, file_reader


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[FileReader]:
    """Converts files as an import does, in a workspace of the test's own."""
    with file_reader(tmp_path / "workspace") as found:
        yield found
