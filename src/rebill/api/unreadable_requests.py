"""What no application hears of: bytes that are no HTTP, and a request that does not come to its end.

Both are answered as every other error is: in JSON, with a request id that stands in the log.
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rebill.api.errors import TooLate, Unreadable, refusal_answer
from rebill.api.telemetry import json_log
from rebill.model.errors import Refusal

GREATEST_PAUSE_SECONDS: Final = 60
"""How long a request's first line and headers may take together, and how long a body may pause between two parts.

Who awaits ``100 Continue`` has all of it from when that is sent, and at most twice as long.
"""


class ReadableRefusals(H11Protocol):
    """uvicorn's own way to read HTTP, but for its answer to what cannot be read, and that it waits for ever.

    uvicorn bounds how long a connection lies idle between requests, and not how long half of one is waited for: whoever
    sends halves alone would take every file that a process may have open.
    """

    greatest_pause_seconds: float = GREATEST_PAUSE_SECONDS
    _bound: asyncio.TimerHandle | None = None
    _awaits_body = False
    _asked_for_body = False

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request, for so long."""
        super().connection_made(transport)
        self._bound_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Go on with what was received, and wait for what is missing, for so long."""
        super().handle_events()
        self._bound_wait()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that no application has seen, and let the connection go."""
        self._refuse(Unreadable(), "unreadable_request")

    def _bound_wait(self) -> None:
        """Begin the wait for a head where none is under way, and anew that for a body's next part."""
        awaited: Any = self.conn.their_state
        awaits_body = awaited is h11.SEND_BODY
        if not awaits_body and awaited is h11.IDLE and self._bound is not None and not self._awaits_body:
            return
        self._wait_no_longer()
        if (awaits_body or awaited is h11.IDLE) and not self.transport.is_closing():
            self._awaits_body = awaits_body
            self._asked_for_body = awaits_body and not self.cycle.waiting_for_100_continue
            self._bound = self.loop.call_later(self.greatest_pause_seconds, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._bound is not None:
            self._bound.cancel()
            self._bound = None

    def _give_up(self) -> None:
        self._bound = None
        if self.transport.is_closing():
            return
        if self._awaits_body and (self.flow.read_paused or not self._asked_for_body):
            # Nobody reads yet what came already, or nobody had asked for it when the wait began (100 Continue), so that
            # it begins anew: the sender is not to blame.
            self._bound_wait()
        elif self._nobody_waits_for_an_answer():
            self.transport.close()
        else:
            if self._awaits_body:
                # Whoever waits for the rest hears that there will be none, and answers nothing.
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self._refuse(TooLate(), "request_too_late")

    def _nobody_waits_for_an_answer(self) -> bool:
        """Whether the request was answered before its body came, or nothing was asked: browsers connect ahead."""
        if self._awaits_body:
            return self.conn.our_state is not h11.SEND_RESPONSE
        return not self.conn.trailing_data[0]

    def _refuse(self, refusal: Refusal, event: str) -> None:
        request_id = secrets.token_hex(16)
        answer = refusal_answer(refusal, request_id)
        json_log().warning(event, request_id=request_id, status=answer.status)
        headers = {
            "Content-Type": answer.media_type,
            "Content-Length": str(len(answer.body)),
            "X-Request-Id": request_id,
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        reason = HTTPStatus(answer.status).phrase.encode()
        start = h11.Response(status_code=answer.status, headers=list(headers.items()), reason=reason)
        for part in (start, h11.Data(data=answer.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()
