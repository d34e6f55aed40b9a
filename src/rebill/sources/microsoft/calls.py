"""Calls to Microsoft's services: paced, tried again where it is worth it, bounded, and telling no secret.

What may pass (no connection, 429, 5xx, an answer that is cut off) is tried again after the time that the service names,
else after ever longer ones. A token that is refused on the way is had anew.
"""

from __future__ import annotations

import json
import logging
import ssl
import uuid
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from rebill.model.errors import Forbidden, Invalid, NotFound, Unavailable
from rebill.settings import MicrosoftSettings
from rebill.sources.microsoft.pacing import Pacer
from rebill.sources.microsoft.passing import Passing, refuse_passing
from rebill.sources.microsoft.retry_after import wait_seconds
from rebill.sources.microsoft.sign_in import SignIn, require_complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    import httpx

Result = TypeVar("Result")
PARTNER_CENTER: Final = "https://api.partnercenter.microsoft.com"
GRAPH: Final = "https://graph.microsoft.com"
"""What tokens are asked for, whatever address the service is called at."""
_ATTEMPTS: Final = 8
_FRESH_TOKENS: Final = 4
"""How many fresh tokens one call tries before a 401 is taken for an answer."""
_GREATEST_WAIT_SECONDS: Final = 60.0
_GREATEST_ANSWER_BYTES: Final = 64 * 2**20
_GREATEST_REASON: Final = 300
_CALL_SECONDS: Final = 120.0
_CHUNK_BYTES: Final = 1 << 20


class LinkExpired(Exception):
    """A signed link is not accepted any more: its manifest gives a fresh one."""


class FileTooLarge(Exception):
    """What a signed link serves has more bytes than it may."""


class _TokenRefused(Exception):
    """401: the token is not accepted (any more)."""


@dataclass(frozen=True)
class Answer:
    """What a service answered: its headers (lower case) and its document, ``None`` where there is no body."""

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def retry_after_seconds(self) -> float | None:
        """How long the service asks to wait before the next call."""
        return wait_seconds(self.headers)


