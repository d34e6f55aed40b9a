"""Statements checked at the command line, on each of the two databases."""

from decimal import Decimal
from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.cli.test_main_job import MONTH, SUBSCRIPTION, TENANT, billed_month
from tests.rating.calculator import computed


def test_a_statement_is_verified_and_a_changed_lake_is_named(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    statement_id = run["statements"][0]["statement_id"]
    one = rebill.answer("verify", str(statement_id))
    assert (one["equal"], one["engine"], one["missing"]) == (True, "duckdb", [])
    assert one["statements"] == [
        {
            "statement_id": statement_id,
            "customer_id": client_api_id,
            "customer": "Acorn Ltd",
            "period": MONTH,
            "currency": "USD",
            "total": "14.85",
            "status": "Estimated",
            "kind": "statement",
            "run_id": run["run_id"],
            "equal": True,
            "difference": "",
        }
    ]
    assert rebill.answer("verify", "--period", MONTH) == one
    (part,) = (rebill.home / "lake").glob("*/costs/*/*/part-00000.parquet")
    part.write_bytes(part.read_bytes() + b"\n")
    ended = rebill.run("verify", "--period", MONTH)
    assert ended.code == 1
    assert "different: " in ended.out
    assert f"{part.name} is not as it was left: its SHA-256 is" in ended.out
    document = rebill.run("verify", str(statement_id), "--json").document
    assert (document["equal"], document["statements"][0]["equal"]) == (False, False)


def test_either_a_statement_or_a_month_is_verified(rebill: CommandLine) -> None:
    for arguments in (["verify"], ["verify", "1", "--period", MONTH]):
        assert rebill.run(*arguments).code == 2
    assert rebill.refusal("verify", "1")["code"] == "statement_not_found"
    assert rebill.refusal("verify", "--period", MONTH)["code"] == "month_not_run"


def test_a_line_is_explained_down_to_its_charges(rebill: CommandLine, tmp_path: Path) -> None:
    _, run = billed_month(rebill, tmp_path)
    statement_id = str(run["statements"][0]["statement_id"])
    whole = rebill.answer("explain", statement_id)
    assert [(line["n"], line["amount"], line["charges"]) for line in whole["lines"]] == [
        (1, "11.25", []),
        (2, "3.60", []),
    ]
    (line,) = rebill.answer("explain", statement_id, "--line", "1")["lines"]
    assert computed(line["steps"])["shown"] == Decimal("11.25")
    (charge,) = line["charges"]
    assert (charge["file"], charge["row"]) == ("costs.csv", 1)
    assert computed(charge["steps"])["price"] == Decimal("11.25")
    assert rebill.answer("explain", statement_id, "--charge", "costs.csv:1")["lines"][0]["charges"] == [charge]
    assert rebill.answer("explain", statement_id, "--line", "1", "--charges", "0")["lines"][0]["charges"] == []
    text = rebill.run("explain", statement_id, "--line", "1").out
    assert "    12.500000000000 × 0.900000 = 11.250000000000" in text
    assert "  1125.00" in text
    assert rebill.refusal("explain", statement_id, "--line", "3")["code"] == "line_not_found"
    assert rebill.refusal("explain", statement_id, "--charge", "77")["code"] == "charge_not_found"
    assert rebill.run("explain", statement_id, "--charge", "costs.csv").code == 2
    overview = rebill.run("explain", statement_id).out
    assert "exact" in overview
    assert "remainder" in overview


def test_added_lines_of_the_same_words_are_told_apart(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, _ = billed_month(rebill, tmp_path)
    ids = []
    for name in ("First", "Second"):
        rule = tmp_path / f"{name}.json"
        rule.write_text(
            f'{{"name": "{name}", "cloud": "azure", "billing_rule_type": "custom", "rule_action": "flat_fee", '
            '"apply_flat_fee_cost": 1, "add_csp_customers": "all", "product_name": "Care", '
            f'"product_description": "Care", "start_month": "{MONTH}"}}'
        )
        ids.append(rebill.answer("billing-rules", "create", str(rule))["id"])
    for _ in range(2):
        amount = ("--amount", "2", "--reason", "Care")
        rebill.answer("manual-lines", "add", str(client_api_id), "--period", MONTH, *amount)
    run = rebill.answer("bill", "run", "--period", MONTH)
    text = rebill.run("explain", str(run["statements"][0]["statement_id"])).out
    for named in (f"Care (billing rule {ids[0]})", f"Care (billing rule {ids[1]})", "Care (entry 1)", "Care (entry 2)"):
        assert named in text, text


def test_a_month_is_compared_with_what_was_issued(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    assert rebill.refusal("bill", "diff", "--period", MONTH)["code"] == "nothing_to_compare"
    rebill.answer("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    same = rebill.answer("bill", "diff", "--period", MONTH)
    assert (same["before"], same["before_run_id"], same["differences"]) == ("issued", None, [])
    assert "Nothing differs." in rebill.run("bill", "diff", "--period", MONTH).out
    file = tmp_path / "costs.csv"
    file.write_text(file.read_text().replace("10.000000000001,12.5", "12,15"))
    rebill.answer("costs", "import", str(file), "--scope", "september")
    later = rebill.answer("bill", "run", "--period", MONTH)
    found = rebill.answer("bill", "diff", "--period", MONTH)
    assert found["customers"] == [
        {
            "customer_id": client_api_id,
            "customer": "Acorn Ltd",
            "currency": "USD",
            "before": "14.85",
            "after": "17.10",
            "difference": "2.25",
            "by_cause": {"cost": "2.250000000000"},
        }
    ]
    between = rebill.answer("bill", "diff", "--period", MONTH, "--against", str(run["run_id"]))
    assert (between["before_run_id"], between["after_run_id"]) == (run["run_id"], later["run_id"])
    assert between["differences"] == found["differences"]
    text = rebill.run("bill", "diff", "--period", MONTH).out
    assert "Storage  cost" in text
    assert "is not in force any more." in text


def test_margins_are_reported(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, _ = billed_month(rebill, tmp_path)
    amounts = {"currency": "USD", "price": "14.850000000000", "cost": "13.300000000001"}
    amounts |= {"margin": "1.549999999999", "margin_percentage": "10.44"}
    assert rebill.answer("margins") == {
        "by": "customer",
        "margins": [{"customer_id": client_api_id, "customer": "Acorn Ltd", **amounts}],
    }
    by_service = rebill.answer("margins", "--by", "service", "--period", MONTH, "--customer", str(client_api_id))
    assert by_service["margins"] == [{"service": "Storage", **amounts}]
    assert rebill.answer("margins", "--by", "month")["margins"] == [{"period": MONTH, **amounts}]
    rule = rebill.answer("margins", "--by", "rule", "--period", MONTH)["margins"]
    assert [(row["rule"], row["price"]) for row in rule] == [("1 Markup", "14.850000000000")]
    unsaid = rebill.run("margins", "--by", "rule")
    assert (unsaid.code, "--period" in unsaid.err, "billing_period" in unsaid.err) == (2, True, False)
    assert "10.44" in rebill.run("margins").out


def test_changes_are_tried_on_a_month(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, _ = billed_month(rebill, tmp_path)
    found = rebill.answer("bill", "what-if", "--period", MONTH, "--customer", str(client_api_id), "--basis", "billed")
    (row,) = found["customers"]
    assert row == {
        "customer_id": client_api_id,
        "customer": "Acorn Ltd",
        "currency": "USD",
        "now": {"price": "14.85", "cost": "13.300000000001", "margin": "1.549999999999"},
        "then": {"price": "11.97", "cost": "13.300000000001", "margin": "-1.330000000001"},
        "price_difference": "-2.88",
        "margin_difference": "-2.880000000000",
    }
    (total,) = found["totals"]
    assert total == {name: value for name, value in row.items() if not name.startswith("customer")}
    assert [(one["service"], one["difference"]) for one in found["services"]] == [("Storage", "-2.879999999999")]
    rule = tmp_path / "rule.json"
    rule.write_text(
        '{"name": "Fee", "cloud": "azure", "billing_rule_type": "custom", "rule_action": "flat_fee", '
        '"apply_flat_fee_cost": 1.5, "add_csp_customers": "all", "product_name": "Care", "product_description": "Care"}'
    )
    with_rule = rebill.answer("bill", "what-if", "--period", MONTH, "--rule", str(rule))
    assert with_rule["totals"][0]["then"]["price"] == "16.35"
    text = rebill.run("bill", "what-if", "--period", MONTH, "--markup", "-10").out
    assert "No price would be another." in text
    assert rebill.refusal("bill", "what-if", "--period", MONTH)["code"] == "invalid_what_if"
    accounts = ("--assign", TENANT, "--assign-subscription", SUBSCRIPTION, "--to-nobody")
    nobodys = rebill.answer("bill", "what-if", "--period", MONTH, *accounts)
    assert nobodys["totals"][0]["then"]["price"] == "0.00"
    for_nobody = rebill.refusal("bill", "what-if", "--period", MONTH, "--enter", "5")
    assert for_nobody["fields"] == {"customer": "is required: whom the manual line would be for"}
    assert rebill.answer("statements", "list")["statements"][0]["price"] == "14.85"
