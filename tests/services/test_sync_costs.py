"""Cost is synced from Graph's billing export: whole versions only, to the cent the same whatever goes wrong."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
import stamina

from rebill.model.checklist import Step, StepState
from rebill.model.customer import NewCustomer
from rebill.model.data_set import DataSet
from rebill.model.listing import Page
from rebill.model.microsoft_invoice import InvoiceOrigin, NewMicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.model.movement import AlarmKind
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart
from rebill.model.terms import CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.month_checklist import month_checklist
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.keeping.initialise import create_partner
from rebill.services.parties.create_customer import create_customer
from rebill.services.reconciling.enter_invoice import enter_invoice
from rebill.services.reconciling.read_invoices import list_invoices
from rebill.services.reconciling.reconcile_month import reconcile_month
from rebill.services.reconciling.withdraw_invoice import withdraw_invoice
from rebill.services.syncing.sync import list_syncs
from rebill.store.scope import Scope
from rebill.store.syncs import latest_syncs
from rebill.twin.faults import Fault, Faults
from rebill.twin.world import TwinWorld
from tests.conftest import SettableClock
from tests.services.months import ADDRESS
from tests.services.steps import assign
from tests.services.syncing_partner import SyncingPartner, syncing_with_twin

WORLD = TwinWorld(customer_count=4, days=3)
SEPTEMBER = WORLD.month
OCTOBER = SEPTEMBER.following
PATIENCE_SECONDS = 120


def in_force(syncing: SyncingPartner) -> dict[tuple[str, str, str], DataSet]:
    """The data sets in force, by month, scope and view."""
    found = list_data_sets(syncing.installation, syncing.caller)
    assert all(one.source_kind == "billing-export" for one in found)
    return {(str(one.billing_month), one.scope, one.view): one for one in found}


def cost_of(world: TwinWorld, month: BillingMonth, invoice_id: str) -> tuple[Decimal, Decimal]:
    """What a month costs by the twin's own rows: usage, and what the invoice has beside it; twelve decimals each."""
    usage = sum((_kept(row["BillingPreTaxTotal"]) for row in world.usage(month, invoice_id)), Decimal(0))
    purchases = [row for row in world.reconciliation(month, invoice_id) if not _is_summed_up(row)]
    return usage, sum((_kept(row["Subtotal"]) for row in purchases), Decimal(0))


def _is_summed_up(row: Mapping[str, Any]) -> bool:
    return bool(row["MeterDescription"])


def _kept(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("1e-12"), rounding="ROUND_HALF_UP")


def statements_of(syncing: SyncingPartner) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    """Every customer's total in cents and exact cost in both months, each tenant being a customer of its own."""
    found: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    for number, tenant in enumerate(WORLD.customers):
        # The first two have usage that a reservation and a savings plan cover.
        policy = CommitmentsPolicy.RETAIL if number < 2 else CommitmentsPolicy.AS_BOUGHT
        new = NewCustomer(tenant.name, ADDRESS, billing_enabled=True, commitments=policy)
        made = create_customer(syncing.installation, syncing.caller, new)
        assign(syncing.installation, syncing.caller, made.customer_id, tenant.tenant_id)
    for month in (SEPTEMBER, OCTOBER):
        run = run_bill(syncing.installation, syncing.caller, month)
        for record in run.statements:
            key = (str(month), record.customer_name, record.statement.currency)
            found[key] = (record.statement.total_minor_units, record.statement.statement_cost)
    return found


def _at_retail(tenant: str) -> Decimal:
    """What a tenant's September comes to at retail: usage, covered or not, and licences; no reservation."""
    usage = [row for row in WORLD.usage(SEPTEMBER, WORLD.invoice_id) if row["CustomerId"] == tenant]
    bought = [
        row
        for row in WORLD.reconciliation(SEPTEMBER, WORLD.invoice_id)
        if row["CustomerId"].endswith(tenant) and not _is_summed_up(row) and not row["ReservationOrderId"]
    ]
    with localcontext(prec=60):
        products = [row["UnitPrice"] * row["Quantity"] for row in (*usage, *bought)]
        return sum((_kept(product) for product in products), Decimal(0))


