"""Answers on their way out: status, headers, bytes; JSON is written here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import orjson
import simplejson
from pydantic import BaseModel

from rebill.api.accept import names_json
from rebill.api.pointing import OVER_THE_API

NO_CONTENT = 204
NOT_MODIFIED = 304
WITHOUT_BODY = (NO_CONTENT, NOT_MODIFIED)
"""The statuses of answers that have neither body nor type."""
_NOTHING_UNASKED = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
"""Moments and dataclasses have a form of their own on the wire: that of their shape, never orjson's."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer whose bytes stand already; ``facts``: what the log tells of it besides."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    facts: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, content: object, headers: Mapping[str, str] | None = None) -> "Answer":
        """An answer in JSON; ``content`` is plain data or a shape of ``answer_shapes``."""
        return cls(status, json_bytes(content), headers or {})

    @classmethod
    def deleted(cls, accept: str) -> "Answer":
        """The answer to DELETE: ``200 {}`` for a caller that insists on JSON, else ``204`` without a body."""
        return cls.json(200, {}) if names_json(accept) else cls(NO_CONTENT, b"")


def json_bytes(content: object) -> bytes:
    """``content`` as JSON in UTF-8; a ``Decimal`` becomes a number with exactly its digits."""
    plain = content.model_dump(by_alias=True, context=OVER_THE_API) if isinstance(content, BaseModel) else content
    try:
        return orjson.dumps(plain, _exact_number, _NOTHING_UNASKED)
    except orjson.JSONEncodeError:
        # What orjson refuses, such as half a surrogate pair that a caller sent and hears again: rare, and slower.
        text = simplejson.dumps(plain, use_decimal=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return str(text).encode("utf-8", "replace")


def _exact_number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is no JSON")
