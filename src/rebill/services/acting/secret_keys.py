"""The text of API keys: ``rebill_<lookup>_<secret>``, 64 public and 256 secret random bits."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from urllib.parse import unquote

_LOOKUP_BYTES = 8
_SECRET_BYTES = 32
_KEY = re.compile(r"rebill_([0-9a-f]{16})_([0-9a-f]{64})")
_KEY_IN_TEXT = re.compile(r"rebill_[0-9a-f]{16}_", re.IGNORECASE)
"""Also a key that is cut short, or in letters of the other case: what is left of it is still secret."""
_KEY_AND_REST = re.compile(r"rebill_[0-9a-f]{16}_[0-9a-f]*", re.IGNORECASE)
KEY_MARK = "[key]"
"""Stands where something of a key was."""
_NO_LOOKUP = "-"
"""Finds nothing: no key is made with it."""


@dataclass(frozen=True)
class KeyText:
    """A key as its holder has it. ``str()`` shows the public part only, so that no log can show the rest."""

    lookup: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyText({self.lookup})"

    @property
    def whole(self) -> str:
        """The key to hand over, once."""
        return f"rebill_{self.lookup}_{self.secret}"

    @property
    def secret_sha256(self) -> str:
        """What is kept of the secret. It has 256 random bits, so a slow hash would add nothing."""
        return hashlib.sha256(self.secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_key_text() -> KeyText:
    """A new key from the machine's random source."""
    return KeyText(secrets.token_hex(_LOOKUP_BYTES), secrets.token_hex(_SECRET_BYTES))


def read_key_text(text: str) -> KeyText:
    """The parts of a key as sent; text of any other form becomes a key that nobody holds."""
    match = _KEY.fullmatch(text)
    return KeyText(match[1], match[2]) if match else KeyText(_NO_LOOKUP, text[:200])


def holds_key(text: str) -> bool:
    """Whether something of a key's shape stands in ``text``, however often it was percent-encoded."""
    while (decoded := unquote(text)) != text:
        text = decoded
    return _KEY_IN_TEXT.search(text) is not None


def without_key_text(text: str) -> str:
    """``text`` without anything of a key's shape; all of it is gone where a key is hidden by percent-encoding."""
    blotted = _KEY_AND_REST.sub(KEY_MARK, text)
    return KEY_MARK if "%" in blotted and holds_key(blotted) else blotted


def is_secret(key: KeyText, kept_sha256: str | None) -> bool:
    """Whether ``key`` is the one whose hash is kept; takes as long when there is none (``None``)."""
    same = hmac.compare_digest(key.secret_sha256, kept_sha256 or "0" * 64)
    return same and kept_sha256 is not None
