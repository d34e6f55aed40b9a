"""Colors of a partner's own, and what is made of them so that text stays readable."""

import re
from decimal import Decimal
from typing import Final

_COLOR: Final = re.compile(r"#[0-9a-f]{6}")
READABLE: Final = Decimal("4.5")
"""The least contrast of text, by the Web Content Accessibility Guidelines (level AA)."""
VISIBLE: Final = Decimal(3)
"""The least contrast of bars and edges."""
_STEPS: Final = 40


def is_color(text: str) -> bool:
    """Whether ``text`` is a color as styles write it: ``#`` and six digits, ``#0b6477``."""
    return _COLOR.fullmatch(text.lower()) is not None


def contrast(one: str, other: str) -> Decimal:
    """How much two colors differ in light, from 1 to 21."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + Decimal("0.05")) / (lights[0] + Decimal("0.05"))


def told_apart(color: str, background: str, least: Decimal = READABLE) -> str:
    """``color``, made darker or lighter as far as it takes to be told apart from ``background``."""
    toward = "#000000" if _luminance(background) > Decimal("0.2") else "#ffffff"
    for step in range(_STEPS + 1):
        mixed = _mixed(color, toward, Decimal(step) / _STEPS)
        if contrast(mixed, background) >= least:
            return mixed
    return toward


def _mixed(color: str, other: str, share: Decimal) -> str:
    pairs = zip(_parts(color), _parts(other), strict=True)
    return "#" + "".join(f"{int(one + (two - one) * share):02x}" for one, two in pairs)


def _parts(color: str) -> list[int]:
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(color: str) -> Decimal:
    weights = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
    return sum((weight * _linear(part) for weight, part in zip(weights, _parts(color), strict=True)), Decimal(0))


def _linear(part: int) -> Decimal:
    share = Decimal(part) / 255
    if share <= Decimal("0.04045"):
        return share / Decimal("12.92")
    return ((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
