"""Who has only the API is told calls, and never commands of the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebill import api
from rebill.api.pointing import CALLS, with_calls
from rebill.api.routes import ROUTES
from tests.api.client import ApiClient
from tests.api.world import World
from tests.sentences import all_commands, commands_in_sentences, commands_named_in

EXAMPLES = Path(api.__file__).parent / "examples"


def _sentences(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | dict):
        for one in part.values() if isinstance(part, dict) else part:
            yield from _sentences(one)


def test_every_command_that_a_sentence_names_has_its_call() -> None:
    assert commands_in_sentences() == set(CALLS) <= set(all_commands())


@pytest.mark.parametrize("call", sorted(call for call in CALLS.values() if " /v1/" in call))
def test_every_call_that_is_told_exists(call: str) -> None:
    method, _, path = call.partition(" ")
    assert any((route.method, route.path) == (method, path) for route in ROUTES)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            "2024-09 was not run yet: rebill bill run --period 2024-09 does it.",
            "2024-09 was not run yet: POST /v1/runs (billing_period 2024-09) does it.",
        ),
        (
            "rebill bill attention --period 2024-09 lists them, and rebill bill accept takes them as they are.",
            "GET /v1/attention_lines?billing_period=2024-09 lists them, and PUT /v1/attention_lines/accept takes them "
            "as they are.",
        ),
        ("look at them (rebill costs rejects 17)", "look at them (GET /v1/data_sets/17/rejects)"),
        ("rebill costs import FILE… --period 2024-09 takes it in.", "the page /costs takes it in."),
        (
            "The record has an older schema: rebill init upgrades it.",
            "The record has an older schema: whoever runs the server upgrades it.",
        ),
        (
            "rebill explain STATEMENT_ID --line N shows those of a line.",
            "GET /v1/customer_statements/{statement_id}/explanation shows those of a line.",
        ),
        ("rebill runs the server", "rebill runs the server"),
    ],
)
def test_a_sentence_tells_the_call(sentence: str, told: str) -> None:
    assert with_calls(sentence) == told


def test_no_documented_answer_names_a_command() -> None:
    files = sorted(EXAMPLES.glob("*.json"))
    assert files
    for file in files:
        told = "\n".join(_sentences(json.loads(file.read_text(encoding="utf-8"))))
        assert not commands_named_in(told), file.name


def test_a_refusal_is_told_and_kept_with_its_call(api: ApiClient, world: World) -> None:
    refused = api.post("/v1/closings/finalize", {"billing_period": "2024-09"})
    assert refused.status_code == 409
    assert refused.json()["error"] == "2024-09 was not run yet: POST /v1/runs (billing_period 2024-09) does it."
    kept = api.get("/v1/audit_entries?outcome=refused").json()["audit_entries"][-1]
    assert kept["refusal"]["message"] == refused.json()["error"]


def test_a_checklist_tells_calls(api: ApiClient, world: World) -> None:
    checklist = api.get("/v1/month_checklist?billing_period=2024-09").json()
    told = " ".join(step["next"] for step in checklist["steps"])
    assert "the page /costs takes it in" in told
    assert not commands_named_in(told)
