"""Which key a request presents. Whose it is, ``services.callers.sign_in`` knows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_BEARER = re.compile(r"bearer(?:[ \t]+|$)", re.IGNORECASE)
_NO_LETTERS = re.compile(r"[^a-z0-9]")
KEY_PARAMETER = "api_key"
SHORTEST_KEY_LENGTH = 16
"""Shorter texts are no keys."""


@dataclass(frozen=True)
class PresentedKey:
    """``key``: what decides who calls (``""``: nothing was sent). ``everything``: all that may be a key, to hide."""

    key: str
    everything: tuple[str, ...]

    def is_part(self, text: str) -> bool:
        """Whether ``text`` is so long a part of what may be a key that it could give it away."""
        return len(text) >= SHORTEST_KEY_LENGTH and any(text in key for key in self.everything)


def presented_key(authorization: Sequence[str], pairs: Sequence[tuple[str, str]], key_in_query: bool) -> PresentedKey:
    """The key among the values of ``Authorization`` and the query's ``pairs``; the header decides.

    Two headers that differ are no key. A leading ``Bearer`` (any case) is dropped in either place.
    """
    in_headers = list(dict.fromkeys(bare_key(value) for value in authorization if value.strip()))
    in_query = [bare_key(value) for name, value in pairs if name == KEY_PARAMETER]
    lookalikes = [bare_key(value) for name, value in pairs if _is_key_name(name)]
    if in_headers:
        key = in_headers[0] if len(in_headers) == 1 else ""
    else:
        key = in_query[-1] if in_query and key_in_query else ""
    return PresentedKey(key, tuple(dict.fromkeys([*in_headers, *lookalikes])))


def bare_key(text: str) -> str:
    """``text`` without a leading ``Bearer`` and the space around."""
    return _BEARER.sub("", text.strip(), count=1).strip()


def _is_key_name(name: str) -> bool:
    return "key" in _NO_LETTERS.sub("", name.lower()) or "authorization" in name.lower()
