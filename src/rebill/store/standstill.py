"""A PostgreSQL that stands still, as one whose processes are stopped does: who waits for it is told so.

Its machine goes on acknowledging what is sent, so that no time limit of the network ends the wait; and a time limit for
statements would end those that are long and sound. So the server is asked, while an answer is awaited, whether it still
takes connections. Where even that is not answered, the connections that wait are cut.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Engine, event

_LOOKS_EVERY_SECONDS: Final = 3
"""An answer that is awaited at two looks is late enough to ask. With the five seconds that connecting may take, who
waits is told within eleven: published clients give up after twenty."""


class StandstillWatch:
    """Looks after all connections of an engine of PostgreSQL's, while a block of ``watching`` runs."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        self._connections: WeakSet[Any] = WeakSet()
        self._waiting: list[Any] = []
        self._address: tuple[list[Any], dict[str, Any]] = [], {}
        event.listen(engine, "do_connect", self._connects)
        event.listen(engine, "connect", self._connected)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Look now and then while the block runs."""
        ends = threading.Event()
        watch = threading.Thread(target=self._look_now_and_then, args=(ends,), name="standstill watch", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ends.set()
            watch.join()

    def look(self) -> None:
        """Cut the connections that awaited an answer at the last look and still do, if the server stands still."""
        before = self._waiting
        self._waiting = [one for one in list(self._connections) if self._awaits_answer(one)]
        late = [one for one in self._waiting if any(one is other for other in before)]
        if late and self._stands_still():
            for one in late:
                self._cut(one)

    def _look_now_and_then(self, ends: threading.Event) -> None:
        while not ends.wait(_LOOKS_EVERY_SECONDS):
            self.look()

    def _connects(self, _dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        self._address = list(arguments), dict(named)

    def _connected(self, driver: Any, _record: Any) -> None:
        self._connections.add(driver)

    def _awaits_answer(self, driver: Any) -> bool:
        from psycopg.pq import TransactionStatus

        # Of one that is closed the status is unknown.
        return bool(driver.pgconn.transaction_status == TransactionStatus.ACTIVE)

    def _stands_still(self) -> bool:
        """Whether a new connection is not answered in time; whatever else is said, somebody says it."""
        from psycopg.errors import ConnectionTimeout

        arguments, named = self._address
        try:
            self._dialect.connect(*arguments, **named).close()
        except ConnectionTimeout:
            return True
        except self._dialect.loaded_dbapi.Error:
            return False
        return False

    def _cut(self, driver: Any) -> None:
        """Let the thread that waits hear that the connection is gone. It alone closes it."""
        with contextlib.suppress(OSError, self._dialect.loaded_dbapi.Error):
            number = driver.pgconn.socket
            with socket.socket(fileno=os.dup(number)) as copy:
                # Closed meanwhile, its number may be another's: of one that still waits it is its own.
                if self._awaits_answer(driver) and driver.pgconn.socket == number:
                    copy.shutdown(socket.SHUT_RDWR)
