"""A request under way: what was sent, and what is known of it so far."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Scope

from rebill.api.authentication import PresentedKey
from rebill.api.route import Route
from rebill.model.call_limit import Allowance
from rebill.model.party import Caller, Channel, Occasion

CUSTOMER_ID = "client_api_id"
"""Names a customer, in paths and in the query of every call."""
DRY_RUN = "dry_run"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


@dataclass
class Exchange:
    """A request under way, and what is known of it so far.

    ``asked_ids``: those in the path as they can be read at all; ``ids``: the same once every one is sound.
    ``allowance``: what the key may still do, where calls are limited.
    """

    scope: Scope
    headers: Headers
    pairs: Sequence[tuple[str, str]]
    presented: PresentedKey
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    caller: Caller | None = None
    path_template: str | None = None
    route: Route | None = None
    asked_ids: Mapping[str, int | None] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    filter_customer_id: int | None = None
    allowance: Allowance | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def address(self) -> str:
        """The absolute address of the route, as the caller reached it."""
        host = self.headers.get("host", "")
        if _HOST.fullmatch(host) is None:
            server = self.scope.get("server") or ("localhost", None)
            host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
        return f"{self.scope.get('scheme', 'http')}://{host}{self.path}"

    @property
    def raw_path(self) -> bytes:
        """The path as it was sent."""
        return self.scope.get("raw_path") or str(self.scope["path"]).encode()

    @property
    def hides_slash(self) -> bool:
        """Whether a slash of the path was sent as ``%2F``: it parts nothing, and stands in no id."""
        return b"%2f" in self.raw_path.lower()

    @property
    def path(self) -> str:
        """The path of the route with its ids, however it was written."""
        path = self.path_template or "/"
        for name, number in self.ids.items():
            path = path.replace(f"{{{name}}}", str(number))
        return path

    @property
    def asks_for_deleted(self) -> bool:
        """Whether a customer in the path is meant that is deleted."""
        return self._takes("deleted") and [value for name, value in self.pairs if name == "deleted"][-1:] == ["true"]

    @property
    def occasion(self) -> Occasion:
        """What the audit trail keeps of this request."""
        return Occasion(Channel.API, request_id=self.request_id, reason=self.reason)

    @property
    def reason(self) -> str:
        """Why the call is made, if its caller said so in ``X-Reason``."""
        # Headers come as Latin-1, whatever their sender meant; most mean UTF-8.
        text = self.headers.get("x-reason", "").strip()
        try:
            return text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return text

    @property
    def is_dry_run(self) -> bool:
        """Whether the call asks for nothing but an answer, on a route that knows dry runs."""
        if not self._takes(DRY_RUN):
            return False
        given = {value for name, value in self.pairs if name == DRY_RUN}
        return given == {"true"}

    def _takes(self, name: str) -> bool:
        """Whether the route has this parameter; on others it says nothing."""
        return self.route is not None and any(parameter.name == name for parameter in self.route.parameters)

    @property
    def facts(self) -> dict[str, object]:
        """What the log may know of it."""
        facts: dict[str, object] = {"request_id": self.request_id, **self.ids}
        if self.caller is not None:
            facts |= {"partner_id": self.caller.partner_id, "role": self.caller.role, "key_id": self.caller.key_id}
        return facts
