"""A month closed at the command line: issued, held back, overridden, numbered."""

from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.cli.test_main_job import MONTH, billed_month
from tests.focus_files import row, write_csv


def test_a_month_is_finalized_and_its_statement_keeps_its_id(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, run = billed_month(rebill, tmp_path)
    (estimated,) = run["statements"]
    held_back = rebill.refusal("bill", "finalize", "--period", MONTH)
    assert held_back["code"] == "finalizing_blocked"
    assert set(held_back["fields"]) == {"unassigned_cost"}
    done = rebill.answer("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    assert [found["blocker"] for found in done["overridden"]] == ["unassigned_cost"]
    assert (done["period"], done["reason"], done["customer_id"]) == (MONTH, "The rest is ours", None)
    (issued,) = done["documents"]
    assert issued == {**estimated, "status": "Final", "invoice_id": issued["invoice_id"]}
    assert issued["invoice_id"].endswith("-000001")
    shown = rebill.answer("statements", "show", str(issued["statement_id"]))
    assert (shown["status"], shown["document_type"], shown["invoice_id"]) == (
        "Final",
        "statement",
        issued["invoice_id"],
    )
    text = rebill.run("statements", "show", str(issued["statement_id"])).out
    assert f"Statement {issued['statement_id']} for Acorn Ltd, {MONTH} (Final, {issued['invoice_id']})" in text
    again = rebill.refusal("bill", "finalize", "--period", MONTH, "--customer", str(client_api_id))
    assert again["code"] == "nothing_to_finalize"


def test_exact_amounts_of_documents_are_written_alike_on_both_databases(rebill: CommandLine) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    entry = ("--period", MONTH, "--amount", "5", "--reason", "Set-up")
    rebill.answer("manual-lines", "add", customer, *entry)
    rebill.answer("manual-lines", "add", customer, *entry, "--currency", "EUR", "--cost", "2.5")
    figures = {
        one["currency"]: (one["partner_cost"], one["price"], one["margin"])
        for one in rebill.answer("bill", "run", "--period", MONTH)["statements"]
    }
    assert figures == {
        "USD": ("0.000000000000", "5.00", "5.000000000000"),
        "EUR": ("2.500000000000", "5.00", "2.500000000000"),
    }


def test_what_is_finalized_is_delivered_at_once_where_the_settings_say_where_to(
    rebill: CommandLine, tmp_path: Path
) -> None:
    client_api_id, _ = billed_month(rebill, tmp_path)
    rebill.answer("customers", "update", str(client_api_id), "--folder", "acorn")
    words = ("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    done = rebill.run(*words, REBILL_DELIVERY_FOLDER=str(tmp_path / "delivered"))
    assert done.code == 0
    assert f"Documents of {MONTH} delivered: 1." in done.out
    assert {file.suffix for file in (tmp_path / "delivered" / "acorn").iterdir()} == {".pdf", ".csv", ".parquet"}


def test_a_delivery_that_fails_undoes_no_finalizing(rebill: CommandLine, tmp_path: Path) -> None:
    client_api_id, _ = billed_month(rebill, tmp_path)
    rebill.answer("customers", "update", str(client_api_id), "--folder", "acorn")
    (tmp_path / "delivered").write_text("a file stands where the folder should be")
    words = ("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    done = rebill.run(*words, REBILL_DELIVERY_FOLDER=str(tmp_path / "delivered"))
    assert done.code == 0
    assert "acorn cannot be written to" in done.err
    (issued,) = rebill.answer("statements", "list")["statements"]
    assert issued["status"] == "Final"


def test_a_gapless_number_is_not_to_be_given(rebill: CommandLine, tmp_path: Path) -> None:
    _, run = billed_month(rebill, tmp_path)
    statement_id = str(run["statements"][0]["statement_id"])
    assert rebill.refusal("statements", "number", statement_id, "ERP-1")["code"] == "not_issued"
    rebill.answer("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    assert rebill.refusal("statements", "number", statement_id, "ERP-1")["code"] == "numbered_already"
    everything = rebill.answer("statements", "list", "--documents", "all")["statements"]
    assert [str(found["statement_id"]) for found in everything] == [statement_id]


def test_what_changed_after_the_close_is_corrected_by_a_note_and_voided_by_another(
    rebill: CommandLine, tmp_path: Path
) -> None:
    _, run = billed_month(rebill, tmp_path)
    statement_id = str(run["statements"][0]["statement_id"])
    assert run["pending_corrections"] == []
    rebill.answer("bill", "finalize", "--period", MONTH, "--override", "The rest is ours")
    file = tmp_path / "costs.csv"
    file.write_text(file.read_text().replace("10.000000000001,12.5", "12,15"))
    rebill.answer("costs", "import", str(file), "--scope", "september")
    assert rebill.refusal("bill", "correct", "--period", MONTH, "--reason", "Restated")["code"] == "run_is_stale"
    (pending,) = rebill.answer("bill", "run", "--period", MONTH)["pending_corrections"]
    assert (pending["issued"], pending["computed"], pending["correction"]) == ("14.85", "17.10", "2.25")
    done = rebill.answer("bill", "correct", "--period", MONTH, "--reason", "Restated")
    (note,) = done["documents"]
    assert (note["document_type"], note["price"], note["corrects"]) == ("debit_note", "2.25", int(statement_id))
    shown = rebill.run("statements", "show", str(note["statement_id"])).out
    assert f"Corrects statement {statement_id}: Restated" in shown
    nothing = rebill.run("bill", "correct", "--period", MONTH, "--reason", "Restated")
    assert (nothing.code, "Nothing was issued" in nothing.out) == (0, True)
    (back,) = rebill.answer("bill", "void", statement_id, "--reason", "Wrong company")["documents"]
    assert (back["document_type"], back["price"]) == ("credit_note", "-17.10")
    assert rebill.refusal("bill", "void", statement_id, "--reason", "Again")["code"] == "voided_already"
    everything = rebill.answer("statements", "list", "--documents", "all")["statements"]
    assert sorted(found["status"] for found in everything) == ["Estimated", "Final", "Final", "Final"]
    listed = rebill.run("statements", "list", "--period", MONTH).out
    assert "2 notes that correct or take back statements are not listed: --documents all lists them too." in listed
    with_notes = rebill.run("statements", "list", "--documents", "all").out
    assert ("not listed" in with_notes, "None" in with_notes) == (False, False)


def test_accounts_change_hands_in_an_issued_month_only_with_consent_and_a_reason(
    rebill: CommandLine, tmp_path: Path
) -> None:
    first, second = (str(rebill.answer("customers", "create", name)["id"]) for name in ("First", "Second"))
    costs = write_csv(tmp_path / "costs.csv", [row(BilledCost="1", ListCost="1")])
    assert rebill.answer("costs", "import", str(costs), "--scope", "all")["issued_months"] == []
    subscription = row()["SubAccountId"]
    rebill.answer("assign", first, subscription, "--subscription")
    rebill.answer("bill", "run", "--period", "2024-09")
    rebill.answer("bill", "finalize", "--period", "2024-09", "--override", "A test")
    moved = ("move", second, subscription, "--subscription", "--from", "2024-09-02")
    (fault,) = rebill.refusal(*moved)["fields"].values()
    assert fault.startswith("azure_subscription would change issued statements of First (2024-09): allow it with")
    assert rebill.run(*moved, "--correct-issued", "--json").code == 2
    details = rebill.answer(*moved, "--correct-issued", "--reason", "Sold in August")["details"]
    assert details[0]["assigned"] is True
    write_csv(tmp_path / "costs.csv", [row(BilledCost="2", ListCost="2")])
    assert rebill.answer("costs", "import", str(costs), "--scope", "all")["issued_months"] == ["2024-09"]


def test_a_subscription_leaves_what_is_issued_to_the_owner_of_its_tenant(rebill: CommandLine, tmp_path: Path) -> None:
    first, second = (str(rebill.answer("customers", "create", name)["id"]) for name in ("First", "Second"))
    tenant, subscription = row()["x_CustomerId"], row()["SubAccountId"]
    (tmp_path / "catalogue.csv").write_text(f"azure_customer_id,name,domain\n{tenant},Acorn,acorn.example\n")
    rebill.answer("azure-customers", "import", str(tmp_path / "catalogue.csv"))
    rebill.answer("costs", "import", str(write_csv(tmp_path / "costs.csv", [row(BilledCost="1", ListCost="1")])))
    rebill.answer("assign", first, tenant)
    rebill.answer("bill", "run", "--period", "2024-09")
    rebill.answer("bill", "finalize", "--period", "2024-09", "--override", "A test")
    early = ("assign", second, subscription, "--subscription", "--from", "2024-09-18")
    (fault,) = rebill.refusal(*early)["fields"].values()
    assert fault.startswith("azure_subscription would change issued statements of First (2024-09): allow it with")
    (details,) = rebill.answer("assign", second, subscription, "--subscription")["details"]
    assert details["effective_from"] == "2024-10-01"


def test_a_parallel_run_names_whom_nobody_knows_and_a_month_without_statements(
    small_rebill: CommandLine, tmp_path: Path
) -> None:
    small_rebill.answer("init")
    small_rebill.answer("customers", "create", "Acorn")
    file = tmp_path / "former.csv"
    file.write_text("customer,currency,total\nAcorn,USD,5\nOak,USD,3\nOak,EUR,1\n")
    told = small_rebill.run("bill", "compare", "--period", MONTH, str(file)).out
    assert "No customer of yours is called so: Oak.\n" in told
    assert f"Next: rebill bill run --period {MONTH} makes its statements; none stands yet." in told
