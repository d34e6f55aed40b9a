"""Microsoft's invoices and what amends them, entered by the partner or read by a sync, to compare cost with."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from rebill.model.months import BillingMonth


class InvoiceKind(StrEnum):
    """What a document of Microsoft's is; stable."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    """Takes back: its total is not above 0."""
    ADJUSTMENT_NOTE = "adjustment_note"
    """Changes an invoice, either way."""
    VOID_NOTE = "void_note"
    """Takes an invoice back whole: its total is not above 0."""

    @property
    def takes_back(self) -> bool:
        """Whether its total lies at 0 or below."""
        return self in (InvoiceKind.CREDIT_NOTE, InvoiceKind.VOID_NOTE)


@dataclass(frozen=True)
class NewMicrosoftInvoice:
    """What is entered: ``total`` before tax, signed as it counts.

    ``number``: Microsoft's, such as ``G016907411``. ``amends``: the number of the invoice that a note belongs to,
    ``""`` for an invoice.
    """

    number: str
    month: BillingMonth
    currency: str
    total: Decimal
    kind: InvoiceKind = InvoiceKind.INVOICE
    amends: str = ""

    @property
    def invoice_number(self) -> str:
        """The invoice that it is, or amends."""
        return self.amends or self.number


class InvoiceOrigin(StrEnum):
    """Who told an invoice or note; stable."""

    ENTERED = "entered"
    """Somebody, by hand."""
    PARTNER_CENTER = "partner_center"
    """Partner Center, which a sync asked."""


@dataclass(frozen=True)
class MicrosoftInvoice:
    """An invoice or note as it is kept; of one number at most one is in force.

    ``withdrawn_at``: not since then. ``is_read``: a sync read it from Partner Center, and nobody entered it.
    """

    microsoft_invoice_id: int
    entered: NewMicrosoftInvoice
    entered_at: datetime
    withdrawn_at: datetime | None = None
    is_read: bool = False

    @property
    def origin(self) -> InvoiceOrigin:
        """Who told it."""
        return InvoiceOrigin.PARTNER_CENTER if self.is_read else InvoiceOrigin.ENTERED
