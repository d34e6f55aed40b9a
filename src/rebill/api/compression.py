"""Answers in gzip for whoever accepts it, and HEAD answered as GET without the body."""

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST_BYTES = 1024
_LEVEL = 5
_REFUSED = re.compile(r"gzip\s*;\s*q\s*=\s*0(?:\.0{0,3})?\s*(?:,|$)")


class Compression:
    """``application`` with longer answers in gzip, for callers who accept it.

    The middleware that does it takes every header with the word for a yes; ``gzip;q=0`` is a no. HEAD loses its body
    only here, so that its headers tell of the compressed answer what those of GET tell.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._compressing = GZipMiddleware(application, minimum_size=_LEAST_BYTES, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Names of codings are the same in any case; the middleware knows the small one.
            accepted = ", ".join(Headers(scope=scope).getlist("accept-encoding")).lower()
            others = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": [*others, (b"accept-encoding", _without_refused(accepted))]}
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._compressing(scope, receive, _without_body(send) if is_head else send)


def _without_refused(accepted: str) -> bytes:
    return b"" if _REFUSED.search(accepted) else accepted.encode("latin-1")


def _without_body(send: Send) -> Send:
    async def send_headers(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_headers
