"""Random months of usage, invoice and export files: what is compared equals sums made row by row, by hand."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebill.model.microsoft_invoice import InvoiceKind
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.reconciliation import Cost, CostKind
from rebill.services.acting.installation import Installation
from tests.services.accountant import AUGUST, OCTOBER, cost
from tests.services.microsoft_months import MicrosoftPartner, bought, summed, used
from tests.services.months import SEPTEMBER

CURRENCIES = ("USD", "EUR")
ENTERED = {"G1": SEPTEMBER, "G2": SEPTEMBER, "G0": AUGUST}
NOTE = "G1NOTE"
"""A note on G1, which comes in October."""
PERIODS = {"export": SEPTEMBER, "late": OCTOBER}
"""The files whose rows have a billing period of their own."""
METERS = ("D2 v3", "Disk")
CENT = Decimal("0.01")
AMOUNTS = st.decimals(min_value=-900, max_value=9_000, places=6, allow_nan=False)


@dataclass(frozen=True)
class Row:
    """A row as a person reads it; ``apart``: rounding, tax, a purchase of no customer, or other provider."""

    file: str
    invoice: str
    currency: str
    amount: Decimal
    apart: str
    meter: str

    @property
    def month(self) -> BillingMonth:
        """Of the billing period where the file has one, else of the invoice that the row names, else as delivered."""
        if self.file in PERIODS:
            return PERIODS[self.file]
        return OCTOBER if self.invoice == NOTE else ENTERED.get(self.invoice, SEPTEMBER)

    @property
    def named(self) -> str:
        """The invoice that it belongs to, the note's being its invoice's."""
        return "G1" if self.invoice == NOTE else self.invoice


def _rows(file: str, kinds: tuple[str, ...]) -> st.SearchStrategy[list[Row]]:
    def row_of(invoices: st.SearchStrategy[str]) -> st.SearchStrategy[Row]:
        return st.builds(
            Row,
            st.just(file),
            invoices,
            st.sampled_from(CURRENCIES),
            AMOUNTS,
            st.sampled_from(kinds),
            st.sampled_from(METERS),
        )

    # A row for each month that a delivery may have, so that it takes the place of all that the last one brought.
    months = () if file in PERIODS else ("G0", "G1", NOTE)
    return st.tuples(
        st.lists(row_of(st.sampled_from(["G1", "G2", "G3", "G0", NOTE, ""])), min_size=1, max_size=12),
        *(row_of(st.just(invoice)) for invoice in months),
    ).map(lambda drawn: [*drawn[0], *drawn[1:]])


MONTHS = st.tuples(
    _rows("usage", ("",)),
    _rows("invoice", ("", "tie_out")),
    _rows("export", ("", "rounding", "tax", "nobody", "other")),
    _rows("late", ("",)),
).map(lambda files: [row for rows in files for row in rows])


def _written(row: Row) -> dict[str, str]:
    amount, invoice = format(row.amount, "f"), row.invoice
    if row.file == "usage":
        return used(amount, row.meter, InvoiceNumber=invoice, BillingCurrency=row.currency)
    if row.file == "invoice":
        columns = {"InvoiceNumber": invoice, "Currency": row.currency, "TaxTotal": "1.5"}
        if row.apart == "tie_out":
            return summed(amount, row.meter, **columns)
        return bought(amount, MeterDescription="", **columns)
    columns = {"InvoiceId": invoice, "BillingCurrency": row.currency, "BillingAccountId": row.file, **_APART[row.apart]}
    return cost(OCTOBER if row.file == "late" else SEPTEMBER, amount, **columns)


_APART: dict[str, dict[str, str]] = {
    "": {},
    "rounding": {"ChargeCategory": "Adjustment", "ChargeDescription": "Rounding adjustment", "SubAccountId": ""},
    "tax": {"ChargeCategory": "Tax"},
    "nobody": {"ChargeCategory": "Purchase", "SubAccountId": ""},
    "other": {"ProviderName": "AWS"},
}
_KINDS = {
    "rounding": CostKind.ROUNDING,
    "tax": CostKind.TAX,
    "nobody": CostKind.WITHOUT_CUSTOMER,
    "tie_out": CostKind.TIE_OUT,
}


def _is_compared(row: Row) -> bool:
    return row.apart not in ("tax", "tie_out")


def _sums(rows: list[Row]) -> tuple[dict[CostKind, Decimal], Decimal, Decimal]:
    """By kind; the daily usage among them; and the tax that stands beside rows of the invoice's file."""
    by_kind: dict[CostKind, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_kind[_KINDS.get(row.apart, CostKind.CHARGE)] += row.amount
    usage = sum((row.amount for row in rows if row.file == "usage"), Decimal(0))
    return dict(by_kind), usage, Decimal("1.5") * sum(row.file == "invoice" for row in rows)


def _told(found: Cost) -> tuple[dict[CostKind, Decimal], Decimal, Decimal]:
    return dict(found.amounts), found.consumption, found.tax_beside


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> str:
    """What is compared lies in the lake; the stories run on both stores."""
    return str(request.param)


@pytest.mark.long
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=MONTHS, data=st.data())
def test_what_is_compared_is_what_the_rows_come_to(
    installation: Installation, partner: Caller, tmp_path: Path, rows: list[Row], data: st.DataObject
) -> None:
    microsoft = MicrosoftPartner(installation, partner, tmp_path)
    totals = {key: data.draw(AMOUNTS) for key in ENTERED}
    for number, month in ENTERED.items():
        microsoft.invoiced(str(totals[number]), number, month)
    microsoft.invoiced("-7.25", NOTE, OCTOBER, kind=InvoiceKind.CREDIT_NOTE, amends="G1")
    totals["G1"] -= Decimal("7.25")
    for file in ("usage", "invoice"):
        microsoft.delivered(file, [_written(row) for row in rows if row.file == file])
    microsoft.deliver(SEPTEMBER, *(_written(row) for row in rows if row.file == "export"))
    microsoft.deliver(OCTOBER, *(_written(row) for row in rows if row.file == "late"), scope="late")
    found, details = microsoft.reconciled_in_full()

    september = {number for number, month in ENTERED.items() if month == SEPTEMBER}
    for number in september:
        of_invoice = [row for row in rows if (row.named, row.currency) == (number, "USD")]
        (compared,) = [one for one in found.invoices if (one.invoice, one.currency) == (number, "USD")]
        assert _told(compared.cost) == _sums(of_invoice)
        assert compared.total == totals[number]
        assert compared.difference == totals[number] - sum(row.amount for row in of_invoice if _is_compared(row))

    for currency in CURRENCIES:
        of_month = [row for row in rows if row.currency == currency and row.month == SEPTEMBER]
        entered = set(ENTERED) if currency == "USD" else set()
        places: dict[str, list[Row]] = defaultdict(list)
        for row in of_month:
            if row.named in entered:
                places["invoiced" if row.named in september else "other_months"].append(row)
            elif row.apart == "other":
                places["other_providers"].append(row)
            else:
                places["not_entered" if row.invoice else "without_invoice"].append(row)
        of_other_months = [row for row in rows if row.currency == currency and row.month != SEPTEMBER]
        late = [row for row in of_other_months if row.named in september]
        places["invoiced"] += late if currency == "USD" else []
        months = [one for one in found.currencies if one.currency == currency]
        if not months:
            assert not of_month
            continue
        (month_found,) = months
        for place in ("invoiced", "other_months", "other_providers", "not_entered", "without_invoice"):
            assert _told(getattr(month_found, place)) == _sums(places[place]), place

    assert {(one.invoice, one.currency, one.product, one.summed, one.used) for one in details.meters} == _meters(
        [row for row in rows if row.month == SEPTEMBER or row.named in september]
    )


def _meters(rows: list[Row]) -> set[tuple[str, str, str, Decimal, Decimal]]:
    """Meters of the month's invoices that sum usage up, where that is a cent or more from what the usage comes to."""
    named = {row.invoice for row in rows if row.apart == "tie_out" and row.invoice}
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        if row.invoice in named and (row.apart == "tie_out" or row.file == "usage"):
            sums[row.invoice, row.currency, f"product of {row.meter}"][row.file == "usage"] += row.amount
    return {
        (*key, summed_up, used_up) for key, (summed_up, used_up) in sums.items() if abs(summed_up - used_up) >= CENT
    }
