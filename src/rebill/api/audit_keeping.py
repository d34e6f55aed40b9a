"""The audit trail at the API: refused calls leave their entries, and what was recorded is sealed now and then.

What SQLite keeps in its log is taken into its file at the same moments, so that no call has to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from rebill.api.errors import shown_refusal, status_of
from rebill.api.exchange import CUSTOMER_ID, Exchange
from rebill.api.telemetry import Telemetry
from rebill.api.threads import in_thread
from rebill.model.errors import Refusal, Unavailable
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.keeping.audit_sealing import seal_all

RECORDED_STATUSES = (403, 404, 409, 413, 422)
"""Refusals that leave an entry: those that say something of the call and not of the moment."""
SECONDS_BETWEEN_SEALINGS = 1
SECONDS_AFTER_A_FAULT = 30


class AuditKeeping:
    """What one server process does for the audit trail besides the acts themselves."""

    def __init__(self, installation: Installation, telemetry: Telemetry) -> None:
        self._installation = installation
        self._telemetry = telemetry
        # What an earlier process left unsealed is due at once.
        self._is_due = True

    async def refused(self, exchange: Exchange, refusal: Refusal) -> None:
        """Record a call that would have changed something and was refused; its answer stays what it is."""
        route, caller = exchange.route, exchange.caller
        if route is None or route.act is None or caller is None or exchange.is_dry_run:
            return
        if refusal.is_recorded or status_of(refusal) not in RECORDED_STATUSES:
            return
        act, kept = route.act, shown_refusal(refusal, exchange.presented.everything)
        last_id = next(reversed(list(exchange.asked_ids.values())), None)
        customer_id = exchange.asked_ids.get(CUSTOMER_ID, exchange.filter_customer_id)
        try:
            await in_thread(lambda: record_refused(self._installation, caller, act, last_id, kept, customer_id))
        except Unavailable as error:
            self._telemetry.refused(error, exchange.request_id, exchange.presented.everything)
        except Exception as error:  # noqa: BLE001 - whatever fails here must not take the place of the refusal
            self._telemetry.failed(error, exchange.request_id, exchange.presented.everything)

    def answered(self, exchange: Exchange) -> None:
        """Note that this call may have recorded something to seal."""
        if exchange.route is not None and exchange.route.changes:
            self._is_due = True

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[None]:
        """Seal now and then while the block runs, and once more at its end."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._seal_now_and_then)
            yield
            group.cancel_scope.cancel()
        await self._seal_what_is_due()

    async def _seal_now_and_then(self) -> None:
        while True:
            is_well = await self._seal_what_is_due()
            await anyio.sleep(SECONDS_BETWEEN_SEALINGS if is_well else SECONDS_AFTER_A_FAULT)

    def _seal_all(self) -> bool:
        is_all_sealed = seal_all(self._installation)
        self._installation.database.take_in_log()
        return is_all_sealed

    async def _seal_what_is_due(self) -> bool:
        """Whether nothing went wrong; what is left stays due."""
        if not self._is_due:
            return True
        self._is_due = False
        try:
            is_all_sealed = await in_thread(self._seal_all)
        except Unavailable as error:
            self._telemetry.refused(error, "", ())
        except Exception as error:  # noqa: BLE001 - sealing must never end the server
            self._telemetry.failed(error, "", ())
        else:
            self._is_due = self._is_due or not is_all_sealed
            return True
        self._is_due = True
        return False
