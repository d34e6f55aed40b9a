"""Request bodies: taken in as a stream, read as strict JSON with exact numbers."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import anyio
from starlette.datastructures import Headers

from rebill.api.errors import GREATEST_FAULT_COUNT, BodyTooLarge
from rebill.api.query import shown_name
from rebill.api.texts import encoding_fault
from rebill.model.errors import Invalid

GREATEST_BODY_BYTES = 16 * 1024**2
SMALL_BODY_BYTES = 16 * 1024
GREATEST_NESTING = 64
GREATEST_NUMBER_DIGITS = 40
CSV_MEDIA_TYPE = "text/csv"
_JSON_MEDIA_TYPE = re.compile(r"application/(?:json|[a-z0-9!#$&^_.-]+\+json)", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE)
_READABLE_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")

_Path = tuple[str | int, ...]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class CallerGone(Exception):
    """The caller hung up before the body was complete: there is nobody to answer, and nothing was done."""


@dataclass(frozen=True)
class _Faulty:
    """Stands in a parsed body where something cannot be accepted."""

    sentence: str


class _FaultyObject(dict[str, Any]):
    """An object with a key given twice."""

    repeated: str = ""


class ComingBody:
    """The body of a request: what came with its head is there, the rest comes when it is asked for."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self._headers = headers
        self._came: MutableMapping[str, Any] | None = None

    async def is_there(self) -> bool:
        """Whether all of it is there already, and small. Nobody is waited for, nor told to send it."""
        declared_length = self._headers.get("content-length", "")
        if "expect" in self._headers or not declared_length.isdecimal():
            return False
        if int(declared_length[:20]) > SMALL_BODY_BYTES:
            return False
        # Within a cancelled scope whatever would wait ends at once.
        with anyio.CancelScope() as scope:
            scope.cancel()
            self._came = await self._receive()
        return self._came is not None and not self._came.get("more_body", False)

    async def taken_in(self, greatest_bytes: int) -> bytes:
        """All its bytes. Raises ``BodyTooLarge`` as soon as that is known, ``CallerGone`` when it breaks off."""
        declared_length = self._headers.get("content-length", "")
        if declared_length.isdecimal() and int(declared_length[:20]) > greatest_bytes:
            raise BodyTooLarge(greatest_bytes)
        parts: list[bytes] = []
        length = 0
        while True:
            message, self._came = self._came or await self._receive(), None
            if message["type"] == "http.disconnect":
                raise CallerGone
            part = message.get("body", b"")
            length += len(part)
            if length > greatest_bytes:
                raise BodyTooLarge(greatest_bytes)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


@dataclass(frozen=True)
class ReadBody:
    """A parsed body, and what in it cannot be accepted, by path.

    That is: nesting, lone surrogates, control characters, ``NaN``, long numbers, keys given twice.
    """

    value: object
    faults: Mapping[str, str]


