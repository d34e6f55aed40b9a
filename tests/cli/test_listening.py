"""The socket of a server: there before its processes, and without a wait between the headers and body of an answer."""

import socket

import pytest

from rebill.cli.listening import listening_socket
from rebill.model.errors import Conflict


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_acknowledgements(host: str) -> None:
    with listening_socket(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_address_that_is_taken_says_what_to_do() -> None:
    with (
        listening_socket("127.0.0.1", 0) as listener,
        pytest.raises(Conflict, match="choose another with --port"),
    ):
        listening_socket("127.0.0.1", listener.getsockname()[1])
    with pytest.raises(Conflict, match="choose another with --host"):
        listening_socket("300.1.1.1", 0)
