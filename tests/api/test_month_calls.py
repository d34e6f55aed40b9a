"""A month's reconciliation and checklist over the API, and the alarms that the server logs and counts."""

import io
import json
from typing import Any

import pytest

from rebill.api.telemetry import Telemetry
from rebill.model.data_set import CostImportOrder
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.reconciling.month_alarms import month_alarms
from tests.api.client import ApiClient
from tests.api.world import INVOICE, World
from tests.services.accountant import AUGUST, cost
from tests.services.months import SEPTEMBER, write_focus

QUERY = {"billing_period": "2024-09"}


@pytest.fixture
def september(world: World) -> World:
    """September costs 90.5 of the invoice, 0.004 of it rounding; August cost 60."""
    rounding = {"ChargeCategory": "Adjustment", "ChargeDescription": "Rounding adjustment", "SubAccountId": ""}
    rows = [
        cost(AUGUST, "60", InvoiceId="G0"),
        cost(SEPTEMBER, "90.496", InvoiceId=str(INVOICE["number"])),
        cost(SEPTEMBER, "0.004", InvoiceId=str(INVOICE["number"]), **rounding),
    ]
    for number, row in enumerate(rows):
        order = CostImportOrder((write_focus(world.installation.settings.home / f"{number}.csv", [row]),))
        import_costs(world.installation, world.partner, order)
    return world


def _shown(api: ApiClient, path: str) -> dict[str, Any]:
    answer = api.get(path, params=QUERY)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_cost_is_compared_with_the_invoice_that_was_entered(api: ApiClient, september: World) -> None:
    made = api.post("/v1/microsoft_invoices", {**INVOICE, "total": "90.5"}).json()
    shown = _shown(api, "/v1/reconciliation")
    (invoice,) = shown["invoices"]
    assert invoice["documents"] == [made]
    cost_of_it = {name: invoice["cost"][name] for name in ("compared", "charges", "rounding", "tie_out", "lines")}
    assert cost_of_it == {"compared": "90.5", "charges": "90.496", "rounding": "0.004", "tie_out": "0", "lines": 2}
    assert (invoice["difference"], shown["within_tolerance"], shown["faults"]) == ("0", True, [])
    (rounding,) = shown["rounding_adjustments"]
    assert (rounding["file"], rounding["row"], rounding["cost"]) == ("2.csv", 1, "0.004")
    wrong = {"kind": "credit_note", "total": "5", "currency": "EURO"}
    told = api.post("/v1/microsoft_invoices", {**INVOICE, **wrong}).json()["fields"]
    assert set(told) == {"total", "currency", "amends"}
    api.post("/v1/microsoft_invoices", {**INVOICE, "total": "190.5"})
    shown = _shown(api, "/v1/reconciliation")
    assert (shown["within_tolerance"], shown["currencies"][0]["difference"]) == (False, "100")


def test_the_checklist_names_what_is_nobodys_and_counts_alarms(
    api: ApiClient, anyone: ApiClient, september: World
) -> None:
    run_bill(september.installation, september.partner, SEPTEMBER)
    shown = _shown(api, "/v1/month_checklist")
    assert (shown["ready"], shown["done"], shown["unassigned_count"]) == (False, False, 2)
    assert [one["step"] for one in shown["steps"] if one["state"] == "open"] == ["run", "unassigned"]
    (alarm,) = shown["alarms"]
    assert (alarm["kind"], alarm["about"], alarm["before"], alarm["now"]) == ("cost_moved", "USD", "60", "90.5")
    counted = anyone.get("/metrics").text
    assert 'rebill_alarms{found_by="checklist",kind="cost_moved"} 1.0' in counted
    assert 'rebill_alarms{found_by="checklist",kind="delivery_stopped"} 0.0' in counted
    assert str(september.partner.partner_id) not in counted


def test_each_alarm_is_a_line_of_the_log(september: World) -> None:
    log = io.StringIO()
    alarms = month_alarms(september.installation, september.partner, SEPTEMBER)
    Telemetry(log).alarmed(september.partner.partner_id, alarms)
    (logged,) = [json.loads(line) for line in log.getvalue().splitlines()]
    told = {name: logged[name] for name in ("event", "level", "kind", "about", "billing_period", "partner_id")}
    assert told == {
        "event": "alarm",
        "level": "warning",
        "kind": "cost_moved",
        "about": "USD",
        "billing_period": "2024-09",
        "partner_id": september.partner.partner_id,
    }
