"""How Schemathesis makes its requests: days that there are, and sound beginnings of sequences of calls.

Schemathesis reads this, not the tests. What JSON Schema cannot say of days: they lie between 1900 and 2999. Nor can it
say what a body must have for its meaning to hold (an address, what goes with a ``rule_action``). A sequence whose first
call is refused leads nowhere, so there POSTs are those of the document's own examples, each under a name of its own.
All other phases send what the schema allows.
"""

import hashlib
import json
from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

DAYS = strategies.dates(date(1900, 1, 1), date(2999, 12, 31))

schemathesis.openapi.format("date", DAYS.map(str))
schemathesis.openapi.format(
    "date-time", strategies.builds(lambda day, time: f"{day}T{time:%H:%M:%S}Z", DAYS, strategies.times())
)
_NAMES = ("name", "book_name")


def map_case(_context: HookContext, case: Case) -> Case:
    """``case`` with the body of an example, where it begins or goes on a sequence of calls and is meant to be sound."""
    if case.meta is None or case.meta.phase.name is not TestPhase.STATEFUL or case.operation.method != "post":
        return case
    body = case.meta.components.get(ParameterLocation.BODY)
    examples = _examples(case)
    if body is None or body.mode is not GenerationMode.POSITIVE or not isinstance(case.body, dict) or not examples:
        return case
    drawn = hashlib.sha256(json.dumps(case.body, sort_keys=True, default=str).encode()).hexdigest()
    example = examples[int(drawn, 16) % len(examples)]
    own_names = {name: f"{example[name]} {drawn[:8]}" for name in _NAMES if name in example}
    # Ids that an earlier call answered stay: they are what makes a sequence of the calls.
    known = {name: part for name, part in case.body.items() if name in example and name.endswith("_id")}
    case.body = {**example, **own_names, **known}
    return case


def _examples(case: Case) -> list[dict[str, Any]]:
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in content.get("examples", {}).values()]


schemathesis.hook(map_case)
