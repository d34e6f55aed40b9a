"""Assigning at the command line is the API's act in the API's words, on each of the two databases."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine
from tests.services.months import charge, write_focus

ACCOUNTS = "azure_partner_customer_accounts"


@pytest.fixture
def customers(rebill: CommandLine, tmp_path: Path) -> list[str]:
    """Two customers' ids; the catalogue knows ``ab123`` and ``cd456``."""
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("azure_customer_id,name,domain\nab123,Acorn,acorn.example\ncd456,Beech,beech.example\n")
    rebill.answer("azure-customers", "import", str(catalogue))
    return [str(rebill.answer("customers", "create", name)["id"]) for name in ("First", "Second")]


def _entries(document: Any) -> list[Any]:
    entries = document[ACCOUNTS]
    assert isinstance(entries, list)
    return entries


def test_an_account_is_assigned_and_a_repeat_changes_nothing(rebill: CommandLine, customers: list[str]) -> None:
    (entry,) = _entries(rebill.answer("assign", customers[0], "AB123"))
    assert entry["assigned"] is True
    assert entry["customer_tenant_name"] == "First"
    assert entry["azure_partner_customer_account"] == entry["partner_customer_account"]
    assert entry["partner_customer_account"]["azure_customer_id"] == "ab123"
    assert _entries(rebill.answer("assign", customers[0], "ab123")) == [entry]


def test_one_fault_holds_the_whole_request_back_and_ends_with_one(rebill: CommandLine, customers: list[str]) -> None:
    ended = rebill.run("assign", customers[0], "ab123", "fgh345", "--json")
    assert ended.code == 1
    sound, fault = _entries(ended.document)
    assert sound["assigned"] is False
    assert fault == {"http_status": 422, "error": "azure_customer_id not found", "azure_customer_id": "fgh345"}
    (entry,) = _entries(rebill.answer("assign", customers[1], "ab123"))
    assert entry["customer_tenant_name"] == "Second"


def test_a_dry_run_stores_nothing(rebill: CommandLine, customers: list[str]) -> None:
    (entry,) = _entries(rebill.answer("assign", customers[0], "ab123", "--dry-run"))
    assert (entry["assigned"], entry["would_assign"]) == (False, True)
    (taken,) = _entries(rebill.answer("assign", customers[1], "ab123"))
    assert taken["assigned"] is True


def test_days_are_the_ones_asked_for_and_a_move_leaves_no_day_between(
    rebill: CommandLine, customers: list[str]
) -> None:
    (entry,) = _entries(rebill.answer("assign", customers[0], "ab123", "--from", "2024-01-01"))
    assert (entry["effective_from"], entry["effective_to"]) == ("2024-01-01", None)
    (moved,) = _entries(rebill.answer("move", customers[1], "ab123", "--from", "2024-06-15"))
    assert (moved["assigned"], moved["effective_from"]) == (True, "2024-06-15")
    refused = rebill.run("unassign", customers[0], "ab123", "--json")
    assert refused.code == 1
    (ended,) = _entries(rebill.answer("unassign", customers[1], "ab123", "--to", "2024-07-01"))
    assert ended["removed"] is True


def test_what_is_withdrawn_counts_as_never_made(rebill: CommandLine, customers: list[str]) -> None:
    rebill.answer("assign", customers[0], "ab123")
    (entry,) = _entries(rebill.answer("unassign", customers[0], "ab123", "--withdraw"))
    assert entry["removed"] is True
    (taken,) = _entries(rebill.answer("assign", customers[1], "ab123"))
    assert (taken["assigned"], taken["effective_from"]) == (True, None)


def test_an_unknown_customer_is_refused(rebill: CommandLine, customers: list[str]) -> None:
    assert "99" not in customers
    assert rebill.refusal("assign", "99", "ab123")["code"] == "customer_not_found"


def test_text_mode_tells_each_id_and_what_to_do_next(rebill: CommandLine, customers: list[str]) -> None:
    ended = rebill.run("assign", customers[0], "ab123", "fgh345")
    assert ended.code == 1
    assert "azure_customer_id not found" in ended.out
    assert ended.out.splitlines()[-1].startswith("Next: ")