class MicrosoftCalls:
    """An open connection to Microsoft's services; a context manager.

    ``made``: how many requests were sent, those that were tried again too.
    """

    def __init__(self, settings: MicrosoftSettings, pacer: Pacer | None = None) -> None:
        import httpx
        import stamina.instrumentation

        require_complete(settings)
        # Neither may speak: what they would write goes to standard output, or tells signed links.
        stamina.instrumentation.set_on_retry_hooks(())
        logging.getLogger("httpx").setLevel(logging.WARNING)
        for name in ("azure", "msal"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.made = 0
        self.settings = settings
        self._sign_in = SignIn(settings)
        self._pacer = pacer or Pacer()
        self._correlation_id = str(uuid.uuid4())
        self._client = httpx.Client(verify=_trust(settings), timeout=_CALL_SECONDS, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._sign_in.close()

    def partner_center(self, uri: str, headers: Mapping[str, str] | None = None) -> Answer:
        """``GET`` a resource of Partner Center. ``uri``: a path, as its links have it."""
        own = {
            "MS-Contract-Version": "v1",
            # One id for one request, however often it is sent: so the service knows it again.
            "MS-RequestId": str(uuid.uuid4()),
            "MS-CorrelationId": self._correlation_id,
            "X-Locale": "en-US",
            "MS-PartnerCenter-Application": "rebill",
        }
        url = _below(self.settings.partner_center_url, uri, "/v1")
        return self._tried(lambda: self._call("GET", url, PARTNER_CENTER, {**own, **(headers or {})}, None))

    def graph(self, method: str, address: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call Microsoft Graph. ``address``: a path below ``/v1.0``, or one that Graph itself has named."""
        url = _below(self.settings.graph_url, address, "/v1.0")
        own = {"client-request-id": str(uuid.uuid4())}
        return self._tried(lambda: self._call(method, url, GRAPH, own, body))

    def download(self, url: str, target: Path, greatest_bytes: int) -> Mapping[str, str]:
        """Fetch a signed link into ``target``; what its answer's headers (lower case) say of it.

        No token goes along. Raises ``LinkExpired`` when the link is refused, and ``FileTooLarge`` as soon as it is
        clear that more than ``greatest_bytes`` would come; ``target`` is not there then.
        """
        if urlsplit(url).scheme != "https":
            raise Invalid("microsoft_answer_invalid", "Microsoft named a file that is not at an https address.")
        return self._tried(lambda: self._fetch(url, target, greatest_bytes))

    def _tried(self, call: Callable[[], Result]) -> Result:
        import stamina

        options = {"attempts": _ATTEMPTS, "timeout": None, "wait_max": _GREATEST_WAIT_SECONDS}
        try:
            for attempt in stamina.retry_context(on=_worth_waiting, **options):  # type: ignore[arg-type] # by name
                with attempt:
                    return call()
        except Passing as fault:
            raise Unavailable(
                "microsoft_unavailable",
                f"Microsoft did not answer as it should, {_ATTEMPTS} times: {fault}. Try again in a while; what was "
                "fetched already is kept.",
            ) from None
        raise AssertionError("an attempt answers or raises")

    def _call(
        self, method: str, url: str, resource: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer:
        for anew in range(_FRESH_TOKENS + 1):
            token = self._sign_in.token(resource, anew=anew > 0)
            try:
                return self._once(method, url, token, headers, body)
            except _TokenRefused:
                continue
        raise self._sign_in.refused("fresh tokens are not accepted (401).")

    def _once(
        self, method: str, url: str, token: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer:
        sent = {"Authorization": f"Bearer {token}", "Accept": "application/json", **headers}
        if url.startswith(self.settings.partner_center_url):
            self._pacer.before_call()
        self.made += 1
        with _connected(), self._client.stream(method, url, headers=sent, json=body) as response:
            content = _bounded(response)
        if response.status_code == 401:
            raise _TokenRefused
        refuse_passing(response.status_code, response.headers)
        document = _document(content, response.status_code)
        if response.status_code >= 300:
            raise self._refusal(response.status_code, url, document)
        return Answer(response.status_code, dict(response.headers), document)

    def _refusal(self, status: int, url: str, document: Any) -> Exception:
        path = urlsplit(url).path
        reason = self._sign_in.blotted(_reason(document))
        if status == 404:
            return NotFound("microsoft_not_found", f"Microsoft knows no {path}: {reason}")
        if status == 403:
            sentence = f"Microsoft does not allow {path}: {reason} The application lacks a permission or a role."
            return Forbidden("microsoft_forbidden", f"{sentence} docs/microsoft.md lists them.")
        return Invalid("microsoft_refused", f"Microsoft refused {path} with {status}: {reason}")

    def _fetch(self, url: str, target: Path, greatest_bytes: int) -> Mapping[str, str]:
        self.made += 1
        with _connected(), self._client.stream("GET", url) as response:
            if response.status_code in (401, 403):
                raise LinkExpired
            refuse_passing(response.status_code, response.headers)
            if response.status_code != 200:
                raise Invalid("microsoft_refused", f"Microsoft's storage answered {response.status_code} for a file.")
            told = response.headers.get("content-length", "0")
            if told.isdecimal() and int(told) > greatest_bytes:
                raise FileTooLarge
            _write_bounded(response.iter_raw(_CHUNK_BYTES), target, greatest_bytes)
            return dict(response.headers)


def _trust(settings: MicrosoftSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(settings.certificates) if settings.certificates else None)
    except OSError as error:
        raise Invalid(
            "invalid_setting", f"REBILL_MICROSOFT_TRUSTED_CERTIFICATES names no certificates ({type(error).__name__})."
        ) from None


@contextmanager
def _connected() -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.RequestError as error:
        # Its text may hold the address; its kind says enough.
        raise Passing(f"the connection failed ({type(error).__name__})") from None


def _bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > _GREATEST_ANSWER_BYTES:
            raise Invalid("microsoft_answer_invalid", "Microsoft's answer is larger than any that can be meant.")
    return bytes(content)


def _write_bounded(chunks: Iterable[bytes], target: Path, greatest_bytes: int) -> None:
    """Write what comes, and no more than it may be: where more comes, nothing is left."""
    written = 0
    with target.open("wb") as stream:
        for chunk in chunks:
            written += len(chunk)
            if written > greatest_bytes:
                target.unlink()
                raise FileTooLarge
            stream.write(chunk)


def _worth_waiting(error: Exception) -> bool | float:
    if not isinstance(error, Passing):
        return False
    return True if error.wait_seconds is None else error.wait_seconds


def _document(content: bytes, status: int) -> Any:
    if not content.strip():
        return None
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=str)
    except (ValueError, RecursionError):
        if status >= 300:
            return None
        raise Passing("its answer is cut off or no JSON") from None


def _reason(document: Any) -> str:
    """What Partner Center (``description``) or Graph (``error.message``) says, in one line."""
    found = document if isinstance(document, dict) else {}
    error = found["error"] if isinstance(found.get("error"), dict) else found
    said = error.get("description") or error.get("message") or "no reason was given."
    code = error.get("code")
    return " ".join(str(said).split())[:_GREATEST_REASON] + (f" (code {code})" if code else "")


def _below(base: str, address: str, version: str) -> str:
    """``address`` as a URL below ``base``; tokens never go anywhere else."""
    given, own = urlsplit(address), urlsplit(base)
    is_foreign = bool(given.netloc) and (given.scheme, given.netloc) != (own.scheme, own.netloc)
    if is_foreign or not given.path.startswith("/"):
        raise Invalid("microsoft_answer_invalid", "Microsoft named an address outside of its own service.")
    path = given.path if given.path.startswith(f"{version}/") else version + given.path
    return f"{base}{path}" + (f"?{given.query}" if given.query else "")
