"""Imported cost beside Microsoft's invoices: what is compared, what stands apart, what holds a month back."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.audit import Act
from rebill.model.closing import BlockerKind
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.listing import Page
from rebill.model.manual_line import NewManualLine
from rebill.model.microsoft_invoice import InvoiceKind, NewMicrosoftInvoice
from rebill.model.party import Caller, Role
from rebill.model.reconciliation import CostKind
from rebill.services.acting.installation import Installation
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from rebill.services.reconciling.enter_invoice import enter_invoice
from rebill.services.reconciling.read_invoices import list_invoices
from rebill.services.reconciling.reconcile_month import reconcile_month
from rebill.services.reconciling.withdraw_invoice import withdraw_invoice
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, OCTOBER, cost, refused
from tests.services.microsoft_months import NUMBER, TENANT, MicrosoftPartner, bought, summed, told, used
from tests.services.months import SEPTEMBER, charge
from tests.sources.test_layouts import COST_MANAGEMENT

SUBSCRIPTION = used("1")["EntitlementId"]


@pytest.fixture
def microsoft(installation: Installation, partner: Caller, tmp_path: Path) -> MicrosoftPartner:
    return MicrosoftPartner(installation, partner, tmp_path)


def test_an_invoice_with_its_credit_note_is_what_usage_and_the_rest_of_it_cost(microsoft: MicrosoftPartner) -> None:
    """Usage of 30.00 and a reservation of 204, invoiced at 240, less a credit of 6: nothing is left over.

    The invoice's own summary of the usage, 29.99 after rounding each meter, is compared with it and counts no second
    time. Its tax stands apart.
    """
    microsoft.delivered("usage", [used("10.004"), used("9.996", day="9/4/2024"), used("10.00", "Disk")])
    microsoft.delivered("invoice", [summed("20.00"), summed("9.99", "Disk"), bought("204", TaxTotal="20")])
    microsoft.invoiced("240")
    assert told(microsoft.reconciled()) == [
        f"{NUMBER} 240 - 234 = 6 USD out",
        "2024-09 240 - 234 = 6 USD out",
    ]
    microsoft.invoiced("-6", "G0CREDIT", kind=InvoiceKind.CREDIT_NOTE, amends=NUMBER)
    found, details = microsoft.reconciled_in_full()
    assert told(found) == [f"{NUMBER} 234 - 234 = 0 USD", "2024-09 234 - 234 = 0 USD"]
    (invoice,) = found.invoices
    assert (invoice.cost.tax, invoice.cost.amount(CostKind.TIE_OUT)) == (Decimal(20), Decimal("29.99"))
    assert (invoice.cost.consumption, invoice.cost.tie_out_difference) == (Decimal(30), Decimal("-0.01"))
    assert (details.differing_meters, details.meter_count) == (1, 2)
    (meter,) = details.meters
    assert (meter.product, meter.meter, meter.tenant) == ("product of Disk", "Disk", TENANT)
    assert (meter.summed, meter.used, meter.difference) == (Decimal("9.99"), Decimal(10), Decimal("-0.01"))
    assert found.is_within


@pytest.mark.parametrize(
    ("currency", "below", "least"),
    [("USD", "10.009999999995", "10.01"), ("JPY", "10.999", "11"), ("KWD", "10.0009", "10.001")],
)
def test_a_meter_differs_from_the_smallest_amount_of_its_currency_on(
    microsoft: MicrosoftPartner, currency: str, below: str, least: str
) -> None:
    """Sums of thousands of days differ in their last decimals from a summary that was multiplied once."""
    for written, differing in ((below, 0), (least, 1)):
        microsoft.delivered("usage", [used("10", BillingCurrency=currency)])
        microsoft.delivered("invoice", [summed(written, Currency=currency)])
        _, details = microsoft.reconciled_in_full()
        assert (details.differing_meters, len(details.meters), details.meter_count) == (differing, differing, 1), (
            written
        )


def test_usage_that_was_not_imported_is_missed_by_meter(microsoft: MicrosoftPartner) -> None:
    """Consumption in the invoice is never billed: where its usage is missing, that holds the month back."""
    customer = microsoft.customer("First")
    microsoft.delivered("usage", [used("10")])
    microsoft.subscriptions(customer, SUBSCRIPTION)
    microsoft.delivered("invoice", [summed("10"), summed("25", "Disk")])
    microsoft.run()
    with pytest.raises(Conflict) as held:
        microsoft.finalize()
    assert refused(held.value) == ("finalizing_blocked", {"out_of_tolerance"})
    assert "sums up usage of 35 USD" in held.value.fields["out_of_tolerance"]
    _, details = microsoft.reconciled_in_full()
    assert [(one.product, one.summed_lines, one.used_lines) for one in details.meters] == [("product of Disk", 1, 0)]
    microsoft.delivered("usage", [used("10"), used("24.90", "Disk")])
    microsoft.run()
    assert microsoft.finalize().documents


def test_a_month_out_of_tolerance_is_held_back_until_somebody_says_why(microsoft: MicrosoftPartner) -> None:
    customer = microsoft.customer("First")
    microsoft.delivered("usage", [used("1000")])
    microsoft.subscriptions(customer, SUBSCRIPTION)
    microsoft.run()
    microsoft.invoiced("1100")
    with pytest.raises(Conflict) as held:
        microsoft.finalize()
    assert refused(held.value) == ("finalizing_blocked", {"out_of_tolerance", "out_of_tolerance 2"})
    done = microsoft.finalize(override="Microsoft is told of it")
    assert [blocker.kind for blocker in done.overridden] == [BlockerKind.OUT_OF_TOLERANCE] * 2


def test_the_tolerance_is_a_percent_or_an_amount_whichever_is_more(microsoft: MicrosoftPartner) -> None:
    microsoft.delivered("usage", [used("1000")])
    for total, within in (("1005", True), ("1005.02", True), ("1005.03", False), ("994.98", False), ("995.5", True)):
        microsoft.invoiced(total)
        assert microsoft.reconciled().is_within is within, total
    microsoft.settle(tolerance_percent=Decimal("0.1"), tolerance_amount=Decimal(2))
    microsoft.invoiced("1002")
    assert microsoft.reconciled().is_within
    microsoft.invoiced("1002.01")
    assert not microsoft.reconciled().is_within


def test_every_line_of_a_month_stands_in_one_place(microsoft: MicrosoftPartner) -> None:
    """Rounding, lines without customer or invoice, other months' and other providers' cost, tax: each by itself."""
    export = [
        cost(SEPTEMBER, "100", InvoiceId="G1"),
        cost(SEPTEMBER, "7", InvoiceId="G1", SubAccountId="", ChargeCategory="Purchase"),
        cost(SEPTEMBER, "0.03", InvoiceId="G1", SubAccountId="", **_ROUNDING),
        cost(SEPTEMBER, "19", InvoiceId="G1", ChargeCategory="Tax"),
        cost(SEPTEMBER, "40", InvoiceId="G2"),
        cost(SEPTEMBER, "3", InvoiceId=""),
        cost(SEPTEMBER, "5", InvoiceId="G0"),
        cost(SEPTEMBER, "900", InvoiceId="A1", ProviderName="AWS"),
    ]
    microsoft.deliver(SEPTEMBER, *export)
    microsoft.deliver(OCTOBER, cost(OCTOBER, "2", InvoiceId="G1"), scope="late")
    microsoft.invoiced("109.03", "G1")
    microsoft.invoiced("77", "G0", AUGUST)
    found, details = microsoft.reconciled_in_full()
    assert told(found) == [
        "G1 109.03 - 109.03 = 0 USD",
        "G2 not entered: 40 USD",
        "2024-09 109.03 - 152.03 = -43 USD out",
    ]
    g1 = found.invoices[0].cost
    assert g1.amounts == {
        CostKind.CHARGE: Decimal(102),
        CostKind.WITHOUT_CUSTOMER: Decimal(7),
        CostKind.ROUNDING: Decimal("0.03"),
        CostKind.TAX: Decimal(19),
    }
    (month,) = found.currencies
    apart = (month.not_entered, month.without_invoice, month.other_months, month.other_providers)
    assert [one.compared for one in apart] == [Decimal(40), Decimal(3), Decimal(5), Decimal(900)]
    (rounding,) = details.rounding_lines
    assert (rounding.invoice, rounding.description, rounding.cost) == ("G1", "Rounding adjustment", Decimal("0.03"))
    assert (rounding.source_row, details.rounding_count) == (3, 1)


_ROUNDING = {"ChargeCategory": "Adjustment", "ChargeDescription": "Rounding adjustment"}


def test_cost_that_names_no_invoice_at_all_is_compared_as_a_month(microsoft: MicrosoftPartner) -> None:
    """FOCUS before 1.2 has no invoice: what was invoiced is compared with the month, not with nothing."""
    microsoft.deliver(SEPTEMBER, charge("2024-09-02", "250", SubAccountId="s-1"))
    microsoft.invoiced("200")
    microsoft.invoiced("50.10", "G2")
    found = microsoft.reconciled()
    assert [one.is_judged for one in found.invoices] == [False, False]
    assert told(found)[-1] == "2024-09 250.1 - 250 = 0.1 USD"
    assert found.is_within
    microsoft.invoiced("60.10", "G2")
    assert not microsoft.reconciled().is_within


def test_what_is_in_no_file_is_entered_by_hand_and_counts(microsoft: MicrosoftPartner) -> None:
    """A one-time adjustment on the invoice is in no file: its manual line's cost is part of what is compared."""
    customer = microsoft.customer("First")
    microsoft.delivered("usage", [used("100")])
    microsoft.invoiced("88")
    assert not microsoft.reconciled().is_within
    line = NewManualLine(customer, OCTOBER, Decimal(-13), "Credit", cost=Decimal(-12), invoice_id=NUMBER)
    enter_manual_line(microsoft.installation, microsoft.caller, line)
    found = microsoft.reconciled()
    assert told(found)[0] == f"{NUMBER} 88 - 88 = 0 USD"
    assert found.invoices[0].cost.amount(CostKind.MANUAL) == Decimal(-12)


