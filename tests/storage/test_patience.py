"""Questions to a storage that is slow, or not there."""

import threading

import pytest

from rebill.storage.patience import NoAnswer, answered


def test_an_answer_comes_as_it_is() -> None:
    assert answered(lambda: 42) == 42


def test_what_a_question_raises_is_raised() -> None:
    def ask() -> None:
        raise TimeoutError("of the storage's own")

    with pytest.raises(TimeoutError, match="of the storage's own"):
        answered(ask)


def test_who_is_not_there_is_not_waited_for() -> None:
    never = threading.Event()
    with pytest.raises(NoAnswer, match="no answer within 0 seconds"):
        answered(never.wait, seconds=0.01)
    never.set()
