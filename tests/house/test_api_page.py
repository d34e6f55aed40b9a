"""The page about the API says of each call what it is beside the published one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rebill.api.routes import ROUTES

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
CALLS = [f"{route.method} {route.path}" for route in ROUTES]
MARKS = ("identical", "added")


def _rows() -> list[tuple[str, str]]:
    section = PAGE.partition("## Call by call\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z]+ /[^`]*)` \| (\w+) \| .*\|$", section, re.MULTILINE)


def test_every_call_has_its_row() -> None:
    missing = [call for call in CALLS if call not in dict(_rows())]
    assert missing == [], "docs/api.md, Call by call: give each its row, identical (published) or added (rebill's own)"


def test_every_row_is_a_call_in_the_order_of_the_routes() -> None:
    told = [call for call, _ in _rows()]
    assert told == [call for call in CALLS if call in told]


def test_every_row_says_whether_the_call_is_published() -> None:
    assert {mark for _, mark in _rows()} == set(MARKS)
    own = {"cost_allocations", "margins", "manual_lines", "users", "api_keys", "partner_settings", "audit_entries"}
    published = [call for call, mark in _rows() if mark == "identical"]
    assert [call for call in published if call.split("/")[2] in own] == []


def _error_codes(part: Any) -> Iterator[str]:
    """The codes of the errors that stand as examples in a part of the OpenAPI document."""
    if isinstance(part, dict):
        if isinstance(part.get("error"), str) and isinstance(part.get("code"), str):
            yield part["code"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _error_codes(inner)


def test_every_code_of_an_error_is_in_the_table_of_codes() -> None:
    rows = re.findall(r"^\| (`.*?`) \| ", PAGE.partition("Codes:\n")[2].partition("\n## ")[0], re.MULTILINE)
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    codes = set(_error_codes(json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))))
    assert len(codes) > 50
    assert sorted(codes - told) == [], "docs/api.md, Codes: say what each means"
