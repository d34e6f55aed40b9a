"""In which order a date such as ``03/04/2026`` has its day and its month."""

from enum import StrEnum


class DateOrder(StrEnum):
    """Which comes first; stable: settings and orders name it."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
