"""What is said for cost files that do not say it themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rebill.model.date_order import DateOrder
from rebill.model.months import BillingMonth
from rebill.sources.layouts import AUTOMATIC


@dataclass(frozen=True)
class Fallbacks:
    """What is said for files that do not: the month that bills them, their currency, their layout, what they hold.

    ``date_order``: that of all dates that are not in ISO style; ``usual_date_order``: of those where nothing tells it.
    ``invoice_months``: of Microsoft's invoices that are known, by their number; for lines without any other month.
    """

    period: BillingMonth | None
    currency: str | None
    layout: str = AUTOMATIC
    view: str | None = None
    date_order: DateOrder | None = None
    usual_date_order: DateOrder | None = None
    invoice_months: Mapping[str, BillingMonth] = field(default_factory=dict)
