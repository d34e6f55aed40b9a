"""What is no HTTP at all is answered as every other error is: in JSON, with a request id that stands in the log."""

import secrets
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rebill.api.errors import Unreadable, refusal_answer
from rebill.api.telemetry import json_log


class ReadableRefusals(H11Protocol):
    """uvicorn's own way to read HTTP, but for its answer to what cannot be read: that is its plain text."""

    def send_400_response(self, msg: str) -> None:
        """Answer a request that no application has seen, and let the connection go."""
        request_id = secrets.token_hex(16)
        answer = refusal_answer(Unreadable(), request_id)
        json_log().warning("unreadable_request", request_id=request_id, status=answer.status)
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
        for event in (start, h11.Data(data=answer.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
