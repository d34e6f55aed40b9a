"""Each room says what it is, and the pure ones are pure."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "src" / "rebill"
ROOMS = sorted(
    str(folder.relative_to(SOURCE))
    for rooms in (SOURCE, SOURCE / "services")
    for folder in rooms.iterdir()
    if (folder / "__init__.py").exists()
)
HEADINGS = ("## Owns", "## Does not own", "## Invariants")
PURE_ROOMS = ("model", "rating")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_owns_what_it_does_not_and_its_invariants(room: str) -> None:
    readme = SOURCE / room / "README.md"
    assert readme.exists(), f"write {readme} with the headings {', '.join(HEADINGS)}"
    lines = readme.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == list(HEADINGS)
    assert len(lines) <= 60, "a room's README is short"


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_a_pure_room_imports_only_the_standard_library_and_the_model(room: str) -> None:
    allowed = {"rebill.model", f"rebill.{room}"}
    for file in (SOURCE / room).rglob("*.py"):
        for name in _imports(file):
            inner = any(name == own or name.startswith(f"{own}.") for own in allowed)
            assert inner or name.split(".")[0] in sys.stdlib_module_names, f"{file.name} imports {name}"


def _imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: write imports in full"
            names.add(node.module or "")
    return names


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    meaningless = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "shared"}
    found = [file.name for file in SOURCE.rglob("*") if file.stem in meaningless]
    assert not found, f"name it by what it is about: {found}"
