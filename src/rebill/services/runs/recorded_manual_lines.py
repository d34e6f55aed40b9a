"""Manual lines in a run's manifest: written down, and read back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.money import kept_amount, text_of
from rebill.model.months import BillingMonth


def manual_line_document(line: ManualLine) -> dict[str, Any]:
    """An entry as a run records it."""
    entered = line.entered
    return {
        "manual_line_id": line.manual_line_id,
        "entry_number": line.entry_number,
        "customer_id": entered.customer_id,
        "billing_month": str(entered.month),
        "currency": entered.currency,
        "amount": text_of(kept_amount(entered.amount)),
        "cost": None if entered.cost is None else text_of(kept_amount(entered.cost)),
        "reason": entered.reason,
        "invoice_id": entered.invoice_id,
        "entered_at": line.entered_at.isoformat(),
    }


def manual_line_of(document: Mapping[str, Any]) -> ManualLine:
    """The entry that ``manual_line_document`` wrote down."""
    entered = NewManualLine(
        document["customer_id"],
        BillingMonth.parse(document["billing_month"]),
        Decimal(document["amount"]),
        document["reason"],
        document["currency"],
        None if document["cost"] is None else Decimal(document["cost"]),
        document["invoice_id"],
    )
    entered_at = datetime.fromisoformat(document["entered_at"])
    return ManualLine(document["manual_line_id"], document["entry_number"], entered, entered_at)
