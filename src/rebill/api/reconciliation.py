"""A month's imported cost beside Microsoft's invoices: never a customer's own call."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.microsoft_invoices import MicrosoftInvoiceAnswer, microsoft_invoice_answer
from rebill.api.pointing import Sentence
from rebill.api.query import month
from rebill.api.route import Route, partner_wide
from rebill.model.errors import Invalid
from rebill.model.money import shortest_text
from rebill.model.months import BillingMonth
from rebill.model.reconciliation import (
    Cost,
    CostKind,
    InvoiceComparison,
    MeterComparison,
    MonthComparison,
    Reconciliation,
    ReconciliationDetails,
    Tolerance,
)
from rebill.services.acting.permission import Permission
from rebill.services.reconciling.reconcile_month import reconcile_month

_Difference = Annotated[str | None, Field(description="Invoiced less compared; null where no invoice was entered.")]


class ToleranceAnswer(AnswerShape):
    """How much cost may differ: `percent` of an invoice, or `amount`, whichever is more."""

    percent: str
    amount: str


class CostAnswer(AnswerShape):
    """What cost consists of; `tax` and `tie_out` are no part of `compared`."""

    compared: ExactText
    charges: ExactText
    without_customer: Annotated[str, Field(description="Of lines that name neither subscription nor tenant.")]
    rounding: Annotated[str, Field(description="Microsoft's rounding adjustments.")]
    manual: Annotated[str, Field(description="The cost of manual lines.")]
    tax: ExactText
    tie_out: Annotated[str, Field(description="What the invoice sums up of usage; it is never billed.")]
    usage: Annotated[str, Field(description="The daily usage among `compared`, which `tie_out` sums up.")]
    lines: int

    @classmethod
    def of(cls, cost: Cost) -> "CostAnswer":
        """The answer of a cost."""
        return cls(
            compared=shortest_text(cost.compared),
            charges=shortest_text(cost.amount(CostKind.CHARGE)),
            without_customer=shortest_text(cost.amount(CostKind.WITHOUT_CUSTOMER)),
            rounding=shortest_text(cost.amount(CostKind.ROUNDING)),
            manual=shortest_text(cost.amount(CostKind.MANUAL)),
            tax=shortest_text(cost.tax),
            tie_out=shortest_text(cost.amount(CostKind.TIE_OUT)),
            usage=shortest_text(cost.consumption),
            lines=sum(cost.counts.values()),
        )


class ComparedInvoiceAnswer(AnswerShape):
    """An invoice with what amends it, beside the cost that names any of them."""

    invoice: str
    currency: str
    documents: Annotated[list[MicrosoftInvoiceAnswer], Field(description="As they were entered; [] where none was.")]
    total: Annotated[str | None, Field(description="Of the documents, signed; null where none was entered.")]
    cost: CostAnswer
    difference: _Difference
    judged: Annotated[bool, Field(description="false: no cost of the month names an invoice; see `currencies`.")]
    within_tolerance: bool
    tie_out_difference: Annotated[str | None, Field(description="`tie_out` less `usage`; null without a summary.")]
    ties_out: bool

    @classmethod
    def of(cls, one: InvoiceComparison, tolerance: Tolerance) -> "ComparedInvoiceAnswer":
        """The answer of a comparison."""
        return cls(
            invoice=one.invoice,
            currency=one.currency,
            documents=[microsoft_invoice_answer(document) for document in one.documents],
            total=_optional(one.total),
            cost=CostAnswer.of(one.cost),
            difference=_optional(one.difference),
            judged=one.is_judged,
            within_tolerance=one.is_within(tolerance),
            tie_out_difference=_optional(one.cost.tie_out_difference),
            ties_out=one.ties_out(tolerance),
        )


class ComparedCurrencyAnswer(AnswerShape):
    """The month's invoices in one currency, beside its cost."""

    currency: str
    total: Annotated[str | None, Field(description="Of the month's invoices; null where none was entered.")]
    compared: Annotated[str, Field(description="`invoiced`, `not_entered` and `without_invoice` together.")]
    difference: _Difference
    within_tolerance: bool
    invoiced: CostAnswer
    not_entered: Annotated[CostAnswer, Field(description="Names invoices that nobody entered.")]
    without_invoice: Annotated[CostAnswer, Field(description="Names no invoice.")]
    other_months: Annotated[CostAnswer, Field(description="Names invoices of other months; apart.")]
    other_providers: Annotated[CostAnswer, Field(description="Not Microsoft's, and of no invoice here; apart.")]

    @classmethod
    def of(cls, one: MonthComparison, tolerance: Tolerance) -> "ComparedCurrencyAnswer":
        """The answer of a comparison."""
        return cls(
            currency=one.currency,
            total=_optional(one.total),
            compared=shortest_text(one.compared),
            difference=_optional(one.difference),
            within_tolerance=one.is_within(tolerance),
            invoiced=CostAnswer.of(one.invoiced),
            not_entered=CostAnswer.of(one.not_entered),
            without_invoice=CostAnswer.of(one.without_invoice),
            other_months=CostAnswer.of(one.other_months),
            other_providers=CostAnswer.of(one.other_providers),
        )