def test_a_move_lists_usage_that_goes_on_across_it(rebill: CommandLine, customers: list[str], tmp_path: Path) -> None:
    cost = write_focus(
        tmp_path / "cost.csv",
        [charge("2024-09-10", "10.5", SubAccountId="s-1", ChargePeriodEnd="2024-09-20T00:00:00Z")],
    )
    (data_set,) = rebill.answer("costs", "import", str(cost))["datasets"]
    assert "spans_transfer" not in rebill.answer("assign", customers[0], "s-1", "--subscription")
    moved = ("move", customers[1], "s-1", "--subscription", "--from", "2024-09-15", "--dry-run")
    assert rebill.answer(*moved)["spans_transfer"] == {
        "count": 1,
        "lines": [
            {
                "data_set_id": data_set["dataset_id"],
                "billing_period": "2024-09",
                "source_file": "cost.csv",
                "source_row": 1,
                "azure_customer_id": "",
                "azure_subscription_id": "s-1",
                "charge_period_start": "2024-09-10T00:00:00Z",
                "charge_period_end": "2024-09-20T00:00:00Z",
                "changes_on": "2024-09-15",
                "billed_cost": "10.500000000000",
                "currency": "USD",
            }
        ],
    }
    ended = rebill.run(*moved[:-1])
    assert "Usage across the change of owner" in ended.out
    assert "1 such line stays whole with the owner on the first day (spans_transfer)." in ended.out


def test_allocations_are_listed_as_they_stand_today_or_stood(
    rebill: CommandLine, customers: list[str], tmp_path: Path
) -> None:
    bought = charge("2024-09-01", "5", ChargeCategory="Purchase", CommitmentDiscountId="R-1")
    file = write_focus(tmp_path / "cost.csv", [bought, charge("2024-09-01", "1", ChargeCategory="Tax")])
    rebill.answer("costs", "import", str(file))
    assert rebill.answer("allocations", "list") == {"allocations": []}
    rebill.answer("assign", customers[0], "r-1", "--commitment")
    rebill.answer("assign", customers[1], "tax", "--charge-kind", "--from", "2024-09-10")
    rebill.answer("unassign", customers[1], "tax", "--charge-kind", "--to", "2024-09-20")
    first = {"client_api_id": int(customers[0]), "customer": "First", "kind": "commitment", "id": "R-1"}
    ended = {"client_api_id": int(customers[1]), "customer": "Second", "kind": "charge_kind", "id": "tax"}
    whole = {**first, "effective_from": None, "effective_to": None}
    days = {**ended, "effective_from": "2024-09-10", "effective_to": "2024-09-20"}
    assert rebill.answer("allocations", "list") == {"allocations": [whole]}
    assert rebill.answer("allocations", "list", "--as-of", "2024-09-11") == {"allocations": [whole, days]}
    assert rebill.answer("allocations", "list", "--history", "--customer", customers[1]) == {"allocations": [days]}
    assert "R-1" in rebill.run("allocations", "list").out


def test_the_cost_of_manual_lines_is_listed_as_a_data_set(rebill: CommandLine, customers: list[str]) -> None:
    entered = ("--period", "2024-09", "--amount", "7", "--reason", "Set-up")
    rebill.answer("manual-lines", "add", customers[0], *entered)
    assert rebill.answer("costs", "list") == {"datasets": []}
    rebill.answer("manual-lines", "add", customers[0], *entered, "--cost", "5")
    rebill.answer("manual-lines", "add", customers[1], *entered, "--cost", "-1.5", "--currency", "EUR")
    withdrawn = rebill.answer("manual-lines", "add", customers[1], *entered, "--cost", "9")["id"]
    rebill.answer("manual-lines", "withdraw", str(withdrawn))
    (manual,) = rebill.answer("costs", "list")["datasets"]
    assert (manual["dataset_id"], manual["scope"], manual["period"], manual["rows"]) == (None, "manual", "2024-09", 2)
    assert manual["sums"] == [
        {"currency": "EUR", "partner_cost": "-1.500000000000"},
        {"currency": "USD", "partner_cost": "5.000000000000"},
    ]
    assert "manual" in rebill.run("costs", "list").out
