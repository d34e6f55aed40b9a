"""A real mail server of this machine for the tests: what it takes, what it answers, and whom it lets in."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Queue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from rebill.settings import SmtpSecurity
from rebill.twin.certificates import CertificateFiles
from rebill.twin.serving import close_connections

NEVER_SAID = "250 taken, and never said"
"""An answer that is kept back until ``go_on``."""
_PATIENCE_SECONDS = 60


@dataclass
class Mailbox:
    """What came in, and what is answered to the next letters instead of taking them.

    ``refused``: addresses that are answered no. ``password``: of the user ``rebill``, without which no letter is taken;
    ``""``: anybody may. ``taken``: every letter once more, to wait for.
    """

    letters: list[bytes] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: tuple[str, ...] = ()
    password: str = ""
    taken: "Queue[EmailMessage]" = field(default_factory=Queue)
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[EmailMessage]:
        """The letters as they are read."""
        return [message_from_bytes(content, policy=policy.default) for content in self.letters]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return f"550 no such user; password={self.password}"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer == "hang up":
            server.transport.close()
        elif answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.letters.append(envelope.content)
            self.taken.put(self.messages[-1])
        if answer == NEVER_SAID:
            # Whoever sent it waits for an answer until it is killed.
            await server.loop.run_in_executor(None, self.go_on.wait, _PATIENCE_SECONDS)
        return answer

    def authenticate(self, server: Any, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Whether it is the user whom the server knows."""
        known = LoginPassword(b"rebill", self.password.encode())
        return AuthResult(success=data == known, handled=False)


class _PromptController(Controller):
    """aiosmtpd's own server in a thread, which leaves open what its clients have not closed when it stops."""

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(_PATIENCE_SECONDS)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        for listener in self.server.sockets:
            self.loop.remove_reader(listener.fileno())
        # Who was let in at this moment gets its transport in this turn; a server that is closed cannot give it one.
        await asyncio.sleep(0)
        self.server.close()
        await close_connections()


@contextmanager
def mail_server(
    box: Mailbox, security: SmtpSecurity = SmtpSecurity.NONE, certificates: CertificateFiles | None = None
) -> Iterator[int]:
    """The server at work; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": port}
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
        options["ssl_context" if security is SmtpSecurity.TLS else "tls_context"] = context
        options["require_starttls"] = security is SmtpSecurity.STARTTLS
    if box.password:
        options |= {"authenticator": box.authenticate, "auth_required": True}
        options["auth_require_tls"] = security is SmtpSecurity.STARTTLS
    controller = _PromptController(box, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
