"""Schemathesis tries a running server by its own document, and finds nothing."""

from pathlib import Path

import pytest

from tests.api.trial.trial import try_api
from tests.api.world import World

# PostgreSQL refuses whatever of a boundary SQLite does, and more: numbers that are too great, and text with a NUL.
PHASES = {"sqlite": "examples,fuzzing,stateful", "postgresql": "examples,coverage,fuzzing,stateful"}


@pytest.mark.long
def test_no_call_departs_from_its_document(world: World, store: str, tmp_path: Path) -> None:
    """``make fuzz-api`` tries every boundary on both stores, and far more examples."""
    tried = try_api(world, tmp_path, "--max-examples=4", "--seed=1", f"--phases={PHASES[store]}")
    assert tried.returncode == 0, tried.stdout[-20_000:]
    assert "No issues found" in tried.stdout
