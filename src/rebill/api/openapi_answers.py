"""Every answer of a call in the OpenAPI document: its shape, its headers, its errors, an example of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from rebill.api.answer_shapes import ErrorAnswer
from rebill.api.documented_examples import Example
from rebill.api.paging import PAGING
from rebill.api.route import Route
from rebill.model.party import Role
from rebill.services.acting.permission import allows

READINESS = "/readyz"
"""The one open call that asks the database."""
_INTEGER = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_HEADERS: dict[str, tuple[str, bool, Mapping[str, object]]] = {
    "X-Request-Id": (
        "Finds the request in the server's log. One that the caller sends is kept when it is 1 to 64 of "
        "`A-Z a-z 0-9 . _ -`.",
        True,
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    ),
    "Cache-Control": (
        "Nothing is to be kept by anybody between; `private, no-cache`: by the caller, who asks each time.",
        True,
        _TEXT,
    ),
    "ETag": (
        "Stands for this answer as this caller has it: send it back in `If-None-Match`.",
        True,
        {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
    ),
    "Vary": ("Headers of the request that the answer depends on.", True, _TEXT),
    "X-Total": ("How many elements the list has; not when it is paged by key.", False, _INTEGER),
    "X-Page": ("Which page this is; not when the list is paged by key.", False, _INTEGER),
    "X-Per-Page": ("How many elements a page has.", True, _INTEGER),
    "Link": (
        "Absolute addresses of the pages `first`, `prev`, `next` and `last` (paged by key: of `next`), joined by `, `.",
        False,
        _TEXT,
    ),
    "Idempotent-Replayed": (
        "`true`: the answer to an earlier call with the same `Idempotency-Key`.",
        False,
        {"type": "string", "enum": ["true"]},
    ),
    "RateLimit-Limit": ("How many calls a minute the key may make; where calls are limited.", False, _INTEGER),
    "RateLimit-Remaining": ("How many calls the key may make now; where calls are limited.", False, _INTEGER),
    "RateLimit-Reset": ("After how many seconds all of them may be made; where calls are limited.", False, _INTEGER),
    "RateLimit-Policy": ("The limit and its seconds; where calls are limited.", False, _TEXT),
    "WWW-Authenticate": ("How to send a key.", True, {"type": "string", "enum": ["Bearer"]}),
    "Retry-After": ("After how many seconds to try again.", True, _INTEGER),
}
"""Headers that several answers have: what each says, whether every such answer has it, its schema."""
_OF_EVERY_ANSWER = ("X-Request-Id", "Cache-Control")
_OF_COUNTED_CALLS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
_OF_LISTS = ("X-Total", "X-Page", "X-Per-Page", "Link")
_OF_TAGGED_ANSWERS = ("ETag", "Vary")
SHARED_ERRORS = {
    400: "No HTTP request, by its first line or a header.",
    401: "No key, or one that nobody holds.",
    403: "The key's role may not make this call.",
    408: "First line and headers, or the next part of the body, took longer than 60 seconds: nothing was done, and the "
    "connection is closed.",
    413: "The body is too large.",
    414: "The path and query are over 4,000 characters.",
    429: "More than may be asked for now; `Retry-After` tells when to try again.",
    500: "rebill itself is at fault; its log has `request_id`.",
    503: "The database cannot be reached now, or is not migrated, or imported cost that an act goes by cannot be read; "
    "`Retry-After` says when to try again.",
}
"""Errors that say the same of every call, and when they come."""
_OF_ANY_REQUEST = (400, 408)
"""Errors of which no call hears: the request did not come, or not whole."""
_SHARED_ERROR_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_OWN_ERRORS = {
    404: "Nothing has this id, for this caller.",
    406: "The answer is not to be had in any form that `Accept` names.",
    409: "It is sound, but collides with what is stored or under way; the sentence says what to do.",
    422: "Something is wrong with parameters or body: every fault (the first 100) is in `fields`.",
}
"""Errors that each call has examples of its own of."""


def header_components() -> dict[str, Any]:
    """The headers, for the document's components."""
    return {
        name: {"description": description, "required": required, "schema": dict(schema)}
        for name, (description, required, schema) in _HEADERS.items()
    }


def error_components(error_schema: object, examples: Sequence[Example]) -> dict[str, Any]:
    """The errors that say the same of every call, for the document's components; ``examples`` are of any call."""
    return {
        _error_name(status): {
            "description": description,
            "headers": _headers(*_OF_EVERY_ANSWER, *_SHARED_ERROR_HEADERS.get(status, ())),
            "content": {"application/json": {"schema": error_schema, **_examples(status, examples)}},
        }
        for status, description in SHARED_ERRORS.items()
    }


