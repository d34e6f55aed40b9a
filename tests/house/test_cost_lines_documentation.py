"""``docs/cost-lines.md`` names every column and every code, and no other code."""

import re
from pathlib import Path

from rebill.model.cost_line import COLUMNS
from rebill.model.data_set import REJECT_SENTENCES, FileFault, RejectCode
from rebill.sources.layouts.focus import OTHER_NAMES

TEXT = (Path(__file__).parent.parent.parent / "docs" / "cost-lines.md").read_text(encoding="utf-8")


def _codes(heading: str) -> list[str]:
    section = TEXT.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z0-9_]+)` \| .+ \| .+ \|$", section, re.MULTILINE)


def test_every_reject_code_has_its_remedy() -> None:
    assert _codes("4.") == [code.value for code in RejectCode]
    assert set(REJECT_SENTENCES) == set(RejectCode)


def test_every_refusal_has_its_remedy() -> None:
    assert _codes("5.") == [fault.value for fault in FileFault]


def test_every_column_says_where_it_comes_from() -> None:
    table = TEXT.split("## 2.", 1)[1].split("**Numbers**", 1)[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert {column.name for column in COLUMNS} <= named
    assert {name for names in OTHER_NAMES.values() for name in names} <= named
    required = set(re.findall(r"`(\w+)` \(required\)", table)) | {"x_SourceRow"}
    assert required == {column.name for column in COLUMNS if column.required}
