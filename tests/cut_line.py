"""A line to a server, as a network has it: it carries so many bytes of answers, then it is cut and stays so."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_CHUNK_BYTES: Final = 1 << 16


class CutLine:
    """What lies between a client and a server; ``left`` bytes of answers pass, all of them where it is ``None``."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.left: int | None = None
        self._lock = threading.Lock()

    def passing(self, byte_count: int) -> int:
        """How many of the next bytes still pass."""
        with self._lock:
            if self.left is None:
                return byte_count
            passed = min(self.left, byte_count)
            self.left -= passed
            return passed


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = False
    line: CutLine


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        line = self.server.line
        if line.left == 0:
            return
        with socket.create_connection(line.server) as far:
            asking = threading.Thread(target=_carry, args=(self.request, far))
            asking.start()
            with suppress(OSError):
                while data := far.recv(_CHUNK_BYTES):
                    passed = line.passing(len(data))
                    self.request.sendall(data[:passed])
                    if passed < len(data):
                        break
            for end in (self.request, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            asking.join()


def _carry(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while data := near.recv(_CHUNK_BYTES):
            far.sendall(data)
    with suppress(OSError):
        far.shutdown(socket.SHUT_RDWR)


@contextmanager
def laid_line(server: tuple[str, int]) -> Iterator[tuple[CutLine, int]]:
    """A line to ``server``, and the port of this machine at which it begins."""
    line = CutLine(server)
    with _Listener(("127.0.0.1", 0), _Connection) as listener:
        listener.line = line
        serving = threading.Thread(target=listener.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield line, listener.server_address[1]
        finally:
            listener.shutdown()
            serving.join()
