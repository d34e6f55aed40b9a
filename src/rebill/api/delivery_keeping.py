"""Documents that a server process delivers by itself, beside the calls that it answers."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from rebill.api.telemetry import Telemetry
from rebill.api.threads import in_thread
from rebill.model.errors import Unavailable
from rebill.services.acting.installation import Installation
from rebill.services.delivering.deliver_documents import deliver_due

SECONDS_BETWEEN_DELIVERIES = 5
SECONDS_AFTER_A_FAULT = 30


class DeliveryKeeping:
    """What one server process does for deliveries. Of several processes one at a time is at it for a partner."""

    def __init__(self, installation: Installation, telemetry: Telemetry) -> None:
        self._installation = installation
        self._telemetry = telemetry

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver now and then while the block runs; what is under way at its end is finished."""
        if not self._installation.settings.delivery.ways:
            yield
            return
        stopping = threading.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._deliver_now_and_then, stopping)
            yield
            stopping.set()
            group.cancel_scope.cancel()

    async def _deliver_now_and_then(self, stopping: threading.Event) -> None:
        while True:
            is_well = await self._deliver(stopping)
            await anyio.sleep(SECONDS_BETWEEN_DELIVERIES if is_well else SECONDS_AFTER_A_FAULT)

    async def _deliver(self, stopping: threading.Event) -> bool:
        """Whether nothing of rebill's own went wrong; a place that takes nothing is no such thing."""
        try:
            tried = await in_thread(lambda: deliver_due(self._installation, stopping.is_set))
        except Unavailable as error:
            self._telemetry.refused(error, "", ())
        except Exception as error:  # noqa: BLE001 - delivering must never end the server
            self._telemetry.failed(error, "", ())
        else:
            for partner_id, attempts in tried.items():
                self._telemetry.delivered(partner_id, attempts)
            return True
        return False