def read_json(body: bytes, content_type: str | None, content_encoding: str | None) -> ReadBody:
    """The JSON value in ``body``: whole numbers as ``int``, others as ``Decimal``.

    Raises ``Invalid`` when there is no value to speak of: a declared type that is not JSON, bytes that are not
    UTF-8, broken JSON.
    """
    _require_json_type(content_type, content_encoding)
    text = _decoded(body)
    if not text.strip(" \t\r\n"):
        raise _not_json("is empty: send a JSON object")
    try:
        value = json.loads(
            text,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=lambda name: _Faulty(f"may not be {name}"),
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise _not_json(f"is nested more than {GREATEST_NESTING} deep") from None
    except json.JSONDecodeError as error:
        raise _not_json(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    return ReadBody(value, dict(_first(_faults(value), GREATEST_FAULT_COUNT)))


def is_declared_csv(content_type: str | None) -> bool:
    """Whether a body is declared to be CSV."""
    return content_type is not None and content_type.partition(";")[0].strip().lower() == CSV_MEDIA_TYPE


def read_csv_text(body: bytes, content_type: str, content_encoding: str | None) -> str:
    """The text of a CSV body. Raises ``Invalid`` for bytes that are not UTF-8."""
    _require_plain_utf8(content_type, content_encoding)
    return _decoded(body)


def path_text(path: Sequence[str | int]) -> str:
    """The place of a value in a body, such as ``tags[0].key``; the body itself is ``body``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown_name(part)}"
    return text.removeprefix(".") or "body"


def _decoded(body: bytes) -> str:
    try:
        # RFC 8259 lets a reader pass over one byte order mark, and some clients write one.
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_json(f"is not UTF-8 (at byte {error.start})") from None


def _require_json_type(content_type: str | None, content_encoding: str | None) -> None:
    declared = content_type or ""
    media_type = declared.partition(";")[0].strip()
    _require_plain_utf8(declared if _JSON_MEDIA_TYPE.fullmatch(media_type) else "", content_encoding)
    if declared.strip() and _JSON_MEDIA_TYPE.fullmatch(media_type) is None:
        # `curl -d` and its like declare a form unless they are told otherwise.
        raise _not_json("must be JSON, and declared so: curl -H 'Content-Type: application/json', or no type at all")


def _require_plain_utf8(content_type: str, content_encoding: str | None) -> None:
    if content_encoding and content_encoding.strip().lower() != "identity":
        raise _not_json("must be sent without Content-Encoding")
    charset = _CHARSET.search(content_type)
    if charset is not None and charset[1].lower() not in _READABLE_CHARSETS:
        raise _not_json("must be in UTF-8")


def _not_json(fault: str) -> Invalid:
    return Invalid("invalid_request", f"The body {fault}.", {"body": fault})


def _whole_number(literal: str) -> object:
    if len(literal.lstrip("-")) > GREATEST_NUMBER_DIGITS:
        return _Faulty(f"may have at most {GREATEST_NUMBER_DIGITS} digits")
    return int(literal)


def _number(literal: str) -> object:
    too_long = _Faulty(f"may have at most {GREATEST_NUMBER_DIGITS} digits, written out")
    mantissa, _, exponent = literal.lower().partition("e")
    if len(mantissa) > GREATEST_NUMBER_DIGITS + 2 or len(exponent) > 4:
        return too_long
    number = Decimal(literal)
    _, digits, shift = number.as_tuple()
    if not isinstance(shift, int):
        raise AssertionError("a JSON number is finite")
    return too_long if max(len(digits) + max(shift, 0), -shift) > GREATEST_NUMBER_DIGITS else number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    faulty = _FaultyObject(found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            faulty.repeated = name
        seen.add(name)
    return faulty


def _faults(value: object) -> Iterator[tuple[str, str]]:
    """Every place of ``value`` that cannot be accepted, in order; without recursion, and without copying it."""
    waiting: list[Iterator[tuple[_Path, object]]] = [iter([((), value)])]
    while waiting:
        path, found = next(waiting[-1], (None, None))
        if path is None:
            waiting.pop()
        elif isinstance(found, (dict, list)) and len(path) >= GREATEST_NESTING:
            yield path_text(path[:3]), f"is nested more than {GREATEST_NESTING} deep"
        elif isinstance(found, dict):
            yield from _name_faults(path, found)
            waiting.append(_members(path, found))
        elif isinstance(found, list):
            if not _are_sound_texts(found):
                waiting.append(_elements(path, found))
        elif isinstance(found, _Faulty):
            yield path_text(path), found.sentence
        elif isinstance(found, str) and (fault := encoding_fault(found)):
            yield path_text(path), fault


def _are_sound_texts(found: list[Any]) -> bool:
    """Whether a list holds texts alone and nothing is wrong with any: most long ones, without a look at each."""
    return set(map(type, found)) == {str} and encoding_fault(" ".join(found)) is None


def _elements(path: _Path, found: list[Any]) -> Iterator[tuple[_Path, object]]:
    return (((*path, place), part) for place, part in enumerate(found))


def _members(path: _Path, found: dict[str, Any]) -> Iterator[tuple[_Path, object]]:
    return (((*path, name), part) for name, part in found.items())


def _name_faults(path: _Path, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(found, _FaultyObject):
        yield path_text((*path, found.repeated)), "is given twice"
    for name in found:
        if fault := encoding_fault(name):
            yield path_text((*path, name)), f"has a name that {fault}"


def _first(pairs: Iterator[tuple[str, str]], count: int) -> Iterator[tuple[str, str]]:
    for _, pair in zip(range(count), pairs, strict=False):
        yield pair
