"""A partner's color is readable wherever it stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.model.colors import READABLE, VISIBLE, contrast, is_color, told_apart

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_as_the_guidelines_compute_it() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#FFFFFF"), 2) == round(contrast("#ffffff", "#777777"), 2)
    assert str(contrast("#777777", "#ffffff"))[:4] == "4.47"


@settings(deadline=None)
@given(COLORS)
def test_every_color_is_made_readable_by_day_and_by_night(color: str) -> None:
    for background in ("#f4f7f8", "#1d262c", "#ffffff"):
        assert contrast(told_apart(color, background), background) >= READABLE
        assert contrast(told_apart(color, background, VISIBLE), background) >= VISIBLE


def test_a_color_that_is_readable_stays_as_it_is() -> None:
    assert told_apart("#0b6477", "#ffffff") == "#0b6477"
    assert told_apart("#ffee00", "#ffffff") != "#ffee00"


@pytest.mark.parametrize("text", ["", "red", "#fff", "#0b64777", "#0b647g", "#0b6477;}", "url(x)"])
def test_what_is_no_color(text: str) -> None:
    assert not is_color(text)
    assert is_color("#0B6477")
