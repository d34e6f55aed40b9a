"""Answers as they go over the wire: pages, files, and where to go on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote

from starlette.types import Send

from rebill.console.asset_files import assets
from rebill.console.protection import SAID_COOKIE, SECURITY_HEADERS, cookie, header_pairs, packed_said
from rebill.console.rendering import rendered
from rebill.console.visit import Download, Page, Visit
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unavailable

_STATUSES: Final = (
    (NotFound, 404),
    (Forbidden, 403),
    (Invalid, 422),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
)
_NEVER_KEPT: Final = ("Cache-Control", "private, no-store")
_MARK: Final = "mark.svg"
_KEPT_BY_ONE: Final = ("Cache-Control", "private, max-age=3600")
_SAID_SECONDS: Final = 60


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; ``facts``: what the log tells of it besides."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    facts: Mapping[str, object] = field(default_factory=dict)

    async def send(self, send: Send, without_body: bool) -> None:
        """Send it, with what keeps it safe in a browser."""
        headers = [*SECURITY_HEADERS.items(), *self.headers, ("Content-Length", str(len(self.body)))]
        await send({"type": "http.response.start", "status": self.status, "headers": header_pairs(headers)})
        await send({"type": "http.response.body", "body": b"" if without_body else self.body})


def of_page(page: Page, visit: Visit, section: str = "", said: str = "", is_secure: bool = False) -> Answer:
    """A page, which shows once what was ``said``."""
    cookies = [("Set-Cookie", cookie(SAID_COOKIE, "", is_secure, 0))] if said else []
    body = rendered(page, visit, section, said)
    return Answer(page.status, (*_html(), *cookies), body)


def of_redirect(to: str, is_secure: bool, said: str = "", partial: bool = False) -> Answer:
    """Go on elsewhere; a part of a page cannot, so that it has the whole page go."""
    cookies = [("Set-Cookie", cookie(SAID_COOKIE, packed_said(said), is_secure, _SAID_SECONDS))] if said else []
    where = quote(to, safe="/?&=%#:,;+~@!$'()*[]")
    if partial:
        return Answer(200, (*_html(), ("HX-Redirect", where), *cookies))
    return Answer(303, (*_html(), ("Location", where), *cookies))


def of_departure(address: str) -> Answer:
    """Go on to another server, whose address our own settings led to."""
    return Answer(303, (*_html(), ("Location", address)))


def of_download(file: Download) -> Answer:
    """A file to keep, under its name."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_. ") else "_" for one in file.name)
    if file.is_part_of_page:
        # Its address changes with its content.
        return Answer(200, (("Content-Type", file.media_type), _KEPT_BY_ONE), file.content)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = (("Content-Type", file.media_type), ("Content-Disposition", disposition), _NEVER_KEPT)
    return Answer(200, headers, file.content, file.facts)


def of_icon() -> Answer:
    """The pages' mark, for browsers that ask for it by their own address; kept for a day, as its address stays."""
    mark = assets()[_MARK]
    headers = (("Content-Type", mark.media_type), ("Cache-Control", "public, max-age=86400"))
    return Answer(200, headers, mark.content)


def of_asset(name: str) -> Answer:
    """A file that pages refer to."""
    asset = assets().get(name)
    if asset is None:
        return Answer(404, (("Content-Type", "text/plain; charset=utf-8"), _NEVER_KEPT), b"There is no such file.\n")
    headers = (("Content-Type", asset.media_type), ("Cache-Control", "public, max-age=31536000, immutable"))
    return Answer(200, headers, asset.content)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a page that refuses."""
    return next((status for kind, status in _STATUSES if isinstance(refusal, kind)), 400)


def of_refusal(refusal: Refusal, visit: Visit) -> Answer:
    """The page that says why not, and what to do next."""
    status = status_of(refusal)
    template = "refused_part.html" if visit.is_partial else "refused.html"
    answer = of_page(Page(template, {"refusal": refusal, "status": status}, status), visit)
    if isinstance(refusal, TooMany | Unavailable):
        return replace(answer, headers=(*answer.headers, ("Retry-After", str(refusal.wait_seconds))))
    return answer


def of_failure(request_id: str) -> Answer:
    """What is said when rebill itself is at fault."""
    said = json.dumps(request_id).strip('"')
    text = (
        f"Something went wrong in rebill itself. Its log tells more under the request {said}. Nothing else is lost.\n"
    )
    return Answer(500, (("Content-Type", "text/plain; charset=utf-8"), _NEVER_KEPT), text.encode())


def _html() -> tuple[tuple[str, str], ...]:
    return (("Content-Type", "text/html; charset=utf-8"), _NEVER_KEPT)
