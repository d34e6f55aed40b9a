"""The main job at the command line, on each of the two databases: from the catalogue to an exported statement."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.cli.command_line import CommandLine

MONTH = "2024-09"
TENANT = "D0000000-0000-4000-8000-00000000000A"
OTHER_TENANT = "d0000000-0000-4000-8000-00000000000b"
SUBSCRIPTION = "5b1f7a52-0000-4000-8000-000000000001"
HEADER = (
    "BilledCost,ListCost,EffectiveCost,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BillingCurrency,"
    "ChargeCategory,ProviderName,ServiceName,SubAccountId,PricingQuantity,PricingUnit,BillingAccountId,x_CustomerId"
)


def _charge(billed: str, listed: str, subscription: str, tenant: str = "") -> str:
    period = "2024-09-01T00:00:00Z,2024-09-03T00:00:00Z,2024-09-04T00:00:00Z"
    return f"{billed},{listed},{billed},{period},USD,Usage,Microsoft,Storage,{subscription},1,GB,BA,{tenant}"


def _files(folder: Path) -> tuple[Path, Path]:
    catalogue = folder / "catalogue.csv"
    catalogue.write_text(
        f"azure_customer_id,name,domain\n{TENANT},Acorn,acorn.example\n{OTHER_TENANT},Beech,beech.example\n"
    )
    costs = folder / "costs.csv"
    rows = (
        HEADER,
        _charge("10.000000000001", "12.5", f"/subscriptions/{SUBSCRIPTION}"),
        _charge("3.3", "4", "5b1f7a52-0000-4000-8000-000000000002", TENANT.lower()),
        _charge("0.7", "1", "5b1f7a52-0000-4000-8000-000000000003"),
    )
    costs.write_text("\n".join(rows) + "\n")
    return catalogue, costs


def billed_month(rebill: CommandLine, folder: Path) -> tuple[int, Any]:
    """Everything up to the run: the customer's id, and what the run answers."""
    catalogue, costs = _files(folder)
    assert rebill.answer("azure-customers", "import", str(catalogue)) == {"total": 2, "new": 2, "changed": 0, "gone": 0}
    customer = rebill.answer("customers", "create", "Acorn Ltd", "--basis", "list", "--markup", "-10")
    rebill.answer("costs", "import", str(costs), "--scope", "september")
    client_api_id = int(customer["id"])
    rebill.answer("assign", str(client_api_id), TENANT)
    rebill.answer("assign", str(client_api_id), SUBSCRIPTION, "--subscription")
    return client_api_id, rebill.answer("bill", "run", "--period", MONTH)


