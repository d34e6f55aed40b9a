"""Daily usage and the reconciliation of its invoice make one complete bill, and no cost counts twice."""

import csv
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.assignment import AssignmentOrder
from rebill.model.data_set import CostImport, CostImportOrder, RejectedDelivery
from rebill.model.errors import Conflict, Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.microsoft_invoice import NewMicrosoftInvoice
from rebill.model.party import Caller
from rebill.model.rating import Attention
from rebill.model.terms import CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.reconciling.enter_invoice import enter_invoice
from tests.services.months import SEPTEMBER, Month, charge
from tests.services.steps import listed
from tests.sources.test_layouts import COST_MANAGEMENT, DAILY_RATED, INVOICE, USAGE

TENANT = "d7f565f5-0000-4000-8000-000000000001"
SUBSCRIPTION = USAGE["EntitlementId"]


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    return Month(installation, partner, tmp_path)


def _imported(month: Month, name: str, *rows: Mapping[str, str]) -> CostImport:
    file = _written(month.folder / name, rows)
    return import_costs(month.installation, month.caller, CostImportOrder((file,), period=SEPTEMBER))


def _written(file: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, DAILY_RATED if "UsageDate" in rows[0] else list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def test_consumption_in_the_invoice_is_compared_and_not_billed_again(month: Month) -> None:
    """Usage of 0.41 and a reservation of 204: the invoice sums the usage up once more, as 0.41, which counts once."""
    customer = month.customer("First")
    same_currency = {**USAGE, "BillingCurrency": "USD", "PCToBCExchangeRate": "1"}
    _imported(month, "usage.csv", same_currency)
    consumption = {**INVOICE, "MeterDescription": "D2 v3", "ReservationOrderId": "", "Subtotal": "0.41"}
    (data_set,) = _imported(month, "invoice.csv", INVOICE, consumption).data_sets
    (found,) = data_set.sums
    assert (data_set.rows, data_set.rated_rows, data_set.view) == (2, 1, "invoice")
    assert (found.partner_cost, found.tie_out_rows, found.tie_out_cost) == (Decimal(204), 1, Decimal("0.41"))
    month.subscriptions(customer, SUBSCRIPTION)
    run = run_bill(month.installation, month.caller, SEPTEMBER)
    (balance,) = run.balance
    assert (balance.imported, balance.billed, balance.unassigned) == (Decimal("204.41"), Decimal("0.41"), Decimal(204))


@pytest.mark.parametrize(
    ("commitments", "price", "no_effective"),
    [
        (CommitmentsPolicy.AS_BOUGHT, "61.00", 0),
        (CommitmentsPolicy.RETAIL, "101.00", 0),
        (CommitmentsPolicy.AMORTIZED, "1.00", 1),
    ],
)
def test_a_reservation_of_the_invoice_and_the_usage_that_it_covers_are_not_both_paid(
    month: Month, commitments: CommitmentsPolicy, price: str, no_effective: int
) -> None:
    """A reservation of 60 covers usage of 100 at retail, beside usage of 1 that it does not cover.

    Microsoft's billing exports do not say what of the reservation falls on a day: spread over them it costs nothing,
    and the lines are looked at.
    """
    customer = month.customer("First", basis="list", commitments=commitments)
    plain = {**USAGE, "BillingCurrency": "USD", "PCToBCExchangeRate": "1", "UnitPrice": "1", "Quantity": "1"}
    plain |= {"BillingPreTaxTotal": "1", "EffectiveUnitPrice": "1", "CustomerId": TENANT}
    covered = {**plain, "Quantity": "100", "BillingPreTaxTotal": "0", "BenefitOrderId": INVOICE["ReservationOrderId"]}
    _imported(month, "usage.csv", plain, covered)
    _imported(month, "invoice.csv", {**INVOICE, "CustomerId": TENANT, "Subtotal": "60"})
    listed(month.installation, month.caller, TENANT)
    order = AssignmentOrder(AccountKind.AZURE_CUSTOMER, customer, (TENANT,))
    assert not assign_accounts(month.installation, month.caller, order).faults
    run = run_bill(month.installation, month.caller, SEPTEMBER)
    (statement,) = run.statements
    assert statement.statement.price_text == price
    assert dict(run.attention).get(Attention.NO_EFFECTIVE, 0) == no_effective


def test_the_view_is_part_of_a_delivery(month: Month) -> None:
    month.cost(
        charge("2024-09-03", "1", SubAccountId=SUBSCRIPTION, BillingAccountId=USAGE["PartnerId"], x_CustomerId=TENANT)
    )
    same = {**USAGE, "BillingCurrency": "USD", "PCToBCExchangeRate": "1"}
    with pytest.raises(Conflict) as refused:
        _imported(month, "usage.csv", same)
    assert refused.value.code == "double_counting"


EXPORTED = {**COST_MANAGEMENT, "date": "09/03/2024"}
"""The day's cost of ``USAGE`` as Cost Management exports it: under a billing profile, where that names the partner."""


def test_one_cost_that_comes_by_two_ways_is_refused_however_each_names_the_billing_account(month: Month) -> None:
    _imported(month, "usage.csv", USAGE)
    as_focus = charge("2024-09-03", "1", SubAccountId=SUBSCRIPTION, BillingAccountId="/billingProfiles/profile")
    ways: tuple[Callable[[], object], ...] = (
        lambda: _imported(month, "export.csv", EXPORTED),
        lambda: month.cost(as_focus),
    )
    for bring in ways:
        with pytest.raises(Conflict) as refused:
            bring()
        assert refused.value.code == "double_counting"
        assert SUBSCRIPTION.lower() in refused.value.message
    _imported(month, "another_day.csv", {**EXPORTED, "date": "09/04/2024"})
    _imported(month, "another.csv", {**EXPORTED, "SubscriptionId": "66bada28-0000-4000-8000-000000000099"})


def test_purchases_of_a_tenant_that_come_by_two_ways_are_refused(month: Month) -> None:
    bought = {**COST_MANAGEMENT, "chargeType": "Purchase", "SubscriptionId": "", "date": "09/03/2024"}
    _imported(month, "invoice.csv", INVOICE)
    with pytest.raises(Conflict) as refused:
        _imported(month, "export.csv", bought)
    assert refused.value.code == "double_counting"
    _imported(month, "another_tenant.csv", {**bought, "customerTenantId": "d7f565f5-0000-4000-8000-000000000099"})
    _imported(month, "rounding.csv", {**bought, "chargeType": "RoundingAdjustment", "customerTenantId": ""})


def test_an_export_of_one_subscription_is_part_of_that_of_its_billing_profile(month: Month) -> None:
    """Exports of a subscription name no billing account; two billing accounts may have one subscription on a day."""
    _imported(month, "profile.csv", EXPORTED)
    with pytest.raises(Conflict) as refused:
        _imported(month, "subscription.csv", {**EXPORTED, "billingProfileId": "", "billingAccountId": ""})
    assert refused.value.code == "double_counting"
    _imported(month, "moved.csv", {**EXPORTED, "billingProfileId": "another profile"})


def test_two_views_are_two_deliveries(month: Month) -> None:
    files = []
    for name, row in (("usage.csv", USAGE), ("invoice.csv", INVOICE)):
        files.append(month.folder / name)
        with files[-1].open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, DAILY_RATED if name == "usage.csv" else list(row), restval="")
            writer.writeheader()
            writer.writerow(row)
    with pytest.raises(Invalid) as refused:
        import_costs(month.installation, month.caller, CostImportOrder(tuple(files), period=SEPTEMBER))
    assert refused.value.code == "mixed_views"
    assert "invoice.csv" in refused.value.fields


