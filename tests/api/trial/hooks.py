"""How Schemathesis makes its requests: days that there are, and sound beginnings of sequences of calls.

Schemathesis reads this, not the tests. What JSON Schema cannot say of days: they lie between 1900 and 2999. Nor can it
say what a body must have for its meaning to hold (an address, what goes with a ``rule_action``). A sequence whose first
call is refused or empty leads nowhere, so there bodies are those of the document's own examples, each under a name of
its own, and lists are asked for their first page. Where a request has an id of the document's examples, it goes out
with one of a thing that is there. All other phases send what the schema allows.

Sequences begin with every call that makes or lists something. Schemathesis itself would begin with four of them: it
takes a parameter such as ``after_id`` for the id of a thing that no call makes, and a call that has it for one that
cannot go well.
"""

import hashlib
import json
import os
from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import stateful

DAYS = strategies.dates(date(1900, 1, 1), date(2999, 12, 31))

schemathesis.openapi.format("date", DAYS.map(str))
schemathesis.openapi.format(
    "date-time", strategies.builds(lambda day, time: f"{day}T{time:%H:%M:%S}Z", DAYS, strategies.times())
)
_NAMES = ("name", "book_name")
_CUSTOMERS = ("client_api_id", "target_client_api_id", "customer_id")
_PAGING = ("page", "after_id")
_OVER = ("expires_at",)
"""The document's examples are of 2024: what they say will come is over."""
_THINGS: dict[str, list[int]] = json.loads(os.environ.get("TRIAL_THINGS", "{}"))


def map_case(_context: HookContext, case: Case) -> Case:
    """``case`` as it is likely to go well, where it begins or goes on a sequence of calls and is meant to be sound."""
    if case.meta is None or case.meta.phase.name is not TestPhase.STATEFUL:
        return case
    query = case.meta.components.get(ParameterLocation.QUERY)
    if isinstance(case.query, dict) and query is not None and query.mode is GenerationMode.POSITIVE:
        case.query = {name: value for name, value in case.query.items() if name not in _PAGING}
    body = case.meta.components.get(ParameterLocation.BODY)
    examples = _examples(case)
    if body is None or body.mode is not GenerationMode.POSITIVE or not isinstance(case.body, dict) or not examples:
        return case
    drawn = hashlib.sha256(json.dumps(case.body, sort_keys=True, default=str).encode()).hexdigest()
    example = examples[int(drawn, 16) % len(examples)]
    own_names = {name: f"{example[name]} {drawn[:8]}" for name in _NAMES if name in example}
    # Ids that an earlier call answered stay: they are what makes a sequence of the calls.
    known = {name: part for name, part in case.body.items() if name in example and name.endswith("_id")}
    shown = {name: part for name, part in example.items() if name not in _OVER}
    there = {name: _THINGS["client_api_id"][0] for name in _CUSTOMERS if name in example}
    case.body = {**shown, **own_names, **there, **known}
    return case


def _examples(case: Case) -> list[dict[str, Any]]:
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in content.get("examples", {}).values()]


def before_call(_context: HookContext, case: Case, _options: dict[str, Any]) -> None:
    """Let examples, and what is derived from them, name things that are there (``TRIAL_THINGS``, by parameter).

    Only what could be an id becomes another one: what is wrong with a request stays as it is.
    """
    if case.meta is None or case.meta.phase.name not in (TestPhase.EXAMPLES, TestPhase.COVERAGE):
        return
    parameters = case.operation.definition.raw.get("parameters", [])
    shown = {one["name"]: str(one["example"]) for one in parameters if one.get("in") == "path" and "example" in one}
    for name, known in _THINGS.items():
        if name in shown and str((case.path_parameters or {}).get(name)) == shown[name]:
            case.path_parameters[name] = known[0]
    customers = _THINGS.get("client_api_id", [])
    for holder in (case.query, case.body):
        for name in _CUSTOMERS:
            if (
                customers
                and isinstance(holder, dict)
                and str(holder.get(name)).isdecimal()
                and str(holder[name]) != "0"
            ):
                holder[name] = customers[0]


def _begins_sequences(operation: APIOperation, _node: object, _produced: object) -> bool:
    return operation.method == "post" or (operation.method == "get" and not operation.path_parameters)


stateful.is_likely_root_transition = _begins_sequences
schemathesis.hook(map_case)
schemathesis.hook(before_call)
