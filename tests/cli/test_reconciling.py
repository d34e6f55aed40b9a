"""Reconciling and the checklist at the command line: what scripts may rely on."""

import json
from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.focus_files import row, write_csv

PERIOD = ("--period", "2024-09")
INVOICE = ("--invoice", "G1", "--currency", "USD")


def _september(rebill: CommandLine, folder: Path) -> None:
    rounding = {"ChargeCategory": "Adjustment", "SubAccountId": "", "x_CustomerId": "", "PricingUnit": ""}
    rows = [
        row(BilledCost="100.10", InvoiceId="G1", ChargeDescription="D2 v3"),
        row(BilledCost="0.004", InvoiceId="G1", ChargeDescription="Rounding adjustment", **rounding),
    ]
    rebill.answer("costs", "import", str(write_csv(folder / "costs.csv", rows)), "--scope", "export")


def test_reconciling_ends_with_1_where_the_difference_is_too_great(rebill: CommandLine, tmp_path: Path) -> None:
    _september(rebill, tmp_path)
    (listed,) = rebill.answer("costs", "list")["datasets"]
    assert (listed["billing"], listed["invoice_lines"]) == ("billed", 2)
    assert rebill.answer("costs", "reconcile", *PERIOD)["invoices"][0]["total"] is None
    nothing_entered = rebill.run("costs", "reconcile", *PERIOD).out
    assert "No invoice of 2024-09 is entered: there is nothing to compare its cost with." in nothing_entered
    assert "Every difference" not in nothing_entered
    within = rebill.answer("costs", "reconcile", *PERIOD, *INVOICE, "--total", "100.10")
    (invoice,) = within["invoices"]
    assert (invoice["difference"], invoice["cost"]["rounding"]) == ("-0.004", "0.004")
    assert (within["within_tolerance"], within["faults"]) == (True, [])
    out = rebill.run("costs", "reconcile", *PERIOD, "--invoice", "G1", "--currency", "usd", "--total", "190", "--json")
    assert (out.code, out.document["within_tolerance"]) == (1, False)
    assert len(out.document["faults"]) == 2
    text = rebill.run("costs", "reconcile", *PERIOD)
    assert text.code == 1
    assert "Out of tolerance: Invoice G1 comes to 190 USD and the cost that names it to 100.104" in text.out
    assert "1 rounding adjustment\n" in text.out
    assert "costs.csv    2  0.004" in text.out


def test_an_invoice_is_named_whole_or_not_at_all(rebill: CommandLine) -> None:
    assert rebill.run("costs", "reconcile", *PERIOD, "--invoice", "G1").code == 2
    assert rebill.run("costs", "reconcile", *PERIOD, "--total", "1", "--currency", "USD").code == 2


def test_a_month_without_a_line_to_look_at_says_so(rebill: CommandLine, tmp_path: Path) -> None:
    _september(rebill, tmp_path)
    rebill.answer("bill", "run", *PERIOD)
    looked = rebill.run("bill", "attention", *PERIOD).out
    assert looked.startswith("No line of 2024-09 needs attention.\n")
    assert "rebill bill accept" not in looked


def test_the_checklist_ends_with_1_until_the_month_is_ready(rebill: CommandLine, tmp_path: Path) -> None:
    _september(rebill, tmp_path)
    run = rebill.answer("bill", "run", *PERIOD)
    assert run["unassigned_count"] == 2
    assert run["unassigned_accounts"][0]["cost"] == "100.1"
    out = rebill.run("bill", "checklist", *PERIOD, "--json")
    assert (out.code, out.document["ready"]) == (1, False)
    states = {one["step"]: one["state"] for one in out.document["steps"]}
    assert (states["unassigned"], states["reconciliation"]) == ("open", "look")
    text = rebill.run("bill", "checklist", *PERIOD)
    assert "Next: rebill assign CLIENT_API_ID ID… assigns them; then run again." in text.out
    assert "2 accounts whose cost is nobody's, those new since last month first" in text.out
    customer = str(rebill.answer("customers", "create", "First")["id"])
    rebill.answer("assign", customer, row()["SubAccountId"], "--subscription")
    rebill.answer("partners", "settings", "--unassigned-threshold", "1")
    rebill.answer("bill", "run", *PERIOD)
    ready = rebill.answer("bill", "checklist", *PERIOD)
    assert (ready["ready"], ready["done"]) == (True, False)
    rebill.answer("bill", "finalize", *PERIOD)
    assert rebill.answer("bill", "checklist", *PERIOD)["done"] is True


def test_alarms_are_lines_of_json_for_whatever_gathers_logs(rebill: CommandLine, tmp_path: Path) -> None:
    for month, following, amount in (("2024-08", "2024-09", "100"), ("2024-09", "2024-10", "160")):
        period = {"BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{following}-01T00:00:00Z"}
        days = {"ChargePeriodStart": f"{month}-02T00:00:00Z", "ChargePeriodEnd": f"{month}-03T00:00:00Z"}
        file = write_csv(tmp_path / f"{month}.csv", [row(BilledCost=amount, **period, **days)])
        rebill.answer("costs", "import", str(file), "--scope", "export")
    lines = rebill.run("bill", "checklist", *PERIOD).err.splitlines()
    (alarm,) = [json.loads(line) for line in lines if line.startswith("{")]
    told = (alarm["event"], alarm["kind"], alarm["about"], alarm["before"], alarm["now"], alarm["billing_period"])
    assert told == ("alarm", "cost_moved", "USD", "100", "160", "2024-09")