def test_rates_of_exchange_are_kept_and_shown_with_the_cost_under_each(microsoft: MicrosoftPartner) -> None:
    euro = {"BillingCurrency": "EUR", "PCToBCExchangeRateDate": "8/31/2024"}
    first, second = {**euro, "PCToBCExchangeRate": "0.846202666"}, {**euro, "PCToBCExchangeRate": "0.85"}
    microsoft.delivered("usage", [used("8.46", **first), used("1", "Disk", **second), used("3", "Queue")])
    _, details = microsoft.reconciled_in_full()
    assert [(one.pricing_currency, one.currency, one.rate, one.day, one.cost) for one in details.exchange_rates] == [
        ("USD", "EUR", "0.846202666", "8/31/2024", Decimal("8.46")),
        ("USD", "EUR", "0.85", "8/31/2024", Decimal(1)),
    ]


def test_currencies_never_mix(microsoft: MicrosoftPartner) -> None:
    euro = {"BillingCurrency": "EUR", "PCToBCExchangeRate": "0.85"}
    microsoft.delivered("usage", [used("10"), used("20", "Disk", **euro)])
    microsoft.invoiced("10")
    assert told(microsoft.reconciled()) == [
        f"{NUMBER} not entered: 20 EUR",
        f"{NUMBER} 10 - 10 = 0 USD",
        "2024-09 not entered: 20 EUR",
        "2024-09 10 - 10 = 0 USD",
    ]


