"""The made-up partner that the twin serves: customers, Azure plans, subscriptions, a month of usage, its invoice.

Amounts are texts of exact decimals, as long as Microsoft writes them. No name, id or price in it belongs to anyone.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property
from typing import Any, Final

from rebill.model.months import BillingMonth

PARTNER_TENANT: Final = "11111111-aaaa-4bbb-8ccc-000000000001"
_METERS: Final = (
    ("Virtual Machines", "D2s v5", "1 Hour", "0.096", "24"),
    ("Virtual Machines", "E4s v5", "1 Hour", "0.2520000000000000001", "11.7500001"),
    ("Storage", "P10 LRS Disk", "1/Month", "19.71", "0.0322580645161290322581"),
    ("Azure App Service", "P1 v3 App", "1 Hour", "0.1670951014286867", "24"),
    ("Bandwidth", "Standard Data Transfer Out", "1 GB", "0.087", "3.14159265358979"),
)
_NAMES: Final = ("Amber", "Brass", "Copper", "Dapper", "Echo", "Fable", "Gilded", "Hollow", "Indigo", "Juniper")
_TRADES: Final = ("Bakery", "Robotics", "Museum", "Logistics", "Observatory", "Books", "Bank", "Studios", "Works")
_CREDIT: Final = Decimal("0.15")
_RESERVATION: Final = "Reservation"
_SAVINGS_PLAN: Final = "SavingsPlan"
_BENEFITS: Final = {0: _RESERVATION, 1: _SAVINGS_PLAN}
"""What covers some usage of the first and the second of any three customers."""
_REGIONS: Final = ("westeurope", "northeurope", "eastus")


@dataclass(frozen=True)
class TwinSubscription:
    """An Azure subscription under a customer's Azure plan."""

    subscription_id: str
    name: str


@dataclass(frozen=True)
class TwinCustomer:
    """A customer of the partner, its Azure plan, and the subscriptions under that."""

    tenant_id: str
    name: str
    domain: str
    plan_id: str
    subscriptions: tuple[TwinSubscription, ...]


