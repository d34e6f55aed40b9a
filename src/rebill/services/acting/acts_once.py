"""Acts that are done once however often they are asked for: the answer is kept in the act's own transaction.

A *request* is known by a hash over everything that makes it the same one. While it is worked on, another one like it is
refused; within a day after it the answer is told again. A process that is killed leaves either the act and its
answer, or neither.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rebill.model.errors import Conflict, Invalid
from rebill.model.kept_answer import KeptAnswer
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.kept_answers import find_answer, hold_request, keep_answer
from rebill.store.scope import Scope

KEPT_FOR = timedelta(hours=24)
"""How long an answer is told again."""


class ActsOnce:
    """Does acts once. One object serves a whole process, any number of processes share the record."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def do(
        self, caller: Caller, request_sha256: str, body_sha256: str, act: Callable[[], KeptAnswer]
    ) -> KeptAnswer | None:
        """Do ``act``, unless the same request was answered before: then nothing is done, and that answer returned.

        Everything that ``act`` stores is stored together with the answer that it returns, or not at all when it
        raises. Raises ``Conflict`` while the same request is under way, or where its answer is not to be told again,
        and ``Invalid`` for one with another body.
        """
        with self._alone_with(request_sha256) as is_alone:
            if is_alone:
                with self._installation.database.as_one() as connection:
                    scope = Scope.of(connection, caller)
                    if hold_request(scope, request_sha256):
                        kept = self._answered(scope, request_sha256, body_sha256)
                        if kept is None:
                            now = self._installation.clock()
                            keep_answer(scope, request_sha256, act(), now, now - KEPT_FOR)
                        return kept
        # Somebody else is at it, who does it or is only told its answer, as this caller can be too then.
        with self._installation.database.reading() as connection:
            kept = self._answered(Scope.of(connection, caller), request_sha256, body_sha256)
        if kept is None:
            raise Conflict(
                "request_under_way",
                "A call with this Idempotency-Key is under way: try again in a few seconds to hear its answer.",
            )
        return kept

    def _answered(self, scope: Scope, request_sha256: str, body_sha256: str) -> KeptAnswer | None:
        """What the request was answered within a day. Raises ``Invalid`` and ``Conflict`` as ``do``."""
        kept = find_answer(scope, request_sha256, self._installation.clock() - KEPT_FOR)
        if kept is not None:
            _check(kept, body_sha256)
        return kept

    @contextmanager
    def _alone_with(self, request_sha256: str) -> Iterator[bool]:
        """Whether nobody else in this process works on the request: who asks meanwhile need not wait to be told so."""
        with self._lock:
            is_alone = request_sha256 not in self._under_way
            self._under_way.add(request_sha256)
        try:
            yield is_alone
        finally:
            if is_alone:
                with self._lock:
                    self._under_way.discard(request_sha256)


def _check(kept: KeptAnswer, body_sha256: str) -> None:
    if kept.body_sha256 != body_sha256:
        fields = {"Idempotency-Key": "was sent with another body before: take a new key for a new act"}
        raise Invalid("idempotency_key_reused", "Nothing was done: this key belongs to another request.", fields)
    if kept.body is None:
        raise Conflict(
            "answer_shown_once",
            "This was done by an earlier call with the same Idempotency-Key, whose answer showed an API key, which is"
            " never shown again: list the keys, and rotate the new one if its text is lost.",
        )
