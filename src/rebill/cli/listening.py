"""The socket on which a server listens before any of its processes runs."""

import socket
from errno import EACCES, EADDRINUSE

from rebill.model.errors import Conflict

_WAITING_CONNECTIONS = 2048


def listening_socket(host: str, port: int) -> socket.socket:
    """Listen on ``host`` and ``port`` (0 = a free one), for processes that inherit the socket.

    Who connects as soon as the address is printed waits, and is not refused. Raises ``Conflict`` when the address is
    taken or cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. Without, the body of an answer waits until the client has acknowledged its headers: 40 ms
    # with a client that keeps its connection and acknowledges late, as nearly all do.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(_WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        option = "--port" if error.errno in (EACCES, EADDRINUSE) else "--host"
        raise Conflict(
            "address_in_use", f"Cannot listen on {host} port {port} ({error.strerror}); choose another with {option}."
        ) from error
    listener.set_inheritable(True)
    return listener
