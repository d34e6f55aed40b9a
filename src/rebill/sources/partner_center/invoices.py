"""The partner's invoices, as Partner Center lists them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rebill.model.microsoft_invoice import InvoiceKind, NewMicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.partner_center.links import pages

_MODERN: Final = re.compile(r"G[A-Za-z0-9]{1,60}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_KINDS: Final = {kind.value.replace("_", " "): kind for kind in InvoiceKind}
_MONTH: Final = re.compile(r"(\d{4}-\d{2})-\d{2}T")


@dataclass(frozen=True, order=True)
class ListedInvoice:
    """An invoice of the kind that has exports, by the month that it bills. ``issued``: its moment as it is listed."""

    month: BillingMonth
    number: str
    currency: str
    issued: str = ""


@dataclass(frozen=True)
class InvoiceListing:
    """What Partner Center lists: ``invoices`` that have exports, in order of month and number.

    ``totals``: those of them and of the notes on them, before tax, signed as they count; what names none is left out.
    """

    invoices: tuple[ListedInvoice, ...]
    totals: tuple[NewMicrosoftInvoice, ...]

    @property
    def replaced(self) -> dict[str, tuple[str, ...]]:
        """By the number of an invoice those that it was issued in place of: voided, of its month, issued before it."""
        voids = {one.amends for one in self.totals if one.kind is InvoiceKind.VOID_NOTE}
        voided = [one for one in self.invoices if one.number in voids]
        return {
            new.number: tuple(
                old.number
                for old in voided
                if (old.month, old.currency) == (new.month, new.currency) and old.issued < new.issued
            )
            for new in self.invoices
            if new.number not in voids
        }


def list_invoices(calls: MicrosoftCalls) -> InvoiceListing:
    """The invoices that have exports; those of the old kind are left out."""
    found = [one for page in pages(calls, {"uri": "/v1/invoices?size=200"}) for one in page["items"]]
    invoices: set[ListedInvoice] = set()
    totals: dict[str, NewMicrosoftInvoice] = {}
    for document in found:
        listed = _listed(document) if isinstance(document, dict) else None
        if listed is None:
            continue
        invoices.add(listed)
        amendments = document.get("amendments") or []
        notes = [one for one in amendments if isinstance(one, dict)] if isinstance(amendments, list) else []
        for one, amends in ((document, ""), *((note, listed.number) for note in notes)):
            total = _total(one, listed, amends)
            if total is not None:
                totals[total.number] = total
    return InvoiceListing(tuple(sorted(invoices)), tuple(totals.values()))


def _listed(document: Mapping[str, Any]) -> ListedInvoice | None:
    number, currency = str(document.get("id")), str(document.get("currencyCode"))
    start = _MONTH.match(str(document.get("billingPeriodStartDate") or ""))
    if start is None or not _MODERN.fullmatch(number) or not _CURRENCY.fullmatch(currency):
        return None
    return ListedInvoice(BillingMonth.parse(start[1]), number, currency, str(document.get("invoiceDate") or ""))


def _total(document: Mapping[str, Any], listed: ListedInvoice, amends: str) -> NewMicrosoftInvoice | None:
    """What a document comes to; ``listed``: the invoice that it is or that it was listed with."""
    number = str(document.get("id"))
    kind = _KINDS.get(str(document.get("documentType") or "invoice").lower().replace("_", " "))
    text = str(document.get("totalCharges"))
    if kind is None or not _MODERN.fullmatch(number) or not _AMOUNT.fullmatch(text):
        return None
    if kind is not InvoiceKind.INVOICE:
        amends = str(document.get("amendsOf") or amends)
    amount = Decimal(text)
    # The listing does not say which sign a note's total has; what takes back counts below 0.
    total = -abs(amount) if kind.takes_back else amount
    return NewMicrosoftInvoice(number, listed.month, listed.currency, total, kind, amends)
