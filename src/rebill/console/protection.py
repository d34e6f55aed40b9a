"""What keeps the pages safe in a browser: headers, cookies, and the tokens that every form bears."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers

SESSION_COOKIE: Final = "rebill_session"
SIGN_IN_COOKIE: Final = "rebill_sign_in"
"""Ties the form of the sign-in page to the browser that it was shown in."""
OPENID_COOKIE: Final = "rebill_openid"
"""Who was sent to the identity provider from this browser, and where they wanted to go."""
PARTNER_COOKIE: Final = "rebill_partner"
"""The number of the partner whose user signed in last in this browser."""
SAID_COOKIE: Final = "rebill_said"
LANGUAGE_COOKIE: Final = "rebill_language"
"""In what language a customer read its portal in this browser, for when nobody is signed in."""
_SAID_LENGTH: Final = 1500
_KEY_LIKE: Final = re.compile(r"rebill_[0-9a-f]{8}", re.IGNORECASE)
_KEY_NAME: Final = re.compile(r"(?:^|&)[^=&]*api[^a-z0-9=&]*key", re.IGNORECASE)
_GREATEST_DECODINGS: Final = 5

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def form_token(secret: str, holder: str = "") -> str:
    """What the forms of a session bear; who does not know its token cannot make it up.

    ``holder``: whose session it is, so that a form is known as theirs when its session is gone.
    """
    token = _keyed(secret, "rebill form")
    return f"{token}.{_keyed(token, holder)}" if holder else token


def is_form_token(secret: str, given: str) -> bool:
    """Whether a form was shown in this session."""
    return bool(secret) and _is_same(_keyed(secret, "rebill form"), given.partition(".")[0])


def is_form_of(holder: str, given: str) -> bool:
    """Whether a form was shown to ``holder``, in whatever session."""
    token, _, mark = given.partition(".")
    return bool(mark) and _is_same(_keyed(token, holder), mark)


def _keyed(secret: str, words: str) -> str:
    return hmac.new(secret.encode("utf-8", "replace"), words.encode(), hashlib.sha256).hexdigest()


def _is_same(known: str, given: str) -> bool:
    return hmac.compare_digest(known, given.encode("ascii", "replace").decode())


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether the browser says that another site sent this."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def cookie(name: str, value: str, is_secure: bool, lasts_seconds: int | None = None) -> str:
    """A ``Set-Cookie`` that scripts cannot read and other sites do not send; ``lasts_seconds`` 0 removes it."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if lasts_seconds is not None:
        parts.append(f"Max-Age={lasts_seconds}")
    return "; ".join([*parts, "Secure"] if is_secure else parts)


def packed_said(text: str) -> str:
    """A sentence as a cookie can hold it."""
    return quote(text[:_SAID_LENGTH], safe="")


def unpacked_said(value: str) -> str:
    """The sentence that a cookie holds."""
    return unquote(value)[:_SAID_LENGTH]


def own_path(text: str) -> str:
    """``text`` where it is a path of this server, else ``/``: nobody is sent elsewhere, and no key anywhere."""
    parts = urlsplit(text) if text.isprintable() else urlsplit("")
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return without_key(text) if is_own and "\\" not in text else "/"


def without_key(path: str) -> str:
    """A path with its query, which is left out where an API key may stand in it, however it is written."""
    bare, mark, query = path.partition("?")
    told = _decoded(query)
    if _KEY_LIKE.search(_decoded(bare)):
        return "/"
    return bare if mark and (_KEY_LIKE.search(told) or _KEY_NAME.search(told)) else path


def _decoded(text: str) -> str:
    """``text`` with its percent signs read until none is left to read."""
    for _ in range(_GREATEST_DECODINGS):
        read = unquote(text)
        if read == text:
            break
        text = read
    return text


def header_pairs(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
