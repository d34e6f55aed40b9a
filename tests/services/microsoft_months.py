"""A month as Microsoft delivers it: daily usage, the reconciliation of its invoice, and the invoice itself."""

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from rebill.model.data_set import CostImportOrder, DataSet
from rebill.model.microsoft_invoice import InvoiceKind, MicrosoftInvoice, NewMicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.model.reconciliation import Reconciliation, ReconciliationDetails
from rebill.services.costs.import_costs import import_costs
from rebill.services.reconciling.enter_invoice import enter_invoice
from rebill.services.reconciling.reconcile_month import reconcile_month
from tests.services.accountant import Accountant
from tests.services.months import SEPTEMBER
from tests.sources.test_layouts import DAILY_RATED, INVOICE, USAGE

TENANT = "d7f565f5-0000-4000-8000-000000000001"
NUMBER = USAGE["InvoiceNumber"]
PLAN = "3f15978e-0000-4000-8000-000000000009"


def used(cost: str, meter: str = "D2 v3", day: str = "9/3/2024", **columns: str) -> dict[str, str]:
    """A row of daily usage of a meter; in dollars unless told otherwise."""
    named = {"ProductId": f"product of {meter}", "SkuId": "0001", "AvailabilityId": "av", "MeterName": meter}
    own = {"BillingPreTaxTotal": cost, "UsageDate": day, "SubscriptionId": PLAN, "BillingCurrency": "USD"}
    return {**USAGE, "PCToBCExchangeRate": "1", "CustomerId": TENANT, **named, **own, **columns}


def summed(cost: str, meter: str = "D2 v3", **columns: str) -> dict[str, str]:
    """A row of the invoice's reconciliation that sums up the usage of a meter."""
    named = {"ProductId": f"product of {meter}", "SkuId": "0001", "AvailabilityId": "av", "MeterDescription": meter}
    return bought(cost, **{"ReservationOrderId": "", "SubscriptionId": PLAN, "TaxTotal": "0", **named, **columns})


def bought(cost: str, **columns: str) -> dict[str, str]:
    """A row of the invoice's reconciliation that is no usage: a reservation, unless told otherwise."""
    return {**INVOICE, "CustomerId": TENANT, "Subtotal": cost, **columns}


class MicrosoftPartner(Accountant):
    """A partner whose cost comes as Microsoft's usage and invoice files."""

    def delivered(
        self, scope: str, rows: Sequence[Mapping[str, str]], month: BillingMonth = SEPTEMBER
    ) -> Sequence[DataSet]:
        """Rows of one file, imported as one delivery; those that name no invoice that is entered are of the month."""
        self.deliveries += 1
        file = self.folder / f"delivery-{self.deliveries}.csv"
        _write(file, rows)
        order = CostImportOrder((file,), scope=scope, period=month)
        return import_costs(self.installation, self.caller, order).data_sets

    def invoiced(
        self,
        total: str,
        number: str = NUMBER,
        month: BillingMonth = SEPTEMBER,
        currency: str = "USD",
        kind: InvoiceKind = InvoiceKind.INVOICE,
        amends: str = "",
    ) -> MicrosoftInvoice:
        """An invoice or note of Microsoft's is entered."""
        new = NewMicrosoftInvoice(number, month, currency, Decimal(total), kind, amends)
        return enter_invoice(self.installation, self.caller, new)

    def reconciled(self, month: BillingMonth = SEPTEMBER) -> Reconciliation:
        """The month's cost beside its invoices."""
        return self.reconciled_in_full(month)[0]

    def reconciled_in_full(self, month: BillingMonth = SEPTEMBER) -> tuple[Reconciliation, ReconciliationDetails]:
        """The same, and what differences are looked for in."""
        return reconcile_month(self.installation, self.caller, month)


def _write(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    names = DAILY_RATED if "UsageDate" in rows[0] else list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def told(found: Reconciliation) -> list[str]:
    """Comparisons as lines: ``invoice total − compared = difference currency [out]``, then the same of the month."""
    lines = [
        _line(one.invoice, one.total, one.cost.compared, one.difference, one.currency, one.is_within(found.tolerance))
        for one in found.invoices
    ]
    return lines + [
        _line(str(one.month), one.total, one.compared, one.difference, one.currency, one.is_within(found.tolerance))
        for one in found.currencies
    ]


def _line(
    name: str, total: Decimal | None, compared: Decimal, difference: Decimal | None, currency: str, within: bool
) -> str:
    if total is None or difference is None:
        return f"{name} not entered: {compared.normalize():f} {currency}"
    amounts = f"{total.normalize():f} - {compared.normalize():f} = {difference.normalize():f} {currency}"
    return f"{name} {amounts}" + ("" if within else " out")
