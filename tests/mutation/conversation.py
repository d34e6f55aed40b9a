"""What rating says to an engine while a month is rated, and what the engine answers: kept once, compared with later.

A mutant that says the same to the engine gets the same answers, so that a month is rated again without one, in a
hundredth of the time. Only where it says something else does an engine have to be asked what that comes to.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rebill.engines.engine import Engine

Conversation = list[tuple[str, Any]]
"""What was said, as text, and what was answered, in order."""


class SaysOtherwise(BaseException):
    """Something else is said to the engine than was; no ``Exception``, so that nobody takes it for a failure."""


class Overheard:
    """An engine whose ``conversation`` is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.conversation: Conversation = []

    def __enter__(self) -> Self:
        self._engine.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*given: object, **named: object) -> object:
            answer = getattr(self._engine, name)(*given, **named)
            self.conversation.append((_said(name, given, named), answer))
            return answer

        return ask


class Repeated:
    """Answers what was answered as long as the same is said, else raises ``SaysOtherwise``."""

    def __init__(self, conversation: Conversation) -> None:
        self._left = iter(conversation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was opened."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*given: object, **named: object) -> object:
            said, answer = next(self._left, ("", None))
            if said != _said(name, given, named):
                raise SaysOtherwise
            return answer

        return ask


def _said(name: str, given: tuple[object, ...], named: Mapping[str, object]) -> str:
    return f"{name} {_told(given)} {_told(named)}"


def _told(value: object) -> str:
    """A text that tells values apart; of a file its name alone, since every trial has a folder of its own."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, Path):
        return value.name
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_told(one)}' for key, one in value.items())}}}"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_told, value))})"
    return _told(value("what is asked")) if callable(value) else repr(value)
