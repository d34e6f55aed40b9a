"""The project around the code: locked requirements, the build, documents and decisions that point somewhere."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("src", "tests", "benchmarks", "tools", "docs", "requirements", ".ci")
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*")) if "__pycache__" not in file.parts]
FILES = [file for file in (*FILES, *ROOT.iterdir()) if file.is_file() and ".egg-info" not in str(file)]
TEXT_ENDINGS = {".py", ".sql", ".md", ".toml", ".txt", ".sh", ".json", ".mako", ""}
# In a worktree of git `.git` is a file, and git's own.
TEXTS = [file for file in FILES if file.suffix in TEXT_ENDINGS and file.name != ".git"]
MARKDOWN = [file for file in FILES if file.suffix == ".md"]
LINE = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _locked(name: str) -> dict[str, str]:
    return dict(LINE.findall((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")))


def _wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("name", ["runtime", "development", "pandas-peer", "polars-peer", "cloudkitty-peer"])
def test_every_locked_package_has_hashes_and_no_index_is_named(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"^\s*(--index-url|--extra-index-url|-i |--find-links|https?:)", text, re.MULTILINE)


def test_what_runs_is_what_is_tested() -> None:
    runtime, development = _locked("runtime"), _locked("development")
    assert runtime.items() <= development.items()


def test_every_declared_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert _wanted(project["dependencies"]) <= _locked("runtime").keys()
    assert _wanted(project["optional-dependencies"]["development"]) <= _locked("development").keys()


def test_the_continuous_integration_runs_the_tests_and_nothing_cleverer() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, ".ci/run must be executable"
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


def test_make_says_in_one_line_what_each_target_does() -> None:
    answer = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    targets = {line.split()[1] for line in answer.splitlines()}
    assert targets >= {"help", "demo", "test", "lint", "serve", "bench", "bench-api", "fuzz-api", "openapi", "lock"}


@pytest.mark.parametrize("file", MARKDOWN, ids=_name)
def test_links_between_documents_lead_somewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if not re.match(r"[a-z]+:", link)]
    broken = [link for link in links if not (file.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("file", TEXTS, ids=_name)
def test_no_file_names_a_folder_of_somebodys_machine(file: Path) -> None:
    places = re.compile("/" + r"(work|home|Users|root)/[a-z]")
    assert not places.search(file.read_text(encoding="utf-8"))


def test_every_decision_stands_in_the_list_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04d}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert record.name in listed
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences", "Check")), record.name
        assert len(text.splitlines()) <= 60, f"{record.name} is longer than a page"
