"""Texts as a spreadsheet may read them."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: int | str | None) -> int | str | None:
    """``value``, with an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
