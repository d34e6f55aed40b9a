"""Checks of short texts that callers give: names, contacts, ids."""

import unicodedata

GREATEST_LENGTH = 255
_UNWANTED_CATEGORIES = ("Cc", "Cs")
"""Control characters and lone surrogates: neither prints, and databases differ in what they make of them."""


GREATEST_DESCRIPTION_LENGTH = 1000
_BREAKS = str.maketrans("", "", "\t\r\n")


def has_unprintable(text: str) -> bool:
    """Whether ``text`` holds a control character or a lone surrogate."""
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(character) in _UNWANTED_CATEGORIES for character in text)


def printable(text: str) -> str:
    """``text`` with a replacement character for each that does not print and that a database may refuse."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _UNWANTED_CATEGORIES else one for one in text
    )


def composed(text: str) -> str:
    """``text`` in Unicode normalization form C: the same letters are the same text."""
    return unicodedata.normalize("NFC", text)


def text_fault(text: str, required: bool = False, greatest: int = GREATEST_LENGTH) -> str | None:
    """What is wrong with a text, as a sentence without its subject; ``None`` when it is sound."""
    if required and not text.strip():
        return "is required"
    if len(text) > greatest:
        return f"may have at most {greatest} characters"
    return "may not hold control characters" if has_unprintable(text) else None


def name_fault(name: str, required: bool = True) -> str | None:
    """What is wrong with a name in itself: it is kept composed, and so it is counted."""
    return text_fault(composed(name), required)


def description_fault(text: str, required: bool = False) -> str | None:
    """What is wrong with a longer text, which may hold TAB, CR and LF; ``None`` when it is sound."""
    return text_fault(text.translate(_BREAKS), required, GREATEST_DESCRIPTION_LENGTH)
