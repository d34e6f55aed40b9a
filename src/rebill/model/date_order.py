"""In which order a date such as ``03/04/2026`` has its day and its month."""

from enum import StrEnum


class DateOrder(StrEnum):
    """Which comes first; stable: settings and orders name it."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"

    @property
    def other(self) -> "DateOrder":
        """The one that it is not."""
        return next(one for one in DateOrder if one is not self)


def sentence_of(order: DateOrder, is_assumed: bool) -> str:
    """How the dates of an import were read, and whether nothing in them told it (``docs/cost-lines.md``)."""
    words = order.replace("-", " ")
    if not is_assumed:
        return f"Dates that are not in ISO style were read {words}."
    return (
        f"Nothing in the files tells whether the day or the month comes first in their dates: they were read {words}, "
        "as REBILL_DATE_ORDER says, else as Microsoft writes them."
    )
