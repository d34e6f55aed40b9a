"""Schemathesis tries a running server by its own document, and finds nothing."""

from pathlib import Path

from tests.api.trial.trial import try_api
from tests.api.world import World


def test_no_call_departs_from_its_document(world: World, tmp_path: Path) -> None:
    tried = try_api(world, tmp_path, "--max-examples=4", "--seed=1")
    assert tried.returncode == 0, tried.stdout[-20_000:]
    assert "No issues found" in tried.stdout
