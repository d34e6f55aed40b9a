"""The one place that gives refusals an HTTP status, and the one shape that errors have."""

from collections.abc import Sequence

from rebill.api.answers import Answer
from rebill.api.authentication import SHORTEST_KEY_LENGTH
from rebill.api.pointing import with_calls
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unavailable

GREATEST_FAULT_COUNT = 100
"""How many faults of one request are listed."""


class Unauthorised(Refusal):
    """No key, or one that nobody holds any more: always the same words."""

    def __init__(self) -> None:
        super().__init__("unauthorized", "Send a valid API key as `Authorization: Bearer <key>`.")


class MethodNotAllowed(Refusal):
    """The path exists, the method does not. ``allowed`` are those that do."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__("method_not_allowed", f"This path answers {self.allowed} only.")


class BodyTooLarge(Refusal):
    """More bytes than this call reads."""

    def __init__(self, greatest_bytes: int) -> None:
        mebibytes = greatest_bytes // 1024**2
        super().__init__("body_too_large", f"The body may have at most {mebibytes} MiB: send it in parts.")


class AddressTooLong(Refusal):
    """A path and query that are longer than any call needs."""

    def __init__(self, greatest_length: int) -> None:
        super().__init__("uri_too_long", f"The path and query may have at most {greatest_length} characters.")


class Unreadable(Refusal):
    """Bytes that are no HTTP request: a header that cannot be, a length below 0."""

    def __init__(self) -> None:
        super().__init__("unreadable_request", "This is no HTTP request: correct its first line and its headers.")


class TooLate(Refusal):
    """A request whose head or body did not come to its end in time."""

    def __init__(self) -> None:
        super().__init__("request_too_late", "The request did not come to its end in time: send it again, in one go.")


class NotAcceptable(Refusal):
    """The caller accepts none of the forms that something is to be had in."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__("not_acceptable", f"This is to be had as {' or '.join(offered)}: name one of them in Accept.")


_STATUSES: dict[type[Refusal], int] = {
    Unreadable: 400,
    Unauthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    TooLate: 408,
    Conflict: 409,
    BodyTooLarge: 413,
    AddressTooLong: 414,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of ``refusal``."""
    for kind in type(refusal).__mro__:
        if kind in _STATUSES:
            return _STATUSES[kind]
    raise AssertionError(f"no status for {type(refusal).__name__}")


def refusal_answer(refusal: Refusal, request_id: str, presented_keys: Sequence[str] = ()) -> Answer:
    """What a caller sees of ``refusal``; whatever he sent as a key is blotted out of it."""
    headers = {}
    if isinstance(refusal, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, MethodNotAllowed):
        headers["Allow"] = refusal.allowed
    if isinstance(refusal, TooMany | Unavailable):
        headers["Retry-After"] = str(refusal.wait_seconds)
    shown = shown_refusal(refusal, presented_keys)
    content: dict[str, object] = {"error": shown.message, "code": shown.code, "request_id": request_id}
    if shown.fields:
        content["fields"] = shown.fields
    return Answer.json(status_of(refusal), content, headers)


def shown_refusal(refusal: Refusal, presented_keys: Sequence[str]) -> Refusal:
    """``refusal`` as it is shown and kept: the first of its fields, calls for commands, and nothing sent as a key."""
    listed = list(refusal.fields.items())[:GREATEST_FAULT_COUNT]

    def shown(sentence: str) -> str:
        return without_keys(with_calls(sentence), presented_keys)

    fields = {without_keys(name, presented_keys): shown(fault) for name, fault in listed}
    return Refusal(refusal.code, shown(refusal.message), fields)


def failure_answer(request_id: str) -> Answer:
    """What a caller sees when rebill itself is at fault; the log has the rest under ``request_id``."""
    sentence = "Something went wrong in rebill; try again, and give the request_id to whoever runs it."
    return Answer.json(500, {"error": sentence, "code": "internal_error", "request_id": request_id})


def without_keys(text: str, presented_keys: Sequence[str]) -> str:
    """``text`` with every key that the caller presented blotted out (shorter texts are no keys)."""
    for key in presented_keys:
        if len(key) >= SHORTEST_KEY_LENGTH:
            text = text.replace(key, "[key]")
    return text
