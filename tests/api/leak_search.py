"""A search for what a customer must never see: secrets are planted, every call is made, every byte is searched.

Planted are numbers and texts that stand nowhere else. Numbers are looked for in every form that somebody could write
them in: exact, rounded, in minor units, with a comma, in groups of thousands.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import httpx

from rebill.api.query import Parameter
from rebill.api.route import Route
from tests.api.client import ApiClient

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
ACCEPTED = (
    "*/*",
    "application/json",
    "text/csv",
    "application/pdf",
    "application/xml",
    "application/x.focus+csv",
    "text/html;q=0.5, image/png",
)
REQUEST_ID = "leak-search"


@dataclass(frozen=True)
class Secret:
    """Something planted: what it is, what to look for, and parts (in small letters) of which what shows it has one."""

    name: str
    pattern: re.Pattern[str]
    parts: tuple[str, ...] = field(compare=False)

    @classmethod
    def number(cls, name: str, value: Decimal) -> "Secret":
        """A number, in every form."""
        written = sorted(_forms(value))
        forms = "|".join(map(re.escape, written))
        parts = tuple(one for one in written if not any(other in one for other in written if other != one))
        return cls(name, re.compile(rf"(?<![0-9])(?:{forms})0*(?![0-9])"), parts)

    @classmethod
    def text(cls, name: str, value: str) -> "Secret":
        """A text, in any case."""
        return cls(name, re.compile(re.escape(value), re.IGNORECASE), (value.lower(),) if value.isascii() else ("",))

    def stands_in(self, text: str) -> bool:
        """Whether ``text`` shows it."""
        # Patterns are slow, and nearly every text has nothing to be found. Beyond ASCII a letter can have several.
        if text.isascii() or not self.pattern.flags & re.IGNORECASE:
            small = text.lower()
            if not any(part in small for part in self.parts):
                return False
        return self.pattern.search(text) is not None


def _forms(value: Decimal) -> set[str]:
    """``value`` as somebody could write it, its sign left out."""
    magnitude = abs(value)
    forms = {f"{magnitude.normalize():f}"}
    for digits, rounding in itertools.product((1, 2, 3, 4), (ROUND_HALF_UP, ROUND_DOWN)):
        rounded = magnitude.quantize(Decimal(1).scaleb(-digits), rounding)
        forms |= {f"{rounded:f}", f"{rounded:f}".replace(".", ""), f"{rounded:,f}"}
    forms |= {form.replace(".", ",") for form in forms if "," not in form}
    forms |= {form.translate(str.maketrans(",.", ".,")) for form in forms if form.count(",") > 1}
    # Fewer digits than that could be anything.
    return {form for form in forms if sum(letter.isdigit() for letter in form) >= 6}


@dataclass(frozen=True)
class Request:
    """A call as it is sent."""

    method: str
    path: str
    headers: Mapping[str, str] = field(hash=False)
    content: bytes = b""

    def says(self, secret: Secret) -> bool:
        """Whether the caller names the secret himself: an echo of it tells him nothing."""
        return secret.stands_in(f"{self.path} {self.content.decode('latin-1')}")


@dataclass(frozen=True)
class Leak:
    """A secret in an answer."""

    secret: str
    request: Request
    place: str


def leaks_in(request: Request, answer: httpx.Response, secrets: tuple[Secret, ...]) -> list[Leak]:
    """The secrets that an answer shows, in its body or its headers."""
    texts = {
        "body": answer.content.decode("utf-8", "replace"),
        "headers": "\n".join(f"{name}: {value}" for name, value in answer.headers.items()),
    }
    return [
        Leak(secret.name, request, place)
        for place, text in texts.items()
        for secret in _shown_in(text, secrets)
        if not request.says(secret)
    ]


@lru_cache(maxsize=1_000)
def _shown_in(text: str, secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    # Thousands of calls have the same few refusals for an answer.
    return tuple(secret for secret in secrets if secret.stands_in(text))


def search(
    client: ApiClient,
    routes: Sequence[Route],
    ids: Mapping[str, Sequence[int]],
    secrets: tuple[Secret, ...],
    enough: Callable[[list[Leak]], bool] = lambda found: False,
) -> tuple[list[Leak], set[int]]:
    """Make every call there is on ``routes``; answers what leaked, and every status that was met.

    ``ids``: by the name of an id in a path, those of things that exist, whoever has them. ``enough``: no more calls
    are made once it holds of what leaked.
    """
    found: list[Leak] = []
    statuses: set[int] = set()
    made: set[Request] = set()
    for request in _requests(routes, ids):
        if request in made:
            continue
        made.add(request)
        answer = client.request(request.method, request.path, content=request.content, headers=request.headers)
        statuses.add(answer.status_code)
        found += leaks_in(request, answer, secrets)
        if found and enough(found):
            break
    return found, statuses


def _requests(routes: Sequence[Route], ids: Mapping[str, Sequence[int]]) -> Iterator[Request]:
    # What a call shows at all it mostly shows where nothing is asked besides.
    for route in routes:
        if route.method == "GET":
            yield from (_request("GET", f"{path}?") for path in _paths(route, ids))
    for route in routes:
        for path in _paths(route, ids):
            if route.method == "GET":
                queries = _queries(route, ids)
                for query in queries[1:]:
                    yield _request("GET", f"{path}?{query}")
                for query, accept in itertools.product((queries[0], queries[-1]), ACCEPTED):
                    yield _request("GET", f"{path}?{query}", accept=accept)
            yield from _errors(route, path)
    known = {route.path for route in routes}
    for template in sorted(known):
        for path, method in itertools.product(_paths_of(template, ids), METHODS):
            yield _request(method, path)


def _paths(route: Route, ids: Mapping[str, Sequence[int]]) -> list[str]:
    return _paths_of(route.path, ids)


def _paths_of(template: str, ids: Mapping[str, Sequence[int]]) -> list[str]:
    """The path with every id that exists, one that does not, and what is no id."""
    names = re.findall(r"\{(\w+)\}", template)
    if not names:
        return [template]
    choices = [*(str(number) for number in ids[names[0]]), "123456789", "01"]
    return [template.replace(f"{{{names[0]}}}", one) for one in choices]


def _queries(route: Route, ids: Mapping[str, Sequence[int]]) -> list[str]:
    """Every documented parameter with every kind of value, each alone; all of them together; and the filter."""
    alone = [f"{one.name}={value}" for one in route.parameters for value in _values(one, ids)]
    together = "&".join(f"{one.name}={_values(one, ids)[0]}" for one in route.parameters)
    customers = [f"client_api_id={number}" for number in (*ids["client_api_id"], "123456789", "x")]
    return ["", *alone, together, *customers, *(f"{together}&{one}" for one in customers)]


def _values(parameter: Parameter, ids: Mapping[str, Sequence[int]]) -> list[str]:
    schema = parameter.schema
    wrong = "%C3%A4%27%22%3C"
    if "enum" in schema:
        return [*map(str, _listed(schema["enum"])), wrong]
    if schema.get("type") == "boolean":
        return ["true", "false", "TRUE"]
    if schema.get("type") == "integer":
        return ["1", "1000", "0", *(str(number) for number in ids["client_api_id"]), wrong]
    if schema.get("format") == "date":
        return ["2024-09-15", "1900-01-01", "2999-12-31", wrong]
    return ["2024-09", "2024-10", "a", "", wrong]


def _listed(value: Any) -> list[Any]:
    return list(value)


def _errors(route: Route, path: str) -> Iterator[Request]:
    """What provokes refusals: bodies that are none, too large, and of the wrong type; addresses that are too long."""
    for content in (
        b"",
        b"{}",
        b"null",
        b'{"id": ',
        b"\xff",
        b'{"name": 1, "azure_customer_ids": [""], "azure_ids": [""]}',
    ):
        yield _request(route.method, path, content=content)
    yield _request(route.method, path, content=b"<a/>", content_type="text/xml")
    yield _request(route.method, f"{path}?note={'x' * 4000}")
    yield _request(route.method, f"{path}?page=0&per_page=x&dryrun=1&dry_run=2&client_api_id=01")
    yield Request(route.method, path, {**_headers(), "Content-Length": str(33 * 1024**2)}, b"{}")
    yield Request(route.method, path, {**_headers(), "Idempotency-Key": "once"}, b"{}")
    yield Request(route.method, path, {**_headers(), "If-None-Match": "*"})


def _request(method: str, path: str, accept: str = "", content: bytes = b"", content_type: str = "") -> Request:
    return Request(method, path, _headers(accept, content_type), content)


def _headers(accept: str = "", content_type: str = "") -> dict[str, str]:
    given = {"Accept": accept, "Content-Type": content_type, "X-Request-Id": REQUEST_ID}
    return {name: value for name, value in given.items() if value}
