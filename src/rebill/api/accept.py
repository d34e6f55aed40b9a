"""What a caller accepts: the header ``Accept``, read as RFC 9110 (12.5.1) says.

Starlette has no reader of it, and the libraries that have one bring a second web framework, or raise on a header
that a careless client wrote. What cannot be read of the header is passed over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_RANGE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*((?:;.*)?)", re.DOTALL)
_QUALITY = re.compile(r"(?:^|;)\s*q\s*=\s*([^;\s]*)", re.IGNORECASE)
_QUALITY_VALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_GREATEST_LENGTH = 1000
"""What is read of the header; more is nobody's honest wish."""
_JSON = "application/json"


@dataclass(frozen=True)
class MediaRange:
    """A part of ``Accept``: ``*`` stands for any kind; ``thousandths`` is its quality, 0 = never."""

    kind: str
    subkind: str
    thousandths: int

    def precision(self, media_type: str) -> int | None:
        """How precisely this names ``media_type`` (2 = by its name, 0 = as anything), ``None`` where it does not."""
        kind, _, subkind = media_type.partition("/")
        if self.kind == "*":
            return 0 if self.subkind == "*" else None
        if self.kind != kind:
            return None
        return 1 if self.subkind == "*" else 2 if self.subkind == subkind else None


def names_json(accept: str) -> bool:
    """Whether the header asks for JSON by name; ``*/*`` does not."""
    return any(one.precision(_JSON) == 2 and one.thousandths > 0 for one in _media_ranges(accept))


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Which of the ``offered`` media types (without parameters) the caller likes best; the first of equals.

    ``None`` where he accepts none of them. No header, and one of which nothing can be read, accept everything.
    """
    ranges = list(_media_ranges(accept))
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda media_type: _thousandths(ranges, media_type))
    return best if _thousandths(ranges, best) > 0 else None


def _thousandths(ranges: Sequence[MediaRange], media_type: str) -> int:
    """The quality of ``media_type``: what the most precise range that names it says."""
    found = [(precision, one.thousandths) for one in ranges if (precision := one.precision(media_type)) is not None]
    return max(found)[1] if found else 0


def _media_ranges(accept: str) -> Iterator[MediaRange]:
    # The values of parameters other than q do not matter here, and quoted ones may hold commas.
    for part in _QUOTED.sub("", accept[:_GREATEST_LENGTH]).split(","):
        match = _MEDIA_RANGE.fullmatch(part)
        if match is None:
            continue
        quality = _QUALITY.search(match[3])
        value = quality[1] if quality else "1"
        if _QUALITY_VALUE.fullmatch(value):
            whole, _, decimals = value.partition(".")
            yield MediaRange(match[1].lower(), match[2].lower(), int(whole) * 1000 + int(decimals.ljust(3, "0")))