def test_a_month_without_an_invoice_is_held_back_by_nothing(microsoft: MicrosoftPartner) -> None:
    customer = microsoft.customer("First")
    microsoft.delivered("usage", [used("10")])
    microsoft.subscriptions(customer, SUBSCRIPTION)
    microsoft.run()
    assert microsoft.reconciled().is_within
    assert microsoft.finalize().documents
    assert microsoft.reconciled(AUGUST).currencies == ()


def test_an_invoice_entered_again_replaces_what_was_entered(microsoft: MicrosoftPartner, clock: SettableClock) -> None:
    first = microsoft.invoiced("10")
    assert microsoft.invoiced("10") == first, "the same again changes nothing"
    clock.now = datetime(2024, 10, 16, tzinfo=UTC)
    second = microsoft.invoiced("11")
    assert told(microsoft.reconciled())[-1] == "2024-09 11 - 0 = 11 USD out"
    listed = list_invoices(microsoft.installation, microsoft.caller, Page()).items
    assert [(one.microsoft_invoice_id, one.withdrawn_at is None) for one in listed] == [
        (first.microsoft_invoice_id, False),
        (second.microsoft_invoice_id, True),
    ]
    withdraw_invoice(microsoft.installation, microsoft.caller, second.microsoft_invoice_id)
    assert told(microsoft.reconciled()) == []
    with pytest.raises(NotFound):
        withdraw_invoice(microsoft.installation, microsoft.caller, second.microsoft_invoice_id)
    trail = newest_audit_entries(microsoft.installation, microsoft.caller, AuditFilter(), 3)
    assert [one.entry.act for one in trail] == [Act.ENTER_INVOICE, Act.ENTER_INVOICE, Act.WITHDRAW_INVOICE]


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewMicrosoftInvoice(" ", SEPTEMBER, "USD", Decimal(1)), "number"),
        (NewMicrosoftInvoice("G1", SEPTEMBER, "XXL", Decimal(1)), "currency"),
        (NewMicrosoftInvoice("G1", SEPTEMBER, "USD", Decimal(10) ** 17), "total"),
        (NewMicrosoftInvoice("G2", SEPTEMBER, "USD", Decimal(1), InvoiceKind.CREDIT_NOTE, "G1"), "total"),
        (NewMicrosoftInvoice("G2", SEPTEMBER, "USD", Decimal(-1), InvoiceKind.VOID_NOTE), "amends"),
        (NewMicrosoftInvoice("G2", SEPTEMBER, "USD", Decimal(1), InvoiceKind.ADJUSTMENT_NOTE, "G2"), "amends"),
        (NewMicrosoftInvoice("G2", SEPTEMBER, "USD", Decimal(1), amends="G1"), "amends"),
        (NewMicrosoftInvoice("G3", SEPTEMBER, "USD", Decimal(1), InvoiceKind.ADJUSTMENT_NOTE, "G0NOTE"), "amends"),
        (NewMicrosoftInvoice(NUMBER, SEPTEMBER, "USD", Decimal(1), InvoiceKind.ADJUSTMENT_NOTE, "G3"), "amends"),
    ],
)
def test_an_invoice_that_cannot_be_is_refused(
    microsoft: MicrosoftPartner, new: NewMicrosoftInvoice, field: str
) -> None:
    microsoft.invoiced("100")
    microsoft.invoiced("-1", "G0NOTE", kind=InvoiceKind.CREDIT_NOTE, amends=NUMBER)
    with pytest.raises(Invalid) as fault:
        enter_invoice(microsoft.installation, microsoft.caller, new)
    assert set(fault.value.fields) == {field}


