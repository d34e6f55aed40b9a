"""Small questions to a storage, answered soon or given up: its own client tries for minutes before it says so."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from rebill.model.counting import counted

Result = TypeVar("Result")
ANSWER_SECONDS: Final = 60.0
"""Long enough for a client to try again twice after a passing fault."""


class NoAnswer(Exception):
    """A storage gave no answer in time. ``seconds``: how long it was waited for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {counted(round(seconds), 'second')}")
        self.seconds = seconds


def answered(ask: Callable[[], Result], seconds: float = ANSWER_SECONDS) -> Result:
    """What ``ask`` answers; raises what it raises, and ``NoAnswer`` where it takes longer than ``seconds``.

    What it still does then goes on in a thread that keeps no process from ending.
    """
    answer: Future[Result] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            answer.set_exception(error)

    threading.Thread(target=run, name="a question to a storage", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        if answer.done():
            raise
        raise NoAnswer(seconds) from None