def test_a_month_is_billed_to_the_cent_and_balances_to_the_last_decimal(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    (statement,) = run["statements"]
    assert run["period"] == MONTH
    assert statement["customer_id"] == client_api_id
    assert statement["customer"] == "Acorn Ltd"
    # 10 % off retail: 12.5 × 0.9 + 4 × 0.9 = 14.85
    assert statement["price"] == "14.85"
    assert statement["partner_cost"] == "13.300000000001"
    assert statement["margin"] == "1.549999999999"
    assert (statement["currency"], statement["status"], statement["lines"]) == ("USD", "Estimated", 2)
    assert run["balance"] == [
        {
            "currency": "USD",
            "imported": "14.000000000001",
            "billed": "13.300000000001",
            "billing_disabled": "0.000000000000",
            "unassigned": "0.700000000000",
            "difference": "0.000000000000",
            "unassigned_gross": "0.700000000000",
        }
    ]


def test_the_statement_is_listed_shown_and_exported_alike(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    statement_id = run["statements"][0]["statement_id"]
    assert rebill.answer("statements", "list", "--period", MONTH) == {"statements": run["statements"]}
    assert rebill.answer("statements", "list", "--period", "2024-08") == {"statements": []}
    shown = rebill.answer("statements", "show", str(statement_id))
    assert (shown["statement_id"], shown["customer_id"], shown["period"]) == (statement_id, client_api_id, MONTH)
    assert (shown["currency"], shown["status"], shown["total"]) == ("USD", "Estimated", "14.85")
    assert [line["n"] for line in shown["lines"]] == [1, 2]
    assert sum(Decimal(line["amount"]) for line in shown["lines"]) == Decimal("14.85")
    first = shown["lines"][0]
    keys = {"n", "provider", "subscription", "service", "charge_category", "quantity", "amount"}
    assert set(first) == keys | {"kind", "reference", "description", "correction_of", "tax_category", "tax_percent"}
    assert (first["subscription"], first["amount"]) == (SUBSCRIPTION, "11.25")

    exported = rebill.run("statements", "export", str(statement_id), "--format", "json")
    assert json.loads(exported.out) == shown
    assert rebill.answer("statements", "export", str(statement_id), "--format", "json") == shown
    file = tmp_path / "statement.csv"
    rebill.answer("statements", "export", str(statement_id), "--format", "csv", "-o", str(file))
    in_json = rebill.answer("statements", "export", str(statement_id), "--format", "csv")
    content = file.read_bytes().decode()
    assert in_json == {"statement_id": statement_id, "format": "csv", "content": content}
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
    assert [row["amount"] for row in rows] == [line["amount"] for line in shown["lines"]]


def test_a_second_run_rebuilds_and_keeps_the_statements_id(rebill: CommandLine, tmp_path: Path) -> None:
    _, first = billed_month(rebill, tmp_path)
    second = rebill.answer("bill", "run", "--period", MONTH)
    assert second["run_id"] != first["run_id"]
    assert second["statements"] == first["statements"]
    assert second["balance"] == first["balance"]


def test_cost_is_imported_once_and_says_so(rebill: CommandLine, tmp_path: Path) -> None:
    _, costs = _files(tmp_path)
    first = rebill.answer("costs", "import", str(costs), "--scope", "september")
    (data_set,) = first["datasets"]
    assert data_set["rows"] == 3
    assert (data_set["period"], data_set["scope"], data_set["view"]) == (MONTH, "september", "focus")
    assert (data_set["files"], data_set["rejects"], data_set["already_imported"]) == (["costs.csv"], 0, False)
    assert data_set["sums"] == [{"currency": "USD", "partner_cost": "14.000000000001"}]
    second = rebill.answer("costs", "import", str(costs), "--scope", "september")
    assert second["datasets"] == [{**data_set, "already_imported": True}]
    assert rebill.answer("costs", "list") == {"datasets": [data_set]}


def test_numbers_that_lose_a_decimal_are_counted_and_a_single_fault_is_told_once(
    rebill: CommandLine, tmp_path: Path
) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text(f"{HEADER}\n{_charge('0.1999968000511991808131', '1', SUBSCRIPTION)}\n")
    told = rebill.run("costs", "import", str(costs)).out
    # Its effective cost is the same number.
    assert "2 numbers had more decimals than are kept, and were rounded" in told
    (data_set,) = rebill.answer("costs", "list")["datasets"]
    assert data_set["rounded_values"] == 2
    (tmp_path / "empty.csv").write_text("")
    refused = rebill.run("costs", "import", str(tmp_path / "empty.csv"))
    assert refused.err.count("empty.csv: is empty") == 1


def test_unreadable_rows_are_named_and_nothing_is_imported(rebill: CommandLine, tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text(f"{HEADER}\n{_charge('1', '1', SUBSCRIPTION)}\n{_charge('1,5', '1', SUBSCRIPTION)}\n")
    refused = rebill.refusal("costs", "import", str(costs))
    assert refused["code"] == "rejected_rows"
    assert any(field.startswith("costs.csv:2") for field in refused["fields"])
    assert rebill.answer("costs", "list") == {"datasets": []}
    accepted = rebill.answer("costs", "import", str(costs), "--accept-rejects")
    assert (accepted["datasets"][0]["rows"], accepted["reject_count"]) == (1, 1)
    assert accepted["rejects"][0]["row"] == 2
    data_set_id = str(accepted["datasets"][0]["dataset_id"])
    kept = rebill.answer("costs", "rejects", data_set_id)
    assert kept == {"dataset_id": int(data_set_id), "rejects": accepted["rejects"]}
    assert rebill.run("costs", "rejects", data_set_id, "-o", str(tmp_path / "rejects.csv")).code == 0
    lines = (tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,row,column,code,reason,raw_text,partner_cost,currency"
    assert lines[1].startswith("costs.csv,2,")
    assert rebill.refusal("costs", "rejects", "999")["code"] == "data_set_not_found"


def test_a_discount_takes_the_fallback_markup_where_there_is_no_retail(rebill: CommandLine, tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text(f"{HEADER}\n{_charge('40', '', SUBSCRIPTION)}\n")
    rebill.answer("costs", "import", str(costs))
    terms = ("--markup", "-10", "--fallback-markup", "5")
    customer_id = str(rebill.answer("customers", "create", "Acorn", *terms)["id"])
    rebill.answer("assign", customer_id, SUBSCRIPTION, "--subscription")
    (statement,) = rebill.answer("bill", "run", "--period", MONTH)["statements"]
    assert (statement["partner_cost"], statement["price"]) == ("40.000000000000", "42.00")