def _in_cents(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def september_unbilled(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    """September as a sync brings it before its end; then October has come."""
    clock.now = clock.now.replace(month=9)
    with syncing_with_twin(installation, partner, replace(WORLD, month=SEPTEMBER.preceding)) as syncing:
        syncing.sync(SyncPart.COSTS)
        assert ("2024-09", "unbilled:USD", "usage") in in_force(syncing)
    clock.now = clock.now.replace(month=10)


def test_the_statements_are_the_same_to_the_cent_with_faults_and_without(
    installation: Installation, partner: Caller
) -> None:
    faults = Faults.all(11)
    with syncing_with_twin(installation, partner, WORLD) as calm:
        assert [(one.outcome, one.fault) for one in calm.sync()] == [(SyncOutcome.DONE, "")] * 2
        expected = statements_of(calm)
    troubled = Caller(create_partner(installation, "Troubled").partner_id, partner.role)
    with syncing_with_twin(installation, troubled, WORLD, faults) as syncing:
        assert [(one.outcome, one.fault) for one in syncing.sync()] == [(SyncOutcome.DONE, "")] * 2
        assert statements_of(syncing) == expected
    assert len(expected) == 2 * len(WORLD.customers)
    usage, purchases = cost_of(WORLD, SEPTEMBER, WORLD.invoice_id)
    assert sum(cost for (month, *_), (_, cost) in expected.items() if month == str(SEPTEMBER)) == usage + purchases
    covered = [row for row in WORLD.usage(SEPTEMBER, WORLD.invoice_id) if row["BenefitType"]]
    assert {row["BenefitType"] for row in covered} == {"Reservation", "SavingsPlan"}
    totals = {name: cents for (month, name, _), (cents, _) in expected.items() if month == str(SEPTEMBER)}
    first = WORLD.customers[0]
    assert totals[first.name] == _in_cents(_at_retail(first.tenant_id))
    assert {Fault.EXPIRED_LINK, Fault.TRUNCATED_BLOB, Fault.NEW_VERSION} & faults.suffered.keys()


def test_an_invoice_and_the_open_month_make_data_sets_of_usage_and_reconciliation(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        found = in_force(syncing)
        invoice = WORLD.invoice_id
        assert set(found) == {
            ("2024-09", invoice, "usage"),
            ("2024-09", invoice, "invoice"),
            ("2024-10", "unbilled:USD", "usage"),
            ("2024-10", "unbilled:USD", "invoice"),
        }
        assert record.result.counts["deliveries"] == 4
        usage, purchases = cost_of(WORLD, SEPTEMBER, invoice)
        (of_usage,) = found["2024-09", invoice, "usage"].sums
        (of_invoice,) = found["2024-09", invoice, "invoice"].sums
        assert (of_usage.partner_cost, of_invoice.partner_cost) == (usage, purchases)
        assert of_invoice.tie_out_rows > 0
        assert found["2024-09", invoice, "usage"].source_version == f"2024-10-09T06:02:00Z usage-{invoice}-v2"


def test_a_version_that_is_in_force_is_not_fetched_again(installation: Installation, partner: Caller) -> None:
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        syncing.sync(SyncPart.COSTS)
        before = in_force(syncing)
        (again,) = syncing.sync(SyncPart.COSTS)
        assert in_force(syncing) == before
        assert (again.result.counts["deliveries"], again.result.counts["unchanged"]) == (0, 4)


def test_the_invoice_takes_the_place_of_what_was_not_billed_yet_as_one_step(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    september_unbilled(installation, partner, clock)
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        of_september = {scope for month, scope, _ in in_force(syncing) if month == "2024-09"}
        assert of_september == {WORLD.invoice_id}


def test_last_month_is_there_as_unbilled_until_its_invoice_is(installation: Installation, partner: Caller) -> None:
    with syncing_with_twin(installation, partner, replace(WORLD, is_invoiced=False)) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault, record.result.counts["deliveries"]) == (SyncOutcome.DONE, "", 4)
        waiting = in_force(syncing)
        views = ("invoice", "usage")
        assert sorted(waiting) == [(month, "unbilled:USD", view) for month in ("2024-09", "2024-10") for view in views]
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        syncing.sync(SyncPart.COSTS)
        found = in_force(syncing)
        assert {scope for month, scope, _ in found if month == "2024-09"} == {WORLD.invoice_id}
        for view in views:
            assert found["2024-09", WORLD.invoice_id, view].sums == waiting["2024-09", "unbilled:USD", view].sums


def test_a_month_that_is_billed_in_another_currency_is_rated_in_that(
    installation: Installation, partner: Caller
) -> None:
    world = replace(WORLD, currency="EUR", exchange_rate=Decimal("0.846202666"))
    with syncing_with_twin(installation, partner, world) as syncing:
        assert [(one.outcome, one.fault) for one in syncing.sync()] == [(SyncOutcome.DONE, "")] * 2
        assert {scope for month, scope, _ in in_force(syncing) if month == "2024-10"} == {"unbilled:EUR"}
        costs = {key: cost for key, (_, cost) in statements_of(syncing).items()}
        _, details = reconcile_month(installation, partner, SEPTEMBER)
    assert {currency for *_, currency in costs} == {"EUR"}
    usage, purchases = cost_of(world, SEPTEMBER, world.invoice_id)
    assert sum(cost for (month, *_), cost in costs.items() if month == str(SEPTEMBER)) == usage + purchases
    rates = {(one.pricing_currency, one.currency, Decimal(one.rate)) for one in details.exchange_rates}
    assert rates == {("USD", "EUR", world.exchange_rate)}


def test_an_invoice_that_was_voided_and_issued_anew_takes_its_place(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        syncing.sync(SyncPart.COSTS)
        expected = in_force(syncing)["2024-09", WORLD.invoice_id, "usage"].sums
    with syncing_with_twin(installation, partner, replace(WORLD, reissued=True)) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        found = in_force(syncing)
        assert {scope for month, scope, _ in found if month == "2024-09"} == {WORLD.reissued_id}
        assert found["2024-09", WORLD.reissued_id, "usage"].sums == expected
        (again,) = syncing.sync(SyncPart.COSTS)
        assert (again.outcome, again.result.counts["deliveries"]) == (SyncOutcome.DONE, 0)


def test_what_was_not_billed_yet_stays_and_is_told_of_until_the_invoice_has_data_in_its_place(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    september_unbilled(installation, partner, clock)
    with syncing_with_twin(installation, partner, replace(WORLD, lacking=frozenset({"reconciliation"}))) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.result.counts["without_data"]) == (SyncOutcome.DONE, 1)
        of_september = {(scope, view) for month, scope, view in in_force(syncing) if month == "2024-09"}
        assert of_september == {(WORLD.invoice_id, "usage"), ("unbilled:USD", "invoice")}
        (alarm,) = (one for one in record.result.alarms if one.kind is AlarmKind.STILL_UNBILLED)
        assert (alarm.month, alarm.about) == (SEPTEMBER, f"{WORLD.invoice_id} invoice")
        assert alarm.before == in_force(syncing)["2024-09", "unbilled:USD", "invoice"].rows
        run_bill(installation, partner, SEPTEMBER)
        (deliveries,) = (
            one for one in month_checklist(installation, partner, SEPTEMBER).steps if one.step is Step.DELIVERIES
        )
        assert deliveries.state is StepState.OPEN
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert AlarmKind.STILL_UNBILLED not in {one.kind for one in record.result.alarms}
        assert {scope for month, scope, _ in in_force(syncing) if month == "2024-09"} == {WORLD.invoice_id}


def test_a_month_that_moves_by_more_than_the_setting_raises_alarms(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    september_unbilled(installation, partner, clock)
    with syncing_with_twin(installation, partner, replace(WORLD, days=2)) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
    found = {(alarm.kind, alarm.about): alarm for alarm in record.result.alarms}
    assert {kind for kind, _ in found} == {AlarmKind.MONTH_MOVED}
    moved = found[AlarmKind.MONTH_MOVED, "usage USD"]
    assert (str(moved.month), moved.now < moved.before * 3 / 4) == ("2024-09", True)
    with installation.database.reading() as connection:
        (kept, *_) = latest_syncs(Scope.of(connection, partner), 1)
    assert kept.result.alarms == record.result.alarms


def test_totals_of_invoices_come_by_themselves_and_the_month_reconciles(
    installation: Installation, partner: Caller
) -> None:
    credited = replace(WORLD, credited="100.00")
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.fault, record.result.counts["invoice_totals"]) == ("", 1)
        found, _ = reconcile_month(installation, partner, SEPTEMBER)
        (invoice,) = found.invoices
        assert (invoice.invoice, invoice.total, found.faults) == (WORLD.invoice_id, WORLD.invoiced, ())
        assert abs(WORLD.invoiced - invoice.cost.compared) < Decimal("0.01")
    with syncing_with_twin(installation, partner, credited) as syncing:
        (again,) = syncing.sync(SyncPart.COSTS)
        assert again.result.counts["invoice_totals"] == 1
        found, _ = reconcile_month(installation, partner, SEPTEMBER)
        (invoice,) = found.invoices
        assert invoice.total == WORLD.invoiced - 100
        assert [fault for fault in found.faults if WORLD.invoice_id in fault]
        assert invoice.origins == (InvoiceOrigin.PARTNER_CENTER,)


def test_what_somebody_entered_or_withdrew_stands_whatever_a_sync_reads(
    installation: Installation, partner: Caller
) -> None:
    by_hand = NewMicrosoftInvoice(WORLD.invoice_id, SEPTEMBER, "USD", Decimal("99.50"))
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        enter_invoice(installation, partner, by_hand)
        assert syncing.sync(SyncPart.COSTS)[0].result.counts["invoice_totals"] == 0
        (standing,) = list_invoices(installation, partner, Page()).items
        assert (standing.entered, standing.origin) == (by_hand, InvoiceOrigin.ENTERED)
        withdraw_invoice(installation, partner, standing.microsoft_invoice_id)
        assert syncing.sync(SyncPart.COSTS)[0].result.counts["invoice_totals"] == 0
        enter_invoice(installation, partner, by_hand)
        # Both were entered in one moment of the tests' clock: which is listed first says nothing.
        (standing,) = (one for one in list_invoices(installation, partner, Page()).items if one.withdrawn_at is None)
        assert not standing.is_read


def test_a_sync_that_loses_the_network_at_any_request_leaves_whole_deliveries_or_none(
    installation: Installation, partner: Caller
) -> None:
    world = replace(WORLD, customer_count=1)
    with syncing_with_twin(installation, partner, world) as syncing:
        with stamina.set_testing(True, attempts=1):
            standing: set[tuple[str, str, str]] = set()
            for answered in range(4, 200, 6):
                syncing.twin.line.count, syncing.twin.line.cut_from = 0, answered
                (record,) = syncing.sync(SyncPart.COSTS)
                before, now = standing, set(in_force(syncing))
                assert before <= now
                standing = now
                if record.outcome is SyncOutcome.DONE:
                    break
                assert record.fault_code == "microsoft_unavailable"
                # Signing in is no request of the part's own.
                assert 0 < record.result.counts["requests"] <= answered
                assert record.result.counts.get("deliveries", 0) == len(now - before)
        whole = in_force(syncing)
        assert len(whole) == 4
        (of_usage,) = whole["2024-09", world.invoice_id, "usage"].sums
        assert of_usage.partner_cost == cost_of(world, SEPTEMBER, world.invoice_id)[0]


@pytest.mark.parametrize("held_at", [9, 24])
def test_a_sync_that_is_killed_goes_on_later_and_nothing_is_half(
    installation: Installation, partner: Caller, clock: SettableClock, held_at: int
) -> None:
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        syncing.twin.line.held_at = held_at
        with _in_a_process(syncing) as process:
            assert syncing.twin.line.reached.wait(PATIENCE_SECONDS)
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_SECONDS)
        syncing.twin.line.released.set()
        clock.now = clock.now.replace(hour=13)
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        (of_usage,) = in_force(syncing)["2024-09", WORLD.invoice_id, "usage"].sums
        assert of_usage.partner_cost == cost_of(WORLD, SEPTEMBER, WORLD.invoice_id)[0]
        assert len(in_force(syncing)) == 4
        killed = list_syncs(syncing.installation, syncing.caller)[-1]
        assert killed.outcome is SyncOutcome.INTERRUPTED


def test_no_secret_is_in_the_record_the_home_or_what_is_said(installation: Installation, partner: Caller) -> None:
    with syncing_with_twin(installation, partner, WORLD, Faults.all(13)) as syncing:
        syncing.sync()
        home = syncing.installation.settings.home
        kept = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
        assert b"must-never-be-seen" not in kept
        assert "must-never-be-seen" not in repr(list_syncs(syncing.installation, syncing.caller))


@contextmanager
def _in_a_process(syncing: SyncingPartner) -> Iterator[subprocess.Popen[bytes]]:
    """``rebill costs sync`` on the partner's installation, whose clock stands where the test's does."""
    settings = syncing.installation.settings
    code = (
        "from datetime import datetime\n"
        "from rebill.model.party import Caller, Role\n"
        "from rebill.model.sync import SyncPart\n"
        "from rebill.services.acting.installation import Installation\n"
        "from rebill.services.syncing.sync import sync\n"
        "from rebill.wiring import open_installation\n"
        "opened = open_installation()\n"
        f"now = datetime.fromisoformat({syncing.installation.clock().isoformat()!r})\n"
        "moved = Installation(opened.settings, opened.database, lambda: now)\n"
        f"sync(moved, Caller({syncing.caller.partner_id}, Role.ADMIN), lambda *_: None, [SyncPart.COSTS])\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
    own = {"REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url}
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**kept, **own, **syncing.twin.environment}, cwd=Path(__file__).parent
    ) as process:
        try:
            yield process
        finally:
            process.kill()
