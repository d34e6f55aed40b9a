"""A whole month in the hands of the one who closes it: the checklist says what is missing, until nothing is."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.checklist import STEP_OF, MonthChecklist, Step, StepState
from rebill.model.closing import BlockerKind, ClosingAct, ClosingOrder
from rebill.model.customer import CustomerChange
from rebill.model.data_set import BillingStatus
from rebill.model.document import DocumentForm
from rebill.model.errors import Conflict, Forbidden
from rebill.model.movement import AlarmKind
from rebill.model.party import Address, Caller, Role
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.acting.installation import Installation
from rebill.services.billing.approve_closing import approve_closing
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.incomplete_documents import count_incomplete_estimates
from rebill.services.billing.month_checklist import month_checklist
from rebill.services.billing.unassigned_accounts import unassigned_of_run
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead
from rebill.services.parties.tax_rules import set_tax_rule
from rebill.services.presenting.statement_file import statement_file
from rebill.services.reconciling.month_alarms import month_alarms
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, OCTOBER, cost, refused
from tests.services.microsoft_months import MicrosoftPartner, bought, summed, used
from tests.services.months import SEPTEMBER, stored
from tests.services.steps import listed

SUBSCRIPTION = used("1")["EntitlementId"].lower()


@pytest.fixture
def microsoft(installation: Installation, partner: Caller, tmp_path: Path) -> MicrosoftPartner:
    return MicrosoftPartner(installation, partner, tmp_path)


def _count(microsoft: MicrosoftPartner) -> int:
    return count_incomplete_estimates(microsoft.installation, microsoft.caller, SEPTEMBER)


def _checklist(microsoft: MicrosoftPartner) -> MonthChecklist:
    return month_checklist(microsoft.installation, microsoft.caller, SEPTEMBER)


def _steps(found: MonthChecklist, state: StepState) -> list[str]:
    return [one.step.value for one in found.steps if one.state is state]


def test_a_month_from_its_first_delivery_to_its_last_statement(
    microsoft: MicrosoftPartner, clock: SettableClock
) -> None:
    """September is delivered unbilled, then billed; reconciled, assigned, run, approved by another, and closed."""
    clock.now = datetime(2024, 10, 3, tzinfo=UTC)
    microsoft.settle(close_day=8, needs_approval=True)
    customer = microsoft.customer("First")
    found = _checklist(microsoft)
    assert _steps(found, StepState.OPEN) == ["deliveries", "close_day"]
    assert _steps(found, StepState.LOOK) == ["unassigned", "attention"], "no run has looked yet"

    microsoft.delivered("usage", [used("30", InvoiceNumber="")])
    (data_set,) = list_data_sets(microsoft.installation, microsoft.caller)
    assert data_set.billing_status is BillingStatus.UNBILLED
    assert _steps(_checklist(microsoft), StepState.OPEN) == ["deliveries", "run", "close_day"]

    clock.now = datetime(2024, 10, 9, tzinfo=UTC)
    microsoft.delivered("usage", [used("29.50")])
    microsoft.delivered("invoice", [summed("30"), summed("12", "Disk"), bought("204")])
    microsoft.invoiced("246")
    found = _checklist(microsoft)
    assert _steps(found, StepState.OPEN) == ["reconciliation", "run"]
    microsoft.delivered("usage", [used("29.50"), used("12", "Disk")])

    run = microsoft.run()
    found = _checklist(microsoft)
    assert _steps(found, StepState.OPEN) == ["unassigned"]
    (account, reserved) = sorted(found.unassigned, key=lambda one: one.cost)
    assert (account.subscription, account.lines, account.cost, account.is_new) == (
        SUBSCRIPTION,
        2,
        Decimal("41.5"),
        False,
    )
    assert (reserved.subscription, reserved.cost) == (None, Decimal(204))
    assert unassigned_of_run(microsoft.installation, microsoft.caller, run.run_id) == found.unassigned
    microsoft.subscriptions(customer, SUBSCRIPTION)
    microsoft.settle(close_day=8, needs_approval=True, unassigned_threshold=Decimal(204))
    assert _steps(_checklist(microsoft), StepState.OPEN) == ["run", "unassigned"], "as the last run found them"

    microsoft.run()
    found = _checklist(microsoft)
    looked_at = ["unassigned", "electronic_invoices"]
    assert (_steps(found, StepState.OPEN), _steps(found, StepState.LOOK)) == (["statements"], looked_at)
    assert found.is_ready
    assert not found.is_done
    proposal = microsoft.finalize().closing
    assert proposal is not None
    assert _steps(_checklist(microsoft), StepState.OPEN) == ["statements", "approvals"]
    second = Caller(microsoft.caller.partner_id, Role.ADMIN, user_id=2)
    approve_closing(microsoft.installation, second, proposal.closing_id)
    found = _checklist(microsoft)
    assert found.is_done
    assert found.steps[-2].found == ("1 statement is Final, 0 are Estimated.",)


def test_statements_that_can_be_no_electronic_invoices_are_told_before_and_after_they_are_issued(
    microsoft: MicrosoftPartner,
) -> None:
    """By the rules for each sort of line; what is issued stays as it was. Nothing of it holds the month back."""
    installation, caller = microsoft.installation, microsoft.caller
    first, second = microsoft.customer("First"), microsoft.customer("Second")
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"), cost(SEPTEMBER, "3", "s-2"))
    microsoft.subscriptions(first, "s-1")
    microsoft.subscriptions(second, "s-2")
    microsoft.run()
    change_customer(installation, caller, second, CustomerChange(address=dict.fromkeys(vars(Address()), "")))
    of_all, of_second = ("letterhead.address.country", "tax_rules", "letterhead.tax_id"), "customer.address.country"
    found = _checklist(microsoft)
    assert found.incomplete_count == 2 == count_incomplete_estimates(installation, caller, SEPTEMBER)
    assert [(one.customer_id, {*one.fields}) for one in found.incomplete] == [
        (first, {*of_all}),
        (second, {*of_all, of_second}),
    ]
    (step,) = [one for one in found.steps if one.step is Step.ELECTRONIC_INVOICES]
    assert step.state is StepState.LOOK
    assert step.found[2].endswith("Second (customer.address.country).")
    assert step.next_step == (
        "rebill partners letterhead, rebill tax set and rebill customers details CLIENT_API_ID complete what is issued "
        "from then on."
    )
    assert found.is_ready

    letterhead = LetterheadChange({"tax_id": "DE136695976"}, {"country": "DE"})
    change_letterhead(installation, caller, letterhead)
    reverse = TaxTreatment(TaxCategory.REVERSE_CHARGE, reason="Reverse charge")
    set_tax_rule(installation, caller, TaxRule(second, TaxedLines.USAGE, "", reverse), None)
    set_tax_rule(installation, caller, TaxRule(first, TaxedLines.PURCHASE, "", reverse), None)
    found = _checklist(microsoft)
    assert [(one.customer_id, tuple(one.fields)) for one in found.incomplete] == [
        (first, ("tax_rules",)),
        (second, (of_second, "billing_details.tax_id")),
    ]
    standard = TaxTreatment(TaxCategory.STANDARD, Decimal(19))
    set_tax_rule(installation, caller, TaxRule(None, TaxedLines.ALL, "", standard), None)
    (lacking,) = _checklist(microsoft).incomplete
    assert (lacking.customer_id, lacking.is_issued) == (second, False)
    assert count_incomplete_estimates(installation, caller, SEPTEMBER) == 1

    microsoft.finalize()
    for statement_id, customer_id in (
        (one.statement_id, one.statement.customer_id) for one in stored(installation, caller)
    ):
        if customer_id == first:
            assert statement_file(installation, caller, statement_id, DocumentForm.UBL).content
            continue
        with pytest.raises(Conflict) as refusal:
            statement_file(installation, caller, statement_id, DocumentForm.UBL)
        assert refused(refusal.value)[1] == set(lacking.fields)
    change_billing_details(installation, caller, second, BillingDetailsChange({"country": "DE"}))
    found = _checklist(microsoft)
    assert [(one.customer_id, one.is_issued, tuple(one.fields)) for one in found.incomplete] == [
        (second, True, tuple(lacking.fields))
    ]
    assert count_incomplete_estimates(installation, caller, SEPTEMBER) == 0
    assert found.is_done, "it holds nothing back"


def test_estimates_without_an_electronic_invoice_are_counted_where_all_lines_are_taxed_alike(
    microsoft: MicrosoftPartner,
) -> None:
    installation, caller = microsoft.installation, microsoft.caller
    customers = [microsoft.customer(name) for name in ("First", "Second", "Third")]
    microsoft.deliver(SEPTEMBER, *(cost(SEPTEMBER, "1", f"s-{one}") for one in customers))
    for one in customers:
        microsoft.subscriptions(one, f"s-{one}")
    microsoft.run()

    def counted() -> int:
        count = _count(microsoft)
        assert _checklist(microsoft).incomplete_count == count
        return count

    assert counted() == 3
    change_letterhead(installation, caller, LetterheadChange({"tax_id": "DE136695976"}, {"country": "DE"}))
    for category, reason, left in (
        (TaxCategory.STANDARD, "", 0),
        (TaxCategory.INTRA_COMMUNITY, "Intra-community supply", 3),
        (TaxCategory.REVERSE_CHARGE, "Reverse charge", 3),
    ):
        treatment = TaxTreatment(category, Decimal(0 if reason else 19), reason=reason)
        set_tax_rule(installation, caller, TaxRule(None, TaxedLines.ALL, "", treatment), None)
        assert counted() == left
    change_billing_details(installation, caller, customers[0], BillingDetailsChange({"tax_id": "FR40303265045"}))
    change_billing_details(installation, caller, customers[1], BillingDetailsChange({"registration_id": "HRB 1"}))
    assert counted() == 1
    later = TaxRule(None, TaxedLines.ALL, "", TaxTreatment(TaxCategory.NONE))
    set_tax_rule(installation, caller, later, SEPTEMBER)
    assert counted() == 3


def test_notes_that_can_be_no_electronic_invoices_are_told_before_and_after_they_are_issued(
    microsoft: MicrosoftPartner,
) -> None:
    installation, caller = microsoft.installation, microsoft.caller
    customer = microsoft.customer("Indigo")
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"))
    microsoft.subscriptions(customer, "s-1")
    microsoft.run()
    microsoft.finalize()
    (issued,) = _checklist(microsoft).incomplete
    change_letterhead(installation, caller, LetterheadChange({"tax_id": "DE136695976"}, {"country": "DE"}))
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "12", "s-1"))
    microsoft.run()
    found = _checklist(microsoft)
    assert [(one.statement_id, one.is_correction, one.is_issued, tuple(one.fields)) for one in found.incomplete] == [
        (issued.statement_id, True, False, ("tax_rules",)),
        (issued.statement_id, False, True, tuple(issued.fields)),
    ]
    (step,) = [one for one in found.steps if one.step is Step.ELECTRONIC_INVOICES]
    assert step.found[0] == "Statements and notes that would be issued without an electronic invoice: 1."
    assert step.next_step == "rebill tax set completes what is issued from then on."
    order = ClosingOrder(ClosingAct.CORRECT, SEPTEMBER, reason="Late cost")
    (note,) = correct_month(installation, caller, order).documents
    assert [(one.statement_id, one.is_issued, tuple(one.fields)) for one in _checklist(microsoft).incomplete] == [
        (one, True, fields)
        for one, fields in sorted([(issued.statement_id, tuple(issued.fields)), (note.statement_id, ("tax_rules",))])
    ]


def test_every_blocker_has_its_step() -> None:
    assert set(STEP_OF) == set(BlockerKind)


def test_the_checklist_and_finalizing_are_held_back_by_the_same(microsoft: MicrosoftPartner) -> None:
    customer = microsoft.customer("First")
    microsoft.deliver(AUGUST, cost(AUGUST, "5", "gone"), scope="gone")
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"), cost(SEPTEMBER, "3", "s-2"))
    microsoft.subscriptions(customer, "s-1")
    microsoft.invoiced("99")
    microsoft.run()
    with pytest.raises(Conflict) as held:
        microsoft.finalize()
    code, fields = refused(held.value)
    assert code == "finalizing_blocked"
    by_step = {STEP_OF[BlockerKind(name.split(" ")[0])].value for name in fields}
    assert by_step | {"statements"} == set(_steps(_checklist(microsoft), StepState.OPEN))


def test_what_is_new_since_last_month_and_nobodys_comes_first(
    microsoft: MicrosoftPartner, clock: SettableClock
) -> None:
    clock.now = datetime(2024, 8, 20, tzinfo=UTC)
    listed(microsoft.installation, microsoft.caller, "known")
    clock.now = datetime(2024, 9, 20, tzinfo=UTC)
    listed(microsoft.installation, microsoft.caller, "known", "fresh")
    microsoft.deliver(AUGUST, cost(AUGUST, "5", "s-1"))
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"), cost(SEPTEMBER, "3", "s-2"), cost(SEPTEMBER, "0", "s-3"))
    microsoft.run()
    found = _checklist(microsoft)
    told = [(one.subscription, one.is_new) for one in found.unassigned]
    assert told == [("s-2", True), ("s-3", True), ("s-1", False)]
    assert [(one.azure_customer_id, one.name) for one in found.new_customers] == [("fresh", "Name of fresh")]
    (catalogue,) = [one for one in found.steps if one.step is Step.CATALOGUE]
    assert catalogue.state is StepState.LOOK
    assert "First listed since 2024-09-01 and assigned to nobody: 1 Azure customer, " in catalogue.found[0]


def test_a_month_that_moves_oddly_is_told(microsoft: MicrosoftPartner, clock: SettableClock) -> None:
    """Cost doubles, the credit falls from 15 % to 10 % of retail, one of two scopes is silent, customers vanish."""
    clock.now = datetime(2024, 8, 20, tzinfo=UTC)
    listed(microsoft.installation, microsoft.caller, "one", "two")
    retail = {"UnitPrice": "10", "Quantity": "1"}
    without = {**retail, "PartnerEarnedCreditPercentage": "0"}
    of_august = {**retail, "InvoiceNumber": "G016907410"}
    microsoft.delivered("usage", [used("8.50", **of_august), used("8.50", "Disk", **of_august)], AUGUST)
    microsoft.deliver(AUGUST, cost(AUGUST, "3", "s-1"), scope="storage export")
    clock.now = datetime(2024, 9, 2, tzinfo=UTC)
    listed(microsoft.installation, microsoft.caller, "one", "two")
    listed(microsoft.installation, microsoft.caller, "one")
    rows = [used("8.50", **retail), used("8.50", "Disk", **retail), used("10", "Queue", **without), used("13", "Box")]
    microsoft.delivered("usage", rows)
    found = {one.kind: one for one in month_alarms(microsoft.installation, microsoft.caller, SEPTEMBER)}
    assert set(found) == {
        AlarmKind.DELIVERY_STOPPED,
        AlarmKind.COST_MOVED,
        AlarmKind.CREDIT_MOVED,
        AlarmKind.CATALOGUE_SHRANK,
    }
    assert (found[AlarmKind.COST_MOVED].before, found[AlarmKind.COST_MOVED].now) == (Decimal(20), Decimal(40))
    credit = found[AlarmKind.CREDIT_MOVED]
    assert credit.before == Decimal(15)
    assert credit.now < Decimal("11.25")
    assert found[AlarmKind.DELIVERY_STOPPED].about == "storage export"
    assert found[AlarmKind.CATALOGUE_SHRANK].now == Decimal(1)
    microsoft.settle(movement_percent=Decimal(100))
    kept = {one.kind for one in month_alarms(microsoft.installation, microsoft.caller, SEPTEMBER)}
    assert kept == {AlarmKind.DELIVERY_STOPPED}


def test_a_month_like_the_one_before_it_alarms_nobody(microsoft: MicrosoftPartner) -> None:
    for month, amount in ((AUGUST, "100"), (SEPTEMBER, "120"), (OCTOBER, "95")):
        microsoft.deliver(month, cost(month, amount, "s-1"))
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        assert month_alarms(microsoft.installation, microsoft.caller, month) == ()


def test_usage_by_invoice_is_missed_when_no_invoice_of_the_month_delivers_any(microsoft: MicrosoftPartner) -> None:
    """Each month's billed usage has the number of its own invoice for a scope: the next month's stands for it."""
    microsoft.delivered("G016907411", [used("10", day="8/3/2024")], AUGUST)
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"))
    (alarm, *_) = month_alarms(microsoft.installation, microsoft.caller, SEPTEMBER)
    assert (alarm.kind, alarm.about) == (AlarmKind.DELIVERY_STOPPED, "G016907411")
    microsoft.delivered("G016999999", [used("10", InvoiceNumber="G016999999")])
    kinds = {one.kind for one in month_alarms(microsoft.installation, microsoft.caller, SEPTEMBER)}
    assert AlarmKind.DELIVERY_STOPPED not in kinds


@pytest.mark.parametrize(
    ("scope", "rows", "status"),
    [
        ("unbilled:USD", [used("1", InvoiceNumber="")], BillingStatus.UNBILLED),
        ("unbilled:USD", [used("1"), used("2", "Disk", InvoiceNumber="")], BillingStatus.UNBILLED),
        ("unbilled:USD", [used("1"), used("2", "Disk")], BillingStatus.BILLED),
        ("usage", [used("1", InvoiceNumber=""), used("2", "Disk")], BillingStatus.BILLED),
        ("usage", [used("1", InvoiceNumber="  ")], BillingStatus.UNBILLED),
    ],
)
def test_a_delivery_is_billed_where_its_lines_name_the_invoice(
    microsoft: MicrosoftPartner, scope: str, rows: list[dict[str, str]], status: BillingStatus
) -> None:
    (data_set,) = microsoft.delivered(scope, rows)
    assert data_set.billing_status is status


def test_a_file_that_need_not_name_invoices_does_not_tell(microsoft: MicrosoftPartner) -> None:
    microsoft.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1"))
    (data_set,) = list_data_sets(microsoft.installation, microsoft.caller)
    assert (data_set.billing_status, data_set.invoice_lines) == (BillingStatus.UNKNOWN, 0)
    (step,) = [
        one
        for one in month_checklist(microsoft.installation, microsoft.caller, SEPTEMBER).steps
        if one.step is Step.DELIVERIES
    ]
    assert step.found == ("Data sets: 1, lines: 1; not telling whether they are billed: 1.",)


def test_no_customer_reads_the_partners_checklist(microsoft: MicrosoftPartner) -> None:
    reader = Caller(microsoft.caller.partner_id, Role.CUSTOMER_READ_ONLY, microsoft.customer("First"))
    with pytest.raises(Forbidden):
        month_checklist(microsoft.installation, reader, SEPTEMBER)
    with pytest.raises(Forbidden):
        month_alarms(microsoft.installation, reader, SEPTEMBER)
