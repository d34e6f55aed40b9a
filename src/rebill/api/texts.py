"""What text and ids from outside must be before anything else looks at them."""

import re

GREATEST_ID = 2**63 - 1
"""What the record can hold."""
_ID = re.compile(r"[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_id(text: str) -> int | None:
    """The id that ``text`` writes, ``None`` for what cannot be one."""
    if _ID.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= GREATEST_ID else None


def text_fault(text: str, greatest_length: int) -> str | None:
    """What is wrong with a line of text, ``None`` when it is sound."""
    if len(text) > greatest_length:
        return f"may have at most {greatest_length} characters"
    return encoding_fault(text) or ("may not hold control characters" if _CONTROL.search(text) else None)


def encoding_fault(text: str) -> str | None:
    """Whether ``text`` holds what no text may hold: lone surrogates, control characters but TAB, CR and LF."""
    if text.isascii() and text.isprintable():
        return None
    if _LONE_SURROGATE.search(text):
        return "may not hold lone surrogates or bytes that are not UTF-8"
    return "may not hold control characters" if _CONTROL_BUT_BREAKS.search(text) else None
