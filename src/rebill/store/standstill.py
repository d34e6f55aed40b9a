"""A PostgreSQL that stands still, as one whose processes are stopped does: who waits for it is told so.

Its machine goes on acknowledging what is sent, so that no time limit of the network ends the wait; and a time limit for
statements would end those that are long and sound. So the server is asked, while an answer is awaited, whether it still
takes connections. Where even that is not answered, the connections that wait are cut, and nobody else begins to wait
until it goes on: however many callers there are, none waits for its turn to wait.
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
        # Threads add connections while they are looked through.
        self._adding = threading.Lock()
        self._waiting: list[Any] = []
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._address: tuple[list[Any], dict[str, Any]] = [], {}
        event.listen(engine, "do_connect", self._connects)
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "checkout", self._handed_out)

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
        """Cut the connections that awaited an answer at the last look and still do, if the server stands still.

        Once it was found to stand still, whoever awaits an answer is cut at each look, until it goes on.
        """
        before = self._waiting
        with self._adding:
            known = list(self._connections)
        self._waiting = [one for one in known if self._awaits_answer(one)]
        if self._goes_on.is_set():
            late = [one for one in self._waiting if any(one is other for other in before)]
            if not late:
                return
        else:
            late = self._waiting
        if not self._stands_still():
            self._goes_on.set()
            return
        self._goes_on.clear()
        for one in late:
            self._cut(one)

    def _look_now_and_then(self, ends: threading.Event) -> None:
        try:
            # A look at a server that stands still takes as long as connecting may: the next one follows at once.
            while not ends.wait(_LOOKS_EVERY_SECONDS if self._goes_on.is_set() else 0):
                self.look()
        finally:
            # Without anybody who looks nobody is refused.
            self._goes_on.set()

    def _require_going_on(self) -> None:
        from psycopg.errors import ConnectionTimeout

        if not self._goes_on.is_set():
            raise ConnectionTimeout("the server stands still: it does not answer who connects")

    def _handed_out(self, _driver: Any, _record: Any, _proxy: Any) -> None:
        self._require_going_on()

    def _connects(self, _dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        self._address = list(arguments), dict(named)
        self._require_going_on()

    def _connected(self, driver: Any, _record: Any) -> None:
        with self._adding:
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
