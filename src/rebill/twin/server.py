"""The twin at work: a server on the loopback address, in a thread of its own."""

import asyncio
import logging
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rebill.twin.certificates import write_application_certificate, write_certificates
from rebill.twin.faults import Faults
from rebill.twin.service import CutAnswer, TwinService
from rebill.twin.serving import serving
from rebill.twin.signing_in import (
    CLIENT_ID,
    CLIENT_SECRET,
    FEDERATED_TOKEN,
    IDENTITY_HEADER,
    METADATA,
    REFRESH_TOKEN,
)
from rebill.twin.world import PARTNER_TENANT, TwinWorld

_BILLING: Final = "/v1.0/reports/partners/billing"
_GOODBYE_SECONDS: Final = 1
Handler = Callable[[Request], Awaitable[Response]]


class SignInBy(StrEnum):
    """Every way of signing in at the twin; of a managed identity each cloud's own."""

    CLIENT_SECRET = "client_secret"
    APPLICATION_AND_USER = "application_and_user"
    CERTIFICATE = "certificate"
    APP_SERVICE = "app_service"
    VIRTUAL_MACHINE = "virtual_machine"
    KUBERNETES = "kubernetes"


@dataclass
class Line:
    """The line to the twin, as whoever tries it has it.

    ``count``: requests so far. ``cut_from``: every request from this number on finds no answer. ``held_at``: this
    request waits until ``released``; ``reached`` is set when it has come.
    """

    count: int = 0
    cut_from: int | None = None
    held_at: int | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    async def before(self) -> bool:
        """Whether the request that comes now is to be answered."""
        self.count += 1
        if self.count == self.held_at:
            self.reached.set()
            await asyncio.to_thread(self.released.wait)
        return self.cut_from is None or self.count < self.cut_from


@dataclass(frozen=True)
class RunningTwin:
    """A twin that answers at ``url``, which who trusts ``certificates`` may call."""

    url: str
    certificates: Path
    service: TwinService
    line: Line

    @property
    def environment(self) -> dict[str, str]:
        """The settings of an installation that syncs from it."""
        return {
            "REBILL_MICROSOFT_TENANT_ID": PARTNER_TENANT,
            "REBILL_MICROSOFT_CLIENT_ID": CLIENT_ID,
            "REBILL_MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
            "REBILL_MICROSOFT_AUTHORITY": self.url,
            "REBILL_MICROSOFT_PARTNER_CENTER_URL": self.url,
            "REBILL_MICROSOFT_GRAPH_URL": self.url,
            "REBILL_MICROSOFT_TRUSTED_CERTIFICATES": str(self.certificates),
        }

    @property
    def environment_with_user(self) -> dict[str, str]:
        """The same for who signs in as the application and a user."""
        signed_in = {
            "REBILL_MICROSOFT_SIGN_IN": "application_and_user",
            "REBILL_MICROSOFT_REFRESH_TOKEN": REFRESH_TOKEN,
        }
        return {**self.environment, **signed_in}

    @property
    def environment_with_certificate(self) -> dict[str, str]:
        """The same for an application that signs in by a certificate, which is made when it is first asked for."""
        file = self.certificates.with_name("application.pem")
        if self.service.application_certificate is None:
            self.service.application_certificate = write_application_certificate(file)
        own = {"REBILL_MICROSOFT_SIGN_IN": "certificate", "REBILL_MICROSOFT_CERTIFICATE_FILE": str(file)}
        return {**self._without_secret, **own}

    @property
    def environment_of_app_service(self) -> dict[str, str]:
        """The same for a machine of App Service, with what that sets of its own."""
        cloud = {"IDENTITY_ENDPOINT": f"{self.url}/identity/token", "IDENTITY_HEADER": IDENTITY_HEADER}
        return {**self._without_secret, "REBILL_MICROSOFT_SIGN_IN": "managed_identity", **cloud}

    @property
    def environment_of_virtual_machine(self) -> dict[str, str]:
        """The same for a virtual machine, and where its metadata service is in place of 169.254.169.254."""
        cloud = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}
        return {**self._without_secret, "REBILL_MICROSOFT_SIGN_IN": "managed_identity", **cloud}

    @property
    def environment_of_kubernetes(self) -> dict[str, str]:
        """The same for a pod of a cluster that federates its identities (*workload identity*)."""
        file = self.certificates.with_name("federated-token")
        file.write_text(FEDERATED_TOKEN, encoding="utf-8")
        cloud = {
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": PARTNER_TENANT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_FEDERATED_TOKEN_FILE": str(file),
        }
        own = {name: value for name, value in self._without_secret.items() if not name.endswith("_CLIENT_ID")}
        return {**own, "REBILL_MICROSOFT_SIGN_IN": "managed_identity", **cloud}

    def environment_of(self, way: SignInBy) -> dict[str, str]:
        """The same for who signs in in this way."""
        match way:
            case SignInBy.CLIENT_SECRET:
                return self.environment
            case SignInBy.APPLICATION_AND_USER:
                return self.environment_with_user
            case SignInBy.CERTIFICATE:
                return self.environment_with_certificate
            case SignInBy.APP_SERVICE:
                return self.environment_of_app_service
            case SignInBy.VIRTUAL_MACHINE:
                return self.environment_of_virtual_machine
            case SignInBy.KUBERNETES:
                return self.environment_of_kubernetes

    @property
    def _without_secret(self) -> dict[str, str]:
        return {name: value for name, value in self.environment.items() if not name.endswith("_SECRET")}


@contextmanager
def running_twin(world: TwinWorld | None = None, faults: Faults | None = None, port: int = 0) -> Iterator[RunningTwin]:
    """Serve ``world`` with ``faults`` (by default none) until the block ends."""
    service = TwinService(world or TwinWorld(), faults or Faults())
    line = Line()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", port)) as listener:
        files = write_certificates(Path(folder))
        config = uvicorn.Config(
            _application(service, line),
            log_config=None,
            access_log=False,
            lifespan="off",
            ssl_certfile=files.certificate,
            ssl_keyfile=files.key,
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
        )
        # An answer that is cut is a fault of an application to uvicorn; here it is meant.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        with serving(config, listener, "Microsoft's twin"):
            try:
                yield RunningTwin(f"https://127.0.0.1:{listener.getsockname()[1]}", files.authority, service, line)
            finally:
                line.released.set()


def _application(service: TwinService, line: Line) -> Starlette:
    customer = "/v1/customers/{customer}/subscriptions"

    def on_line(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            return await handler(request) if await line.before() else CutAnswer(b"{}")

        return answer

    routes: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", service.discovery),
        ("POST", "/{tenant}/oauth2/v2.0/token", service.token),
        ("GET", "/identity/token", service.machine_token),
        ("GET", METADATA, service.machine_token),
        ("GET", "/v1/customers", service.customers),
        ("GET", customer, service.subscriptions),
        ("GET", customer + "/{plan}/azureEntitlements", service.entitlements),
        ("GET", "/v1/invoices", service.invoices),
        ("POST", _BILLING + "/{kind}/{billing}/export", service.submit),
        ("GET", _BILLING + "/operations/{operation}", service.operation),
        ("GET", _BILLING + "/manifests/{operation}", service.manifest),
        ("GET", "/blobs/{path:path}", service.blob),
    )
    return Starlette(routes=[Route(path, on_line(handler), methods=[method]) for method, path, handler in routes])
