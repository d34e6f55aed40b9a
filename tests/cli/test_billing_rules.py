"""Billing rules at the command line, on each of the two databases."""

import json
from pathlib import Path

from tests.api.world import RULE
from tests.cli.command_line import CommandLine


def _file(folder: Path, body: object) -> str:
    file = folder / "rule.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    return str(file)


def test_a_rule_is_made_changed_listed_and_deleted(rebill: CommandLine, tmp_path: Path) -> None:
    customer = rebill.answer("customers", "create", "Acorn")["id"]
    body = {**RULE, "add_csp_customers": [customer]}
    rule = rebill.answer("billing-rules", "create", _file(tmp_path, body))
    assert (rule["name"], rule["flat_fee_cost"], rule["csp_customers"]) == ("Managed service", "1000.00", [customer])
    number = str(rule["id"])
    assert rebill.answer("billing-rules", "show", number) == rule
    change = {"apply_flat_fee_cost": "99.90", "remove_csp_customers": "all"}
    changed = rebill.answer("billing-rules", "update", number, _file(tmp_path, change))
    assert changed == {**rule, "flat_fee_cost": "99.90", "csp_customers": [], "updated_at": changed["updated_at"]}
    assert rebill.answer("billing-rules", "list") == {"partner_billing_rules": [changed]}
    told = rebill.run("billing-rules", "list").out
    assert "Managed service" in told
    shown = rebill.run("billing-rules", "show", number).out
    assert "flat_fee_cost: 99.90" in shown
    assert "csp_customers: –" in shown
    assert "pricing_info: min_fee 0; min_spend_range –; min_spend_rate –" in shown
    assert rebill.answer("billing-rules", "delete", number) == {"id": rule["id"], "deleted": True}
    assert rebill.refusal("billing-rules", "delete", number)["code"] == "billing_rule_not_found"


def test_a_file_that_cannot_be_a_rule_says_why(rebill: CommandLine, tmp_path: Path) -> None:
    faulty = rebill.refusal(
        "billing-rules", "create", _file(tmp_path, {**RULE, "apply_flat_fee_cost": "-1", "name": ""})
    )
    assert faulty["fields"].keys() == {"name", "apply_flat_fee_cost"}
    unreadable = rebill.refusal("billing-rules", "create", _file(tmp_path, {**RULE, "cloud": "sky"}))
    assert unreadable["fields"] == {"cloud": "must be one of azure, aws"}
    assert rebill.refusal("billing-rules", "create", _file(tmp_path, []))["fields"].keys() == {"body"}
    assert rebill.run("billing-rules", "create", str(tmp_path / "none.json")).code == 2
    assert rebill.answer("billing-rules", "list") == {"partner_billing_rules": []}