def test_no_customer_reads_what_the_partner_pays(microsoft: MicrosoftPartner) -> None:
    customer = microsoft.customer("First")
    reader = Caller(microsoft.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer)
    for act in (
        lambda: reconcile_month(microsoft.installation, reader, SEPTEMBER),
        lambda: list_invoices(microsoft.installation, reader, Page()),
    ):
        with pytest.raises(Forbidden):
            act()


def test_another_partners_invoices_are_not_there(microsoft: MicrosoftPartner, other_partner: Caller) -> None:
    kept = microsoft.invoiced("10")
    assert list_invoices(microsoft.installation, other_partner, Page()).items == []
    with pytest.raises(NotFound):
        withdraw_invoice(microsoft.installation, other_partner, kept.microsoft_invoice_id)
    found, _ = reconcile_month(microsoft.installation, other_partner, SEPTEMBER)
    assert found.invoices == ()


def test_microsofts_own_words_tell_a_rounding_adjustment_and_a_rate(microsoft: MicrosoftPartner) -> None:
    """An export for partners names its rounding by the charge type, and a FOCUS export the rate by its own column."""
    export = {**COST_MANAGEMENT, "billingCurrency": "EUR", "exchangeRatePricingToBilling": "0.85"}
    nobody = {"customerTenantId": "", "SubscriptionId": "", "chargeType": "RoundingAdjustment"}
    microsoft.delivered("export", [export, {**export, **nobody, "costInBillingCurrency": "-0.01"}])
    rate = {"x_BillingExchangeRate": "0.86", "PricingCurrency": "USD", "BillingCurrency": "EUR"}
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "7", InvoiceId="G2", **rate), scope="focus")
    found, details = microsoft.reconciled_in_full()
    assert [(one.invoice, one.cost) for one in details.rounding_lines] == [("G1", Decimal("-0.01"))]
    assert found.invoices[0].cost.amount(CostKind.ROUNDING) == Decimal("-0.01")
    assert [(one.rate, one.cost) for one in details.exchange_rates] == [
        ("0.85", Decimal("1.49")),
        ("0.86", Decimal(7)),
    ]
