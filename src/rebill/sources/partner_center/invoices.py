"""The partner's invoices, as Partner Center lists them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rebill.model.months import BillingMonth
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.partner_center.links import pages

_MODERN: Final = re.compile(r"G[A-Za-z0-9]{1,60}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MONTH: Final = re.compile(r"(\d{4}-\d{2})-\d{2}T")


@dataclass(frozen=True, order=True)
class ListedInvoice:
    """An invoice of the kind that has exports, by the month that it bills."""

    month: BillingMonth
    number: str
    currency: str


def list_invoices(calls: MicrosoftCalls) -> list[ListedInvoice]:
    """The invoices that have exports, in order of month and number; those of the old kind are left out."""
    found = [one for page in pages(calls, {"uri": "/v1/invoices?size=200"}) for one in page["items"]]
    listed = [invoice for one in found if isinstance(one, dict) and (invoice := _listed(one)) is not None]
    return sorted(set(listed))


def _listed(document: Mapping[str, Any]) -> ListedInvoice | None:
    number, currency = str(document.get("id")), str(document.get("currencyCode"))
    start = _MONTH.match(str(document.get("billingPeriodStartDate") or ""))
    if start is None or not _MODERN.fullmatch(number) or not _CURRENCY.fullmatch(currency):
        return None
    return ListedInvoice(BillingMonth.parse(start[1]), number, currency)