def test_a_line_belongs_to_the_month_of_the_invoice_that_it_names(month: Month) -> None:
    """Entered or read by a sync, an invoice has its month; a line of one that nobody knows is told, and not guessed."""

    def imported(*numbers: str) -> list[tuple[str, int]]:
        file = _written(month.folder / "invoice.csv", [{**INVOICE, "InvoiceNumber": number} for number in numbers])
        done = import_costs(month.installation, month.caller, CostImportOrder((file,), scope="reconciliation"))
        return [(str(one.billing_month), one.rows) for one in done.data_sets]

    with pytest.raises(Invalid) as refused:
        imported("G1")
    assert "add --period" in refused.value.message
    for number, of in (("G1", SEPTEMBER), ("G2", SEPTEMBER.following)):
        new = NewMicrosoftInvoice(number, of, "USD", Decimal(1))
        enter_invoice(month.installation, month.caller, new)
    assert imported("G1", "G2", " G1") == [(str(SEPTEMBER), 2), (str(SEPTEMBER.following), 1)]
    file = _written(month.folder / "other.csv", [{**INVOICE, "InvoiceNumber": number} for number in ("G2", "G3")])
    order = CostImportOrder((file,), scope="reconciliation", period=SEPTEMBER)
    # What is said for the delivery is for lines of unknown invoices.
    months = [(one.billing_month, one.rows) for one in import_costs(month.installation, month.caller, order).data_sets]
    assert months == [(SEPTEMBER, 1), (SEPTEMBER.following, 1)]
    for unknown in ("G3", ""):
        with pytest.raises(RejectedDelivery) as rejected:
            imported("G1", unknown)
        assert [reject.code for reject in rejected.value.rejects] == ["missing_billing_period"]


def test_an_empty_billing_period_gives_way_to_the_month_of_the_invoice(month: Month) -> None:
    """Exports leave the period of some rows empty; a period that stands is that of the row, whatever its invoice."""
    enter_invoice(month.installation, month.caller, NewMicrosoftInvoice("G1", SEPTEMBER.following, "USD", Decimal(1)))
    empty = {**EXPORTED, "billingPeriodStartDate": "", "billingPeriodEndDate": "", "invoiceId": "G1"}
    file = _written(month.folder / "export.csv", [{**EXPORTED, "invoiceId": "G1"}, empty])
    done = import_costs(month.installation, month.caller, CostImportOrder((file,)))
    assert [(one.billing_month, one.rows) for one in done.data_sets] == [(SEPTEMBER, 1), (SEPTEMBER.following, 1)]
    file = _written(month.folder / "unknown.csv", [{**empty, "invoiceId": "G2"}])
    with pytest.raises(RejectedDelivery) as rejected:
        import_costs(month.installation, month.caller, CostImportOrder((file,)))
    assert [reject.code for reject in rejected.value.rejects] == ["missing_billing_period"]
