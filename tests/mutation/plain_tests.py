"""Tests that need nothing but their arguments, called as the functions they are.

pytest takes half a second to begin, many times what a test without an engine and a store takes: called so, the tests
of a file's arithmetic tell of a mutant before the months do.
"""

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

Arguments = dict[str, Any]


def fail(modules: Sequence[str]) -> bool:
    """Whether any plain test of these modules fails, or one of them cannot be imported."""
    try:
        for name in modules:
            for test in plain_tests(name):
                test()
    except Exception:  # noqa: BLE001  # Whatever goes wrong is noticed.
        return True
    return False


def plain_tests(module: str) -> Iterator[Callable[[], None]]:
    """The tests of a module that ask for no fixture, once for each of their parameters, in order."""
    for name, test in list(vars(importlib.import_module(module)).items()):
        if name.startswith("test_") and inspect.isfunction(test) and test.__module__ == module:
            for arguments in _parameters(test):
                if _asks_for_no_more(test, arguments):
                    yield partial(test, **arguments)


def _parameters(test: Callable[..., None]) -> Iterator[Arguments]:
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for chosen in product(*(_named(*mark.args) for mark in marks)):
        yield {name: value for one in chosen for name, value in one.items()}


def _named(names: str | Sequence[str], values: Sequence[Any]) -> list[Arguments]:
    if isinstance(names, str):
        return [{names: value} for value in values]
    return [dict(zip(names, value, strict=True)) for value in values]


def _asks_for_no_more(test: Callable[..., None], arguments: Arguments) -> bool:
    # Hypothesis hides the arguments that it gives itself.
    return set(inspect.signature(test).parameters) == set(arguments)
