"""Numbers with their words: one of something is told as one."""

import pytest

from rebill.model.counting import counted


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (-1, "-1 lines"), (12345678, "12,345,678 lines")],
)
def test_the_word_agrees_with_the_number(number: int, told: str) -> None:
    assert counted(number, "line") == told


@pytest.mark.parametrize(("number", "told"), [(1, "1 entry is sound."), (1000, "1,000 entries are sound.")])
def test_words_of_another_plural_and_verbs_agree_too(number: int, told: str) -> None:
    assert f"{counted(number, 'entry is', 'entries are')} sound." == told