class MeterAnswer(AnswerShape):
    """A meter of a plan whose usage differs from what the invoice sums up by its currency's smallest amount or more."""

    invoice: str
    currency: str
    plan_id: str | None
    product_id: str | None
    sku_id: str | None
    availability_id: str | None
    azure_customer_id: str | None
    meter: str | None
    tie_out: ExactText
    usage: ExactText
    difference: ExactText

    @classmethod
    def of(cls, one: MeterComparison) -> "MeterAnswer":
        """The answer of a meter."""
        return cls(
            invoice=one.invoice,
            currency=one.currency,
            plan_id=one.plan,
            product_id=one.product,
            sku_id=one.sku,
            availability_id=one.availability,
            azure_customer_id=one.tenant,
            meter=one.meter,
            tie_out=shortest_text(one.summed),
            usage=shortest_text(one.used),
            difference=shortest_text(one.difference),
        )


class ExchangeRateAnswer(AnswerShape):
    """Cost that was converted at one rate."""

    pricing_currency: str | None
    currency: str
    rate: Annotated[str, Field(description="As the source writes it.")]
    date: str | None
    lines: int
    cost: ExactText


class RoundingAnswer(AnswerShape):
    """A rounding adjustment of Microsoft's, and where it stands."""

    invoice: str | None
    currency: str
    description: str
    file: str
    row: int
    cost: ExactText


class ReconciliationAnswer(AnswerShape):
    """A month's cost beside Microsoft's invoices."""

    billing_period: str
    within_tolerance: bool
    faults: Annotated[list[Sentence], Field(description="What is out of tolerance, and what to do about it.")]
    tolerance: ToleranceAnswer
    invoices: list[ComparedInvoiceAnswer]
    currencies: list[ComparedCurrencyAnswer]
    meters: Annotated[list[MeterAnswer], Field(description="Those that differ most, at most 100.")]
    differing_meters: int
    meter_count: int
    exchange_rates: list[ExchangeRateAnswer]
    rounding_adjustments: Annotated[list[RoundingAnswer], Field(description="The greatest of them, at most 100.")]
    rounding_count: int


def show(call: Call) -> Answer:
    """Compare a month's imported cost with Microsoft's invoices and credit notes, before tax.

    By invoice, then by currency; usage beside the invoice's own summary of it, by plan and meter. Differences are
    shown, never spread.
    """
    found, details = reconcile_month(call.installation, call.caller, required_month(call))
    return Answer.json(200, reconciliation_answer(found, details))


def required_month(call: Call) -> BillingMonth:
    """The `billing_period` of a call that is about one month."""
    period = call.parameters.month("billing_period")
    if period is None:
        raise Invalid("month_required", "This is told of one month: name it.", {"billing_period": "is required"})
    return period


def reconciliation_answer(found: Reconciliation, details: ReconciliationDetails) -> ReconciliationAnswer:
    """A reconciliation as calls and commands show it; amounts exact."""
    tolerance = found.tolerance
    return ReconciliationAnswer(
        billing_period=str(found.month),
        within_tolerance=found.is_within,
        faults=list(found.faults),
        tolerance=ToleranceAnswer(percent=shortest_text(tolerance.percent), amount=shortest_text(tolerance.amount)),
        invoices=[ComparedInvoiceAnswer.of(one, tolerance) for one in found.invoices],
        currencies=[ComparedCurrencyAnswer.of(one, tolerance) for one in found.currencies],
        meters=[MeterAnswer.of(one) for one in details.meters],
        differing_meters=details.differing_meters,
        meter_count=details.meter_count,
        exchange_rates=[
            ExchangeRateAnswer(
                pricing_currency=one.pricing_currency,
                currency=one.currency,
                rate=one.rate,
                date=one.day,
                lines=one.lines,
                cost=shortest_text(one.cost),
            )
            for one in details.exchange_rates
        ],
        rounding_adjustments=[
            RoundingAnswer(
                invoice=one.invoice,
                currency=one.currency,
                description=one.description,
                file=one.source_file,
                row=one.source_row,
                cost=shortest_text(one.cost),
            )
            for one in details.rounding_lines
        ],
        rounding_count=details.rounding_count,
    )


def _optional(amount: Decimal | None) -> str | None:
    return None if amount is None else shortest_text(amount)


ROUTES = partner_wide(
    Route(
        "GET",
        "/v1/reconciliation",
        Permission.READ,
        show,
        "Compare a month's cost with Microsoft's invoices",
        {200: ReconciliationAnswer},
        (month("billing_period", "The billing month; required."),),
    ),
)
