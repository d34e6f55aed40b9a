"""A server on a socket of this process, in a thread of its own, that leaves no connection open when it stops."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

_STOP_SECONDS: Final = 60


@contextmanager
def serving(config: uvicorn.Config, listener: socket.socket, name: str) -> Iterator[None]:
    """Serve what ``config`` says on ``listener``, in a thread of this ``name``, until the block ends.

    Who connects before the server is ready waits in the socket's queue. At the end answers under way are finished, for
    as long as ``config`` lets them; then every connection is closed, whether its client has said goodbye or not.
    """
    server = _PromptServer(config)
    thread = threading.Thread(target=asyncio.run, args=(_serve(server, listener),), name=name)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)


async def close_connections() -> None:
    """Close every connection that the running loop still has, and end what waits for them.

    Nothing may listen any more. No client is waited for: one that connected and said nothing, or that never reads the
    goodbye of TLS, would keep its connection for half a minute, and the loop does not live that long.
    """
    loop = asyncio.get_running_loop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # Only the loop knows them all: a TLS transport that is closed a second time forgets the connection below it.
    for transport in list(vars(loop)["_transports"].values()):
        transport.abort()
    # One turn in which the sockets are closed, and one in which the protocols above TLS hear of it.
    for _ in range(2):
        await asyncio.sleep(0)


class _PromptServer(uvicorn.Server):
    """uvicorn's own server, which hangs up on clients that wait for nothing: else it waits until they close."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; answers under way are finished first."""
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        await super().shutdown(sockets)


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    await server.serve(sockets=[listener])
    await close_connections()
