"""Deliveries of one month beside those of the month before: what delivered then and does not any more."""

import re
from collections.abc import Iterable
from typing import Final

from rebill.model.data_set import UNBILLED_SCOPE, VIEW_INVOICE, VIEW_USAGE, DataSet

UNNAMED_SCOPE: Final = "file:"
"""In front of the scope of a delivery that was given none: it is of its own bytes alone."""
_INVOICE_NUMBER: Final = re.compile(r"[A-Z][0-9]{6,}")
_OF_ANY_INVOICE: Final = "the month's invoice"


def stopped(before: Iterable[DataSet], now: Iterable[DataSet]) -> list[DataSet]:
    """The data sets of the month before whose scope goes on and has delivered nothing now.

    A scope that is an invoice's number goes on as whatever invoice comes next.
    """
    delivered = {lasting_name(data_set) for data_set in now}
    return [data_set for data_set in before if _goes_on(data_set) and lasting_name(data_set) not in delivered]


def lasting_name(data_set: DataSet) -> tuple[str, str, str]:
    """What a delivery has in common with the one of the month before."""
    scope = _OF_ANY_INVOICE if _is_of_an_invoice(data_set) else data_set.scope
    return data_set.source_kind, scope, data_set.view


def _is_of_an_invoice(data_set: DataSet) -> bool:
    of_billing = data_set.view in (VIEW_USAGE, VIEW_INVOICE)
    return of_billing and _INVOICE_NUMBER.fullmatch(data_set.scope) is not None


def _goes_on(data_set: DataSet) -> bool:
    """Whether the scope is the name of something that delivers every month: not a file's own, nor unbilled cost's."""
    if data_set.scope.startswith((UNNAMED_SCOPE, UNBILLED_SCOPE)):
        return False
    return data_set.view != VIEW_INVOICE or _is_of_an_invoice(data_set)
