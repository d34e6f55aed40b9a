"""The page about the API names every habit of clients that is tested, and no other."""

import re
from pathlib import Path

from tests.api.clients import test_published_requests, test_reused_decoder
from tests.api.clients.habits import HABITS

PAGE = (Path(__file__).parent.parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_habit_on_the_page_is_tested_and_every_tested_one_is_on_the_page() -> None:
    section = PAGE.partition("## Habits of clients\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| (?!habit |---)(.+?) \| .+ \|$", section, re.MULTILINE)
    assert sorted(told) == sorted(HABITS)


def test_each_habit_names_a_test_that_is_there() -> None:
    modules = (test_published_requests, test_reused_decoder)
    assert [name for name in HABITS.values() if not any(hasattr(module, name) for module in modules)] == []
