"""What the documented examples tell of a month's cost: synced, reconciled, checked before closing."""

from datetime import timedelta

from rebill.model.sync import SyncOutcome, SyncPart, SyncResult
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync, end_sync
from tests.api.documented.partner import Documented


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
