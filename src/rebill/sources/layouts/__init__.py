"""The layouts of cost files, one a module: which header each has, and how it becomes cost lines."""

from collections.abc import Sequence
from typing import Final

from rebill.sources.layouts import (
    aws_cost_and_usage,
    cost_management,
    daily_rated_usage,
    enterprise,
    focus,
    invoice_reconciliation,
    pay_as_you_go,
)
from rebill.sources.layouts.layout import Layout, Recognition

AUTOMATIC: Final = "auto"
LAYOUTS: Final[tuple[Layout, ...]] = (
    focus.FOCUS,
    daily_rated_usage.DAILY_RATED_USAGE,
    invoice_reconciliation.INVOICE_RECONCILIATION,
    cost_management.ACTUAL,
    cost_management.AMORTIZED,
    enterprise.ACTUAL,
    enterprise.AMORTIZED,
    pay_as_you_go.PAY_AS_YOU_GO,
    aws_cost_and_usage.AWS_COST_AND_USAGE,
)
"""Every layout; of two with one header the first is taken unless the order names the other."""

LAYOUT_NAMES: Final = (AUTOMATIC, *(layout.name for layout in LAYOUTS))
"""What an order may ask for."""


def recognise(header: Sequence[str], wanted: str = AUTOMATIC, view: str | None = None) -> Recognition:
    """The layout of a file with ``header``: the one that is ``wanted``, else the first that it has every mark of.

    ``view``: only layouts that hold this come into question, unless one is ``wanted``.
    Where it has those of none, the nearest, whose ``missing`` says what it lacks.
    """
    if wanted == AUTOMATIC:
        candidates = [layout for layout in LAYOUTS if view in (None, layout.view)]
    else:
        candidates = [layout for layout in LAYOUTS if layout.name == wanted]
    readings = [layout.recognise(header) for layout in candidates]
    complete = (reading for reading in readings if not reading.missing)
    return next(complete, min(readings, key=lambda reading: reading.missing_share))