def responses(
    route: Route, references: Mapping[Any, Any], examples: Sequence[Example], of_any_call: Sequence[Example]
) -> dict[str, Any]:
    """The answers of a call by status. ``of_any_call``: for errors that the call has no example of its own of."""
    found: dict[str, Any] = {}
    for status in route.answers:
        found[str(status)] = _success(route, status, references, examples)
    if has_entity_tag(route):
        found["304"] = {
            "description": "Nothing changed since the answer whose `ETag` stands in `If-None-Match`; there is no body.",
            "headers": _headers(*_names_of_headers(route)),
        }
    for status in error_statuses(route):
        if status in SHARED_ERRORS:
            found[str(status)] = {"$ref": f"#/components/responses/{_error_name(status)}"}
            continue
        shown = _examples(status, examples) or _examples(status, of_any_call)
        content = {"schema": references[(ErrorAnswer, "serialization")], **shown}
        found[str(status)] = {
            "description": _OWN_ERRORS[status],
            "headers": _headers(*_OF_EVERY_ANSWER),
            "content": {"application/json": content},
        }
    return found


def has_entity_tag(route: Route) -> bool:
    """Whether answers of a call have an ``ETag``, so that a caller can ask whether they still hold."""
    return route.permission is not None and not route.changes


def error_statuses(route: Route) -> list[int]:
    """The statuses of the errors that a call can be answered with, in order."""
    if route.permission is None:
        return [*_OF_ANY_REQUEST, 500, 503] if route.path == READINESS else [*_OF_ANY_REQUEST, 500]
    wanted = {
        403: not all(allows(role, route.permission) for role in Role),
        406: bool(route.other_forms),
        409: route.may_conflict or route.takes_idempotency_key,
        413: route.body is not None,
        # A GET without parameters of its own passes over what it does not know, and has nothing to be wrong.
        422: route.changes or bool(route.parameters) or route.body is not None or "client_api_id" in route.id_names,
    }
    of_every_call = [*_OF_ANY_REQUEST, 401, 404, 414, 429, 500, 503]
    return sorted([*of_every_call, *(status for status, is_given in wanted.items() if is_given)])


def _success(route: Route, status: int, references: Mapping[Any, Any], examples: Sequence[Example]) -> dict[str, Any]:
    names = _names_of_headers(route)
    own = {name: {"description": said, "schema": {"type": "string"}} for name, said in route.headers.items()}
    answer: dict[str, Any] = {"description": f"{route.summary}.", "headers": {**_headers(*names), **own}}
    shape = route.answers[status]
    if shape is None:
        return answer
    if isinstance(shape, str):
        answer["content"] = {shape: {"schema": {"type": "object" if "json" in shape else "string"}}}
        return answer
    schemas = [references[(one, "serialization")] for one in (shape if isinstance(shape, tuple) else (shape,))]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    answer["content"] = {"application/json": {"schema": schema, **_examples(status, examples)}}
    for form in route.other_forms:
        answer["content"][form] = {"schema": {"type": "string"}, **_examples(status, examples, form)}
    return answer


def _names_of_headers(route: Route) -> list[str]:
    """The shared headers of a call's success answers."""
    names = [*_OF_EVERY_ANSWER, *(_OF_COUNTED_CALLS if route.permission is not None else ())]
    if has_entity_tag(route):
        names += _OF_TAGGED_ANSWERS
    if all(one in route.parameters for one in PAGING):
        names += _OF_LISTS
    if route.takes_idempotency_key and not route.shows_key:
        names.append("Idempotent-Replayed")
    return names


def _examples(status: int, examples: Sequence[Example], form: str = "application/json") -> dict[str, Any]:
    found = {
        example.title: {"value": example.answer}
        for example in examples
        if example.status == status and example.answer is not None and _form(example) == form
    }
    return {"examples": found} if found else {}


def _form(example: Example) -> str:
    is_other_form = example.status < 300 and isinstance(example.answer, str)
    return example.headers.get("Accept", "") if is_other_form else "application/json"


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _error_name(status: int) -> str:
    return {
        400: "UnreadableRequest",
        401: "Unauthorized",
        403: "Forbidden",
        408: "RequestTooLate",
        413: "BodyTooLarge",
        414: "AddressTooLong",
        429: "TooManyCalls",
        500: "InternalError",
        503: "Unavailable",
    }[status]
