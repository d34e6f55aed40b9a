"""Every command, option and setting is documented, and nothing is documented that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from rebill.cli.application import application
from rebill.settings import Settings

ROOT = Path(__file__).parent.parent.parent
SECTIONS = dict(
    re.findall(r"^### `rebill ([a-z -]+)`\n(.*?)(?=^##|\Z)", (ROOT / "docs" / "cli.md").read_text("utf-8"), re.M | re.S)
)


def _commands() -> Iterator[tuple[str, object]]:
    top = get_command(application)
    assert isinstance(top, TyperGroup)
    for name, command in top.commands.items():
        if isinstance(command, TyperGroup):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in command.commands.items())
        else:
            yield name, command


COMMANDS = dict(_commands())


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert COMMANDS.keys() == SECTIONS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_names_every_option_and_no_other(name: str) -> None:
    parameters = getattr(COMMANDS[name], "params", [])
    options = {
        option
        for parameter in parameters
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-")
    } - {
        "--help",
        "-h",
    }
    text = SECTIONS[name]
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    assert options <= named, f"docs/cli.md does not say what {sorted(options - named)} does"
    foreign = {"--period", "--scope"} if name.startswith("costs") else set()
    assert named - options <= foreign, f"docs/cli.md names {sorted(named - options)}, which is no option of it"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_json_and_says_in_one_sentence_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert any("--json" in parameter.opts for parameter in getattr(command, "params", []))
    assert str(getattr(command, "help", "")).strip().endswith(".")


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    source = "".join(file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
    documented = set(re.findall(r"^\| `(REBILL_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.M))
    read = set(re.findall(r"\bREBILL_[A-Z_]+\b", source))
    assert documented == read


def test_the_documented_defaults_are_the_real_ones() -> None:
    settings = Settings.from_environment({})
    rows = dict(
        re.findall(r"^\| `(REBILL_[A-Z_]+)` \| (.*?) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.M)
    )
    assert rows["REBILL_ENGINE_MEMORY_LIMIT"] == f"`{settings.engine_memory_limit}`"
    assert rows["REBILL_API_KEY_IN_QUERY"] == f"`{str(settings.api_key_in_query).lower()}`"
    assert settings.database_url.rpartition("/")[2] in rows["REBILL_DATABASE_URL"]
