"""A blocking HTTP client on the ASGI application itself: the real application, without a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp

BASE = "http://rebill.test"


class ApiClient:
    """Sends requests with one key (``""``: none); any header or parameter can be given besides."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient, key: str = "") -> None:
        self._portal = portal
        self._client = client
        self._key = key

    @property
    def address(self) -> str:
        """Where the server is: put before paths that begin with two slashes."""
        return str(self._client.base_url).rstrip("/")

    def with_key(self, key: str) -> "ApiClient":
        """The same client, with another key."""
        return ApiClient(self._portal, self._client, key)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = httpx.Headers(options.pop("headers", None))
        if self._key:
            headers.setdefault("Authorization", f"Bearer {self._key}")

        async def send() -> httpx.Response:
            return await self._client.request(method, path, headers=headers, **options)

        return self._portal.call(send)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.request("PUT", path, json=body, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


@contextmanager
def api_client(app: ASGIApp, key: str = "") -> Iterator[ApiClient]:
    """A client of ``app``; what the application raises is raised here."""
    with start_blocking_portal() as portal:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE, timeout=60)
        try:
            yield ApiClient(portal, client, key)
        finally:
            portal.call(client.aclose)
