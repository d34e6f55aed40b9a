"""Records examples: calls that are made, and what a running server answered.

What differs from one recording to the next (ids, keys, hashes) is replaced by stand-ins in the order of their first
appearance, so that two recordings of the same story are the same to the letter.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import simplejson

from rebill.api import documented_examples as kept
from rebill.api.documented_examples import Example
from rebill.api.routes import ROUTES
from tests.api.client import ApiClient
from tests.conftest import SettableClock

FOLDER = Path(kept.__file__).parent / kept.FOLDER
REQUEST_ID = "3f6c2a4be1d04c0c9b7d5a1e8f20c6d4"
UNKNOWN_ID = 404404404
_KEY = re.compile(r"rebill_[0-9a-f]{16}_[0-9a-f]{64}")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_ID = re.compile(r"(?<![0-9.-])[1-9][0-9]{8}(?![0-9])")
_SHOWN_KEY = f"rebill_{'0123456789abcdef'}_{'0123456789abcdef' * 4}"


@dataclass
class StandIns:
    """What stands for what."""

    found: dict[str, str] = field(default_factory=dict)

    def of(self, value: Any) -> Any:
        """``value`` with stand-ins for whatever is random in it."""
        if isinstance(value, Mapping):
            return {str(self.of(name)): self._member(name, part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.of(part) for part in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return int(self._text(str(value)))
        return self._text(value) if isinstance(value, str) else value

    def _member(self, name: str, part: Any) -> Any:
        return self._stand_in("external id", part)[:12] if name == "generated_external_id" else self.of(part)

    def _text(self, text: str) -> str:
        text = _KEY.sub(_SHOWN_KEY, text)
        text = _HASH.sub(lambda match: self._stand_in("hash", match[0]), text)
        return _ID.sub(lambda match: self._stand_in("id", match[0]), text)

    def _stand_in(self, kind: str, text: str) -> str:
        if text in (str(UNKNOWN_ID), *self.found.values()):
            return text
        if text not in self.found:
            digest = hashlib.sha256(f"{kind} {len(self.found)}".encode()).hexdigest()
            self.found[text] = str(10**8 + int(digest, 16) % (9 * 10**8)) if kind == "id" else digest
        return self.found[text]


@dataclass
class Recorder:
    """Makes calls and keeps them as examples; the clock goes on by a minute after each."""

    api: ApiClient
    clock: SettableClock
    stand_ins: StandIns = field(default_factory=StandIns)
    examples: list[Example] = field(default_factory=list)

    def call(
        self,
        title: str,
        method: str,
        path: str,
        *ids: int,
        status: int,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a call of a route, ``ids`` in the order of its path; its answer, which must have ``status``."""
        route = next(route for route in ROUTES if (route.method, route.path) == (method, path))
        by_name = dict(zip(route.id_names, ids, strict=True))
        sent = dict(headers or {})
        answer = self.api.request(
            method,
            path.format(**by_name),
            params=query or {},
            headers={"X-Request-Id": REQUEST_ID, **sent},
            **({} if body is None else {"json": body}),
        )
        assert answer.status_code == status, (title, answer.status_code, answer.text)
        is_json = answer.headers.get("content-type", "") == "application/json"
        told = simplejson.loads(answer.text, use_decimal=True) if is_json else (answer.text or None)
        example = Example(title, method, path, status, told, by_name, dict(query or {}), sent, body)
        self.examples.append(Example(**self.stand_ins.of(asdict(example))))
        self.clock.now += timedelta(minutes=1)
        return told

    def keep_error(self, title: str, answer: httpx.Response, status: int) -> None:
        """Keep an error that says the same of any call."""
        assert answer.status_code == status, (title, answer.status_code, answer.text)
        # Whoever could send none is told one that was drawn.
        told = {**answer.json(), "request_id": REQUEST_ID}
        self.examples.append(Example(title, *kept.OF_ANY_CALL, status, self.stand_ins.of(told)))

    def unknown(self, method: str, path: str, body: Any = None) -> None:
        """The call, about something that is not there."""
        route = next(route for route in ROUTES if (route.method, route.path) == (method, path))
        ids = [UNKNOWN_ID for _ in route.id_names]
        query = None if ids else {"client_api_id": str(UNKNOWN_ID)}
        title = "Nothing has this id" if ids else "The partner has no such customer"
        self.call(title, method, path, *ids, status=404, body=body, query=query)

    def misspelt(self, method: str, path: str, *ids: int, body: Any = None) -> None:
        """The call, with a parameter that it does not know."""
        title = "A parameter that this call does not know"
        self.call(title, method, path, *ids, status=422, body=body, query={"dryrun": "true"})

    def page_zero(self, path: str, *ids: int) -> None:
        """The list, of a page that no list has."""
        self.call("Pages are counted from 1", "GET", path, *ids, status=422, query={"page": "0"})


def file_name(example: Example) -> str:
    """The file that an example is kept in: one for each resource."""
    if (example.method, example.path) == kept.OF_ANY_CALL:
        return "any_call.json"
    segments = example.path.strip("/").split("/")
    return f"{segments[1] if len(segments) > 1 else 'operation'}.json"


def written(examples: list[Example]) -> dict[str, str]:
    """The text of each file by its name."""
    files: dict[str, list[dict[str, Any]]] = {}
    for example in examples:
        plain = {
            name: part
            for name, part in asdict(example).items()
            if part is not None and (part != {} or name in ("answer", "body"))
        }
        files.setdefault(file_name(example), []).append(plain)
    return {name: json_text(content) for name, content in sorted(files.items())}


def json_text(content: Any) -> str:
    """``content`` as a file of JSON, numbers with exactly their digits."""
    return f"{simplejson.dumps(content, indent=2, ensure_ascii=False, use_decimal=True)}\n"


Story = Callable[[Recorder], None]
