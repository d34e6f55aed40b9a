"""The partner's color in the portal, as a style sheet: of any color, readable by day and by night."""

from typing import Final

from rebill.model.colors import VISIBLE, told_apart

_DAY, _NIGHT = "#f4f7f8", "#1d262c"
"""The backgrounds of the pages that text is the hardest to read on."""
_ON_BUTTONS: Final = "#ffffff"
_RULE: Final = """{{
  --pico-primary: {text};
  --pico-primary-hover: {text};
  --pico-primary-underline: {text};
  --pico-primary-background: {button};
  --pico-primary-border: {button};
  --pico-primary-hover-background: {button};
  --pico-primary-hover-border: {button};
  --bar: {bar};
}}"""


def style_sheet(color: str) -> str:
    """The style sheet of a color such as ``#0b6477``; ``""`` leaves the pages as they are."""
    if not color:
        return ""
    button = told_apart(color, _ON_BUTTONS)

    def rule(background: str) -> str:
        text, bar = told_apart(color, background), told_apart(color, background, VISIBLE)
        return _RULE.format(text=text, bar=bar, button=button)

    return (
        f':root:not([data-theme="dark"]) {rule(_DAY)}\n'
        f'@media (prefers-color-scheme: dark) {{\n:root:not([data-theme="light"]) {rule(_NIGHT)}\n}}\n'
        '.side nav a[aria-current="page"] { color: var(--pico-primary); background: var(--stripe); }\n'
    )
