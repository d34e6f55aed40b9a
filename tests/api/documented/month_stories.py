"""What the documented examples tell of a month's cost: synced, reconciled, checked before closing."""

from datetime import timedelta

from rebill.model.data_set import CostImportOrder
from rebill.model.document_delivery import DeliveryState, DeliveryWay
from rebill.model.statement import StatementStatus
from rebill.model.sync import SyncOutcome, SyncPart, SyncResult
from rebill.services.costs.import_costs import import_costs
from rebill.store.document_deliveries import begin_delivery, end_delivery
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync, end_sync
from tests.api.documented.partner import Documented
from tests.services.months import charge, stored, write_focus


def data_sets(documented: Documented) -> None:
    """What was imported is listed; of July, a row could not be read."""
    tell, base = documented.recorder, "/v1/data_sets"
    one, rejects = f"{base}/{{data_set_id}}", f"{base}/{{data_set_id}}/rejects"
    july = {"BillingPeriodStart": "2024-07-01T00:00:00Z", "BillingPeriodEnd": "2024-08-01T00:00:00Z"}
    charges = [charge("2024-07-02", "12.5", "15", **july), charge("2024-07-03", "12,5", "15", **july)]
    file = write_focus(documented.installation.settings.home / "july.csv", charges)
    order = CostImportOrder((file,), scope="july", accept_rejects=True)
    (july_cost,) = import_costs(documented.installation, documented.partner, order).data_sets
    tell.clock.now += timedelta(minutes=1)
    tell.call("Of a month", "GET", base, status=200, query={"billing_period": "2024-07"})
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One of them", "GET", one, july_cost.data_set_id, status=200)
    tell.unknown("GET", one)
    tell.call("The first of them", "GET", rejects, july_cost.data_set_id, status=200)
    tell.call("All, as a file", "GET", rejects, july_cost.data_set_id, status=200, headers={"Accept": "text/csv"})
    tell.unknown("GET", rejects)
    in_pictures = {"Accept": "image/png"}
    tell.call("In a form that there is not", "GET", rejects, july_cost.data_set_id, status=406, headers=in_pictures)
    tell.call("None of them", "GET", rejects, july_cost.data_set_id, status=422, query={"limit": "0"})


def microsoft_invoices(documented: Documented) -> None:
    """What Microsoft invoiced is entered, read and withdrawn."""
    tell, base = documented.recorder, "/v1/microsoft_invoices"
    one = f"{base}/{{microsoft_invoice_id}}"
    invoice = {"number": "G016907411", "billing_period": "2024-09", "currency": "USD", "total": "31.20"}
    note = {**invoice, "number": "G016907502", "kind": "credit_note", "amends": "G016907411", "total": "-10.92"}
    tell.call("September's invoice", "POST", base, status=201, body=invoice)
    made = tell.call("A credit note on it", "POST", base, status=201, body=note)["id"]
    tell.unknown("POST", base, invoice)
    tell.call("A credit note above 0", "POST", base, status=422, body={**note, "total": "10.92"})
    tell.call("Of a month", "GET", base, status=200, query={"billing_period": "2024-09"})
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One of them", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.misspelt("DELETE", one, made)
    spare = tell.call("Another that was mistaken", "POST", base, status=201, body={**note, "number": "G0"})["id"]
    tell.call(
        "Withdrawn, and answered in JSON", "DELETE", one, spare, status=200, headers={"Accept": "application/json"}
    )
    tell.unknown("DELETE", one)


def reconciliation(documented: Documented) -> None:
    """September's cost beside its invoice."""
    tell, path = documented.recorder, "/v1/reconciliation"
    tell.call("September", "GET", path, status=200, query={"billing_period": "2024-09"})
    tell.unknown("GET", path)
    tell.call("Of no month", "GET", path, status=422)


def month_checklist(documented: Documented) -> None:
    """What September still needs before it is closed."""
    tell, path = documented.recorder, "/v1/month_checklist"
    tell.call("September", "GET", path, status=200, query={"billing_period": "2024-09"})
    tell.unknown("GET", path)
    tell.call("Of no month", "GET", path, status=422)


def syncs(documented: Documented) -> None:
    """Microsoft's catalogue was synced, and then could not be."""
    with documented.installation.database.writing() as connection:
        scope, at = Scope.of(connection, documented.partner), documented.recorder.clock.now
        done = begin_sync(scope, SyncPart.CATALOGUE, at)
        counts = {"listed": 3, "new": 1, "changed": 0, "gone": 0, "requests": 4}
        end_sync(scope, done, at + timedelta(seconds=2), SyncOutcome.DONE, SyncResult(counts), ("", ""))
        failed = begin_sync(scope, SyncPart.COSTS, at + timedelta(seconds=2))
        fault = ("microsoft_unavailable", "Microsoft did not answer: try again later.")
        end_sync(scope, failed, at + timedelta(seconds=5), SyncOutcome.FAILED, SyncResult({"requests": 3}), fault)
    tell, path = documented.recorder, "/v1/syncs"
    tell.call("The latest ones", "GET", path, status=200)
    tell.unknown("GET", path)
    tell.call("Not even one", "GET", path, status=422, query={"limit": "0"})


def document_deliveries(documented: Documented) -> None:
    """A statement went into its customer's folder, and its letter was refused."""
    statement_id = next(
        one.statement_id
        for one in stored(documented.installation, documented.partner)
        if one.statement.customer_id == documented.customer_id and one.statement.status is StatementStatus.FINAL
    )
    with documented.installation.database.writing() as connection:
        scope, at = Scope.of(connection, documented.partner), documented.recorder.clock.now
        for way, target in ((DeliveryWay.FOLDER, "florin/bills"), (DeliveryWay.EMAIL, "ap@florin.example")):
            begin_delivery(scope, statement_id, documented.customer_id, way, target, at)
        end_delivery(scope, statement_id, DeliveryWay.FOLDER, DeliveryState.DELIVERED, "", at, is_lasting=False)
        fault = "the mail server refused every address (550)"
        end_delivery(scope, statement_id, DeliveryWay.EMAIL, DeliveryState.FAILED, fault, at, is_lasting=True)
    tell, path = documented.recorder, "/v1/document_deliveries"
    tell.call("What failed", "GET", path, status=200, query={"state": "failed"})
    tell.unknown("GET", path)
    tell.call("In no such state", "GET", path, status=422, query={"state": "lost"})
