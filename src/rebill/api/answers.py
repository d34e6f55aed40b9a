"""Answers on their way out: status, headers, bytes; JSON is written here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import simplejson
from pydantic import BaseModel

from rebill.api.accept import names_json

NO_CONTENT = 204
"""The status of an answer that has neither body nor type."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer whose bytes stand already."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

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
    plain = content.model_dump(by_alias=True) if isinstance(content, BaseModel) else content
    text = simplejson.dumps(plain, use_decimal=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return str(text).encode("utf-8", "replace")
