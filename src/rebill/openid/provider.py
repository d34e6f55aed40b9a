"""The identity provider: where to send a browser, and who came back (OpenID Connect Core 1.0, section 3.1)."""

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rebill.model.errors import Forbidden, Unavailable
from rebill.settings import OpenIdSettings

_SIGNATURES: Final = ("RS256", "PS256", "ES256")
_TIMEOUT_SECONDS: Final = 10
_GREATEST_ANSWER: Final = 512 * 1024
_KEPT_SECONDS: Final = 3600
_LEEWAY_SECONDS: Final = 60
"""By which the provider's clock may differ."""


@dataclass(frozen=True)
class Identity:
    """Whom the provider named: a subject of this issuer; ``verified_email`` is ``""`` where it vouches for none."""

    issuer: str
    subject: str
    verified_email: str


@dataclass(frozen=True)
class _Described:
    """What the provider tells of itself (OpenID Connect Discovery 1.0, section 3), and its keys."""

    authorization_endpoint: str
    token_endpoint: str
    takes_basic: bool
    keys: KeySet
    fetched_at: float


class Provider:
    """One provider as the settings name it. Made once; may be used by any number of threads."""

    def __init__(self, settings: OpenIdSettings) -> None:
        self._settings = settings
        self.issuer = settings.issuer
        self._described: _Described | None = None
        self._line = threading.Lock()

    def address_for(self, secret: str) -> str:
        """Where to send a browser that holds ``secret``. Raises ``Unavailable`` where the provider does not answer."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_url,
            "scope": "openid email",
            "state": state_of(secret),
            "nonce": _derived(secret, "nonce"),
            "code_challenge": _challenge(_derived(secret, "verifier")),
            "code_challenge_method": "S256",
        }
        endpoint = self._description().authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identity(self, code: str, secret: str, now: datetime) -> Identity:
        """Whom the provider gave ``code`` for, to the browser that holds ``secret``.

        Raises ``Forbidden`` where the provider refuses the code or its token does not hold, ``Unavailable`` where it
        does not answer.
        """
        token = self._id_token(code, _derived(secret, "verifier"))
        claims = self._claims(token, _derived(secret, "nonce"), now)
        is_verified = claims.get("email_verified") in (True, "true")
        email = claims.get("email")
        return Identity(self._settings.issuer, claims["sub"], email if is_verified and isinstance(email, str) else "")

    def _id_token(self, code: str, verifier: str) -> str:
        described, settings = self._description(), self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_url,
            "code_verifier": verifier,
        }
        credentials = None
        if described.takes_basic:
            # RFC 6749, section 2.3.1: both are encoded as in a form before they become a header.
            credentials = httpx.BasicAuth(quote(settings.client_id, safe=""), quote(settings.client_secret, safe=""))
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        answer = _asked("POST", described.token_endpoint, refused=_not_signed_in, data=form, auth=credentials)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _not_signed_in()
        return token

    def _claims(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        try:
            read = self._read(token)
            rules = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(read.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _not_signed_in() from error
        if read.claims.get("azp", self._settings.client_id) != self._settings.client_id or not read.claims["sub"]:
            raise _not_signed_in()
        return read.claims

    def _read(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._description().keys, list(_SIGNATURES))
        except (JoseError, ValueError):
            # The provider may have changed its keys since they were fetched.
            return jwt.decode(token, self._description(anew=True).keys, list(_SIGNATURES))

    def _description(self, anew: bool = False) -> _Described:
        with self._line:
            kept = self._described
            if kept is None or anew or time.monotonic() - kept.fetched_at > _KEPT_SECONDS:
                self._described = kept = self._fetched()
            return kept

    def _fetched(self) -> _Described:
        issuer = self._settings.issuer
        told = _asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", refused=_gone)
        if told.get("issuer") != issuer:
            raise _gone()
        endpoints = [told.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if not all(isinstance(one, str) and one.startswith(_schemes(issuer)) for one in endpoints):
            raise _gone()
        authorization, token, keys = (str(one) for one in endpoints)
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        try:
            key_set = KeySet.import_key_set(_asked("GET", keys, refused=_gone))  # type: ignore[arg-type]  # its own kind of dictionary: it checks what it is given
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _gone() from error
        return _Described(authorization, token, "client_secret_basic" in methods, key_set, time.monotonic())


def state_of(secret: str) -> str:
    """The ``state`` that belongs to a browser's secret: who comes back without it was not sent by this browser."""
    return _derived(secret, "state")


def _derived(secret: str, purpose: str) -> str:
    return hashlib.sha256(f"{purpose} {secret}".encode()).hexdigest()


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _schemes(issuer: str) -> tuple[str, ...]:
    """A provider on this machine may speak plain HTTP, as the settings allow; any other is held to TLS."""
    return ("https://", "http://") if issuer.startswith("http://") else ("https://",)


def _asked(method: str, address: str, refused: Any, **sent: Any) -> dict[str, Any]:
    try:
        with (
            httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream(method, address, headers={"Accept": "application/json"}, **sent) as answer,
        ):
            if 400 <= answer.status_code < 500:
                raise refused()
            if answer.status_code != 200:
                raise _gone()
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > _GREATEST_ANSWER:
                    raise _gone()
        told = json.loads(content)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _gone() from error
    if not isinstance(told, dict):
        raise _gone()
    return told


def _gone() -> Unavailable:
    sentence = "The sign-in service cannot be used now: try again, or sign in with a password or a key."
    return Unavailable("openid_unavailable", sentence)


def _not_signed_in() -> Forbidden:
    return Forbidden("openid_refused", "The sign-in service did not confirm who you are: sign in there once more.")