@dataclass(frozen=True)
class TwinWorld:
    """A partner with ``customer_count`` customers, of whom ``month`` is invoiced and the one after is not yet.

    Prices are in US dollars; it is billed in ``currency``, at ``exchange_rate`` of it for a dollar.
    """

    customer_count: int = 12
    seed: int = 7
    month: BillingMonth = field(default_factory=lambda: BillingMonth(2024, 9))
    credited: str = "0"
    """What a credit note takes back from the month's invoice, besides all rows; "0": there is none."""
    days: int | None = None
    """How many days of each month there is usage of; by default all."""
    reissued: bool = False
    """Whether the month's invoice was voided, and issued anew under another number."""
    lacking: frozenset[str] = frozenset()
    """The kinds of exports, ``usage`` or ``reconciliation``, that the invoice has no data for yet."""
    is_invoiced: bool = True
    """Whether the month's invoice is there yet; before, the month is unbilled, and the last one."""
    deleted_plans: int | None = None
    """The status that refuses what is under a second, deleted Azure plan of every customer; None: there is none."""
    currency: str = "USD"
    exchange_rate: Decimal = Decimal(1)

    @property
    def invoice_id(self) -> str:
        """The number of the month's invoice."""
        return f"G{self.month.first_day:%y%m}00{self.seed:04}"

    @property
    def reissued_id(self) -> str:
        """The number under which the invoice was issued anew."""
        return f"{self.invoice_id}R"

    @cached_property
    def invoiced(self) -> Decimal:
        """What the month's invoice comes to before tax, in cents."""
        rows = self.reconciliation(self.month, self.invoice_id)
        with localcontext(prec=60):
            return sum((row["Subtotal"] for row in rows), Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @cached_property
    def customers(self) -> tuple[TwinCustomer, ...]:
        """The customers, in the order in which they are listed."""
        return tuple(self._customer(number) for number in range(self.customer_count))

    def usage(self, month: BillingMonth, invoice_id: str) -> list[dict[str, Any]]:
        """Daily-rated usage of ``month`` as the billing export has it; ``invoice_id`` is ``""`` while unbilled."""
        first, last = month.first_day, month.last_day
        days = [first + timedelta(days=day) for day in range(min(self.days or 31, (last - first).days + 1))]
        charged = [
            self._usage_row(customer, subscription, meter, day, invoice_id)
            for customer in self.customers
            for subscription in customer.subscriptions
            for meter in range(len(_METERS))
            for day in days
        ]
        covered = [
            self._covered_row(customer, benefit, day, invoice_id)
            for number, customer in enumerate(self.customers)
            if (benefit := _BENEFITS.get(number % 3)) is not None
            for day in days
        ]
        return charged + covered

    def reconciliation(self, month: BillingMonth, invoice_id: str) -> list[dict[str, Any]]:
        """Invoice reconciliation: usage summed up by plan, meter and credit, and what usage does not hold."""
        rows = [*_summed_up(self.usage(month, invoice_id)), *self._purchases(month, invoice_id)]
        with localcontext(prec=60):
            return [{**row, **self._money(row.pop("Subtotal"))} for row in rows]

    def _customer(self, number: int) -> TwinCustomer:
        draw = random.Random(f"{self.seed} customer {number}")
        name = f"{_NAMES[number % len(_NAMES)]} {_TRADES[number % len(_TRADES)]} {number + 1}"
        subscriptions = tuple(
            TwinSubscription(_guid(draw), f"{name.split()[0]} {('production', 'test')[place]}")
            for place in range(1 + number % 2)
        )
        domain = f"{name.split()[0].lower()}{number + 1}.example"
        return TwinCustomer(_guid(draw), name, domain, _guid(draw), subscriptions)

    def _usage_row(
        self, customer: TwinCustomer, subscription: TwinSubscription, meter: int, day: date, invoice_id: str
    ) -> dict[str, Any]:
        category, name, unit, price, quantity = _METERS[meter]
        draw = random.Random(f"{self.seed} {subscription.subscription_id} {meter} {day}")
        has_credit = draw.random() < 0.8
        with localcontext(prec=60):
            used = Decimal(quantity) * draw.randint(1, 9)
            effective = Decimal(price) * (1 - _CREDIT) if has_credit else Decimal(price)
            cost = effective * used
            billed = cost * self.exchange_rate
        return {
            "PartnerId": PARTNER_TENANT,
            "PartnerName": "Twin Partner",
            "CustomerId": customer.tenant_id,
            "CustomerName": customer.name,
            "CustomerDomainName": customer.domain,
            "CustomerCountry": "DE",
            "MpnId": "1234567",
            "Tier2MpnId": "",
            "InvoiceNumber": invoice_id,
            "ProductId": f"DZH318Z0BP{meter:02}",
            "SkuId": f"{meter:04}",
            "AvailabilityId": f"DZH318Z0AV{meter:02}",
            "SkuName": name,
            "ProductName": category,
            "PublisherName": "Microsoft",
            "SubscriptionDescription": "Azure plan",
            "SubscriptionId": customer.plan_id,
            "ChargeStartDate": f"{day.replace(day=1).isoformat()}T00:00:00Z",
            "ChargeEndDate": f"{BillingMonth.of(day).last_day.isoformat()}T23:59:59Z",
            "UsageDate": f"{day.isoformat()}T00:00:00Z",
            "MeterType": f"{unit} - {name}",
            "MeterCategory": category,
            "MeterId": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            "MeterSubCategory": name.split()[0],
            "MeterName": name,
            "MeterRegion": "EU West",
            "Unit": unit,
            "ResourceLocation": _REGIONS[meter % len(_REGIONS)],
            "ConsumedService": "Microsoft.Compute",
            "ResourceGroup": "main",
            "ResourceURI": f"/subscriptions/{subscription.subscription_id}/resourceGroups/main/r{meter}",
            "ChargeType": "new",
            "UnitPrice": Decimal(price),
            "Quantity": used,
            "UnitType": unit,
            "BillingPreTaxTotal": billed,
            "BillingCurrency": self.currency,
            "PricingPreTaxTotal": cost,
            "PricingCurrency": "USD",
            "ServiceInfo1": "",
            "ServiceInfo2": "",
            "Tags": '{"env":"twin"}',
            "AdditionalInfo": "",
            "EffectiveUnitPrice": effective,
            "PCToBCExchangeRate": self.exchange_rate,
            "PCToBCExchangeRateDate": f"{day.replace(day=1).isoformat()}T00:00:00Z",
            "EntitlementId": subscription.subscription_id,
            "EntitlementDescription": subscription.name,
            "PartnerEarnedCreditPercentage": 15 if has_credit else 0,
            "CreditPercentage": 0,
            "CreditType": "",
            "BenefitOrderID": "",
            "BenefitID": "",
            "BenefitType": "",
        }

    def _covered_row(self, customer: TwinCustomer, benefit: str, day: date, invoice_id: str) -> dict[str, Any]:
        """Usage that a reservation or a savings plan pays for: it costs nothing, and its retail stands beside it."""
        row = self._usage_row(customer, customer.subscriptions[0], 0, day, invoice_id)
        nothing = dict.fromkeys(("EffectiveUnitPrice", "BillingPreTaxTotal", "PricingPreTaxTotal"), Decimal(0))
        return {
            **row,
            **nothing,
            "ResourceURI": f"{row['ResourceURI']}-covered",
            "PartnerEarnedCreditPercentage": 0,
            "BenefitOrderID": _benefit_order(customer),
            "BenefitID": _guid(random.Random(f"{customer.plan_id} benefit")),
            "BenefitType": benefit,
        }

    def _purchases(self, month: BillingMonth, invoice_id: str) -> list[dict[str, Any]]:
        """A licence for every customer, and for two of three the reservation or the savings plan that covers usage."""
        rows = []
        for number, customer in enumerate(self.customers):
            rows.append(_purchase(customer, month, invoice_id, "Microsoft 365 Business Premium", "18.26", 5 + number))
            benefit = _BENEFITS.get(number % 3)
            if benefit == _RESERVATION:
                bought = _purchase(customer, month, invoice_id, "Reserved VM Instance, D2s v5", "412.5083333333", 1)
                rows.append({**bought, "ReservationOrderId": _benefit_order(customer)})
            elif benefit == _SAVINGS_PLAN:
                rows.append(_purchase(customer, month, invoice_id, "Compute savings plan", "105.12", 1))
        return rows

    def _money(self, subtotal: Decimal) -> dict[str, Any]:
        """What a line of the reconciliation comes to, from what it does in the pricing currency."""
        billed = subtotal * self.exchange_rate
        tax = (billed * Decimal("0.19")).quantize(Decimal("0.01"))
        money = {"Subtotal": billed, "TaxTotal": tax, "Total": billed + tax, "Currency": self.currency}
        return {**money, "PricingCurrency": "USD", "PCToBCExchangeRate": self.exchange_rate}


def _benefit_order(customer: TwinCustomer) -> str:
    return _guid(random.Random(f"{customer.plan_id} reserved"))


def _purchase(
    customer: TwinCustomer, month: BillingMonth, invoice_id: str, product: str, price: str, quantity: int
) -> dict[str, Any]:
    subtotal = Decimal(price) * quantity
    return {
        **_head(customer.tenant_id, customer.name, invoice_id),
        "ProductId": "CFQ7TTC0LCHC",
        "SkuId": "0002",
        "AvailabilityId": "CFQ7TTC0K971",
        "SkuName": product,
        "ProductName": product,
        "ChargeType": "cycleCharge",
        "UnitPrice": Decimal(price),
        "EffectiveUnitPrice": Decimal(price),
        "Quantity": quantity,
        "BillableQuantity": quantity,
        "Subtotal": subtotal,
        "SubscriptionDescription": product,
        "SubscriptionId": str(uuid.uuid5(uuid.NAMESPACE_OID, customer.tenant_id + product)),
        "ChargeStartDate": f"{month.first_day.isoformat()}T00:00:00Z",
        "ChargeEndDate": f"{month.last_day.isoformat()}T00:00:00Z",
        "UnitType": "Licenses",
        "MeterDescription": "",
        "ReservationOrderId": "",
    }


def _summed_up(usage: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Azure plan consumption as the invoice has it: a line for each plan, meter and rate of credit.

    What a benefit covers is no line of it.
    """
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in usage:
        if row["BenefitType"]:
            continue
        key = (row["SubscriptionId"], row["ProductId"], str(row["EffectiveUnitPrice"]))
        found.setdefault(key, []).append(row)
    rows = []
    for group in found.values():
        first = group[0]
        with localcontext(prec=60):
            quantity = sum((row["Quantity"] for row in group), Decimal(0))
            subtotal = sum((row["PricingPreTaxTotal"] for row in group), Decimal(0))
        kept = ("ProductId", "SkuId", "AvailabilityId", "SkuName", "ProductName", "SubscriptionDescription")
        same = ("SubscriptionId", "ChargeStartDate", "ChargeEndDate", "UnitPrice", "EffectiveUnitPrice", "UnitType")
        rows.append(
            {
                **_head(first["CustomerId"], first["CustomerName"], first["InvoiceNumber"]),
                **{name: first[name] for name in (*kept, *same)},
                "ChargeType": "new",
                "Quantity": quantity,
                "BillableQuantity": quantity,
                "Subtotal": subtotal,
                "MeterDescription": first["MeterName"],
                "ReservationOrderId": "",
            }
        )
    return rows


def _head(tenant_id: str, name: str, invoice_id: str) -> dict[str, Any]:
    return {
        "PartnerId": PARTNER_TENANT,
        "CustomerId": f"org:{tenant_id}",
        "CustomerName": name,
        "CustomerCountry": "DE",
        "InvoiceNumber": invoice_id,
        "MpnId": "1234567",
        "OrderId": str(uuid.uuid5(uuid.NAMESPACE_OID, tenant_id))[:12],
        "OrderDate": "2024-01-05T00:00:00Z",
        "PublisherName": "Microsoft",
        "TermAndBillingCycle": "1 Month term, monthly billing",
    }


def _guid(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))
