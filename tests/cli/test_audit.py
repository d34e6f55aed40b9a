"""The audit trail at the command line: what each command leaves in it, how it is shown, how it is verified."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from rebill.model.audit import Act, SubjectKind
from tests.api.price_book_steps import SPECIFICATION
from tests.api.world import RULE
from tests.cli.command_line import CommandLine
from tests.cli.test_documentation import COMMANDS
from tests.focus_files import row, write_csv

ROOT = Path(__file__).parent.parent.parent
READING = {
    "azure-customers subscriptions",
    "allocations list",
    "audit",
    "bill attention",
    "bill checklist",
    "bill compare",
    "bill diff",
    "bill proposals",
    "bill what-if",
    "billing-rules list",
    "billing-rules show",
    "costs list",
    "costs rejects",
    "customers list",
    "customers terms",
    "explain",
    "invoices list",
    "keys list",
    "manual-lines list",
    "margins",
    "price-books dry-run",
    "price-books list",
    "price-books show",
    "statements export",
    "statements list",
    "statements show",
    "tax list",
    "users list",
    "verify",
}
ON_ITS_OWN = {
    "backup",
    "demo",
    "init",
    "partners create",
    "restore",
    "sample-data",
    "serve",
    "azure-customers sync",
    "costs sync",
    "sync",
}
"""Commands of another home, of no partner that is there already, or that do what acts with entries of their own do."""


_IDENTITY_PROVIDER = {
    "REBILL_OPENID_ISSUER": "https://identity.example",
    "REBILL_OPENID_CLIENT_ID": "rebill",
    "REBILL_OPENID_CLIENT_SECRET": "secret",
    "REBILL_OPENID_REDIRECT_URL": "https://rebill.example/sign-in/openid/back",
}
"""Nobody asks it here: it is only named."""
_OWN_NUMBERS = (
    "INSERT INTO closing_settings (partner_id, unassigned_threshold, close_day, needs_approval, numbering, late_cost)"
    " SELECT partner_id, '0', 1, false, 'external', 'note' FROM partners"
)
"""The partner's own system numbers its documents."""


@dataclass(frozen=True)
class Step:
    """A command that changes something: how it succeeds, how it is refused, and what it is called."""

    command: str
    arguments: tuple[str, ...]
    refused: tuple[str, ...]
    act: Act
    dry_run: bool = False
    reason_option: str = "--reason"
    environment: Mapping[str, str] = field(default_factory=dict)


def _steps(rebill: CommandLine, folder: Path) -> Iterator[Step]:
    """Every changing command, in an order in which each can succeed; the line before has been run when one comes."""
    catalogue = folder / "catalogue.csv"
    catalogue.write_text("azure_customer_id,name,domain\nab123,Indigo,indigo.example\n")
    missing = str(folder / "missing.csv")
    yield Step("azure-customers import", (str(catalogue),), (missing,), Act.IMPORT_CATALOGUE)
    yield Step("customers create", ("One",), ("",), Act.CREATE_CUSTOMER)
    one = str(rebill.answer("customers", "list")["customers"][0]["id"])
    two = str(rebill.answer("customers", "create", "Two")["id"])
    yield Step("customers update", (one, "--name", "Uno"), (one, "--name", "Two"), Act.CHANGE_CUSTOMER)
    yield Step("assign", (one, "ab123"), (one, "nothing"), Act.ASSIGN_ACCOUNTS, dry_run=True)
    yield Step("move", (two, "ab123"), (two, "nothing"), Act.MOVE_ACCOUNTS, dry_run=True)
    yield Step("unassign", (two, "ab123"), (two, "nothing"), Act.REMOVE_ACCOUNTS, dry_run=True)
    yield Step("customers delete", (two,), ("999999999",), Act.DELETE_CUSTOMER)
    rule, faulty = folder / "rule.json", folder / "faulty.json"
    rule.write_text(json.dumps(RULE))
    faulty.write_text(json.dumps({**RULE, "name": ""}))
    yield Step("billing-rules create", (str(rule),), (str(faulty),), Act.CREATE_BILLING_RULE)
    number = str(rebill.answer("billing-rules", "list")["partner_billing_rules"][0]["id"])
    rule.write_text('{"name": "Another name"}')
    yield Step("billing-rules update", (number, str(rule)), (number, str(faulty)), Act.CHANGE_BILLING_RULE)
    yield Step("billing-rules delete", (number,), ("999999999",), Act.DELETE_BILLING_RULE)
    book = folder / "book.xml"
    book.write_text(SPECIFICATION)
    yield Step("price-books create", ("Retail", str(book)), ("", str(book)), Act.CREATE_PRICE_BOOK)
    made = str(rebill.answer("price-books", "list")["price_books"][-1]["id"])
    yield Step("price-books update", (made, "--name", "Other"), (made, "--name", ""), Act.CHANGE_PRICE_BOOK)
    yield Step("price-books assign", (made, one, "account-1"), (made, "999999999"), Act.ASSIGN_PRICE_BOOK)
    (assignment,) = rebill.answer("price-books", "show", made)["assignments"]
    yield Step(
        "price-books add-accounts",
        (str(assignment["id"]), "account-2"),
        (str(assignment["id"]), "account-1"),
        Act.ASSIGN_BOOK_ACCOUNTS,
    )
    yield Step("price-books unassign", (str(assignment["id"]),), ("999999999",), Act.END_BOOK_ASSIGNMENT)
    yield Step("price-books delete", (made,), ("999999999",), Act.DELETE_PRICE_BOOK)
    crossing = row(SubAccountId="crossing", ChargePeriodStart="2024-09-10", ChargePeriodEnd="2024-09-20")
    entered = ("--period", "2024-09", "--amount", "7")
    yield Step("manual-lines add", (one, *entered), ("999999999", *entered), Act.ENTER_MANUAL_LINE)
    (line,) = rebill.answer("manual-lines", "list")["manual_lines"]
    yield Step("manual-lines withdraw", (str(line["id"]),), ("999999999",), Act.WITHDRAW_MANUAL_LINE)
    costs = write_csv(folder / "costs.csv", [row(BilledCost="1"), crossing])
    yield Step("costs import", (str(costs),), (missing,), Act.IMPORT_COSTS)
    yield from _invoice_steps(rebill)
    rebill.answer("assign", one, row()["SubAccountId"], "--subscription")
    rebill.answer("assign", one, "crossing", "--subscription", "--from", "2024-09-15")
    yield Step("bill run", ("--period", "2024-09"), ("--period", "2024-09", "--customer", "999999999"), Act.RUN_BILL)
    yield Step("bill accept", ("--period", "2024-09"), ("--period", "2024-10"), Act.ACCEPT_LINES)
    yield Step("bill reopen", ("--period", "2024-09"), ("--period", "2024-10"), Act.REOPEN_LINES)
    rebill.answer("bill", "accept", "--period", "2024-09", "--reason", "Agreed after all")
    yield from _closing_steps(rebill, folder)
    yield from _user_steps(rebill, folder)
    yield Step(
        "keys create",
        ("--role", "operator"),
        ("--role", "read_only", "--customer", "999999999"),
        Act.CREATE_KEY,
    )
    key = str(rebill.answer("keys", "list")["keys"][-1]["key_id"])
    yield Step("keys rotate", (key,), ("999999999",), Act.ROTATE_KEY)
    key = str(rebill.answer("keys", "list")["keys"][-1]["key_id"])
    yield Step("keys revoke", (key,), ("999999999",), Act.REVOKE_KEY)
    yield from _partner_steps()
    yield Step("customers details", (one, "--language", "de"), (one, "--language", "?"), Act.CHANGE_BILLING_DETAILS)
    yield Step("tax set", ("S", "--percent", "19"), ("S", "--percent", "0"), Act.SET_TAX_RULE)


def _user_steps(rebill: CommandLine, folder: Path) -> Iterator[Step]:
    operator = ("--role", "operator")
    yield Step("users create", ("Ann", *operator), ("", *operator), Act.CREATE_USER)
    (ann,) = [str(user["id"]) for user in rebill.answer("users", "list")["users"] if user["name"] == "Ann"]
    yield Step("users change", (ann, "--name", "Bea"), (ann, "--name", ""), Act.CHANGE_USER)
    secret = folder / "password.txt"
    secret.write_text("correct horse battery staple\n")
    named = ("--sign-in-name", "bea@partner.example", "--password-file", str(secret))
    yield Step("users set-password", (ann, *named), ("999999999", *named), Act.SET_PASSWORD)
    yield Step("users link-subject", (ann, "a subject"), ("999999999", "a subject"), Act.LINK_SUBJECT)
    yield Step("users clear-password", (ann,), ("999999999",), Act.CLEAR_PASSWORD)
    yield Step("users unlink-subject", (ann,), ("999999999",), Act.UNLINK_SUBJECT)
    yield Step("users delete", (ann,), ("999999999",), Act.DELETE_USER)


def _partner_steps() -> Iterator[Step]:
    yield Step("partners letterhead", ("--tax-id", "DE136695976"), ("--tax-id", "DE136695977"), Act.CHANGE_LETTERHEAD)
    yield Step("partners guards", ("--floor-at-cost",), ("--from", "2024-01"), Act.CHANGE_PARTNER_GUARDS)
    yield Step("partners settings", ("--bill-input-tax",), ("--currency", "XYZ"), Act.CHANGE_PARTNER)


def _invoice_steps(rebill: CommandLine) -> Iterator[Step]:
    of_month, dollars = ("--period", "2024-09"), ("--total", "2", "--currency", "USD")
    reconcile = (*of_month, "--invoice", "G1")
    yield Step(
        "costs reconcile",
        (*reconcile, *dollars),
        (*reconcile, "--total", "2", "--currency", "XYZ"),
        Act.ENTER_INVOICE,
    )
    late = ("--period", "2024-07", *dollars)
    yield Step("invoices enter", ("G2", *late), ("", *late), Act.ENTER_INVOICE)
    (made,) = rebill.answer("invoices", "list", "--period", "2024-07")["microsoft_invoices"]
    yield Step("invoices withdraw", (str(made["id"]),), ("999999999",), Act.WITHDRAW_INVOICE)


def _closing_steps(rebill: CommandLine, folder: Path) -> Iterator[Step]:
    """The commands that issue documents, of a month that was run."""
    _in_database(rebill, _OWN_NUMBERS)
    period = ("--period", "2024-09")
    nobodys = (*period, "--customer", "999999999")
    yield Step("bill finalize", period, nobodys, Act.FINALIZE_MONTH, reason_option="--override")
    issued = str(rebill.answer("statements", "list")["statements"][0]["statement_id"])
    yield Step("statements number", (issued, "ERP-1"), (issued, ""), Act.GIVE_NUMBER)
    (one,) = [str(found["id"]) for found in rebill.answer("customers", "list")["customers"]]
    rebill.answer("customers", "update", one, "--folder", "bills")
    to_folder = {"REBILL_DELIVERY_FOLDER": str(folder / "delivered")}
    yield Step("deliver", period, nobodys, Act.DELIVER_DOCUMENTS, environment=to_folder)
    late = write_csv(folder / "late.csv", [row(BilledCost="2", ListCost="2", ChargePeriodStart="2024-09-20")])
    rebill.answer("costs", "import", str(late))
    rebill.answer("bill", "run", *period)
    yield Step("bill correct", period, nobodys, Act.CORRECT_MONTH)
    yield Step("bill void", (issued,), ("999999999",), Act.VOID_STATEMENT)
    # Of a month that waits for approval: asked for by somebody else here, whose machine this is not.
    rebill.answer("partners", "settings", "--approval")
    rebill.answer("bill", "run", *period)
    waits = str(rebill.answer("bill", "finalize", *period, "--override", "Whatever")["closing_id"])
    yield Step("bill withdraw", (waits,), ("999999999",), Act.WITHDRAW_CLOSING)
    waits = str(rebill.answer("bill", "finalize", *period, "--override", "Whatever")["closing_id"])
    _in_database(rebill, "UPDATE closings SET requested_by = 'Ann at the command line' WHERE closed_by IS NULL")
    yield Step("bill approve", (waits,), ("999999999",), Act.APPROVE_CLOSING)


def _left(rebill: CommandLine, after: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rebill.answer("audit", "--limit", "1000")["audit_entries"]
    return [entry for entry in found if entry["number"] > after]


def test_every_command_that_changes_something_leaves_one_entry_done_or_refused(
    rebill: CommandLine, tmp_path: Path
) -> None:
    driven = set()
    for step in _steps(rebill, tmp_path):
        driven.add(step.command)
        words = step.command.split(" ")
        last = _left(rebill, 0)[-1]["number"]
        environment = {**_IDENTITY_PROVIDER, **step.environment}
        refused_with = (*step.refused, step.reason_option, "Try it", "--json")
        assert rebill.run(*words, *refused_with, **environment).code == 1, step
        if step.dry_run:
            assert rebill.run(*words, *step.refused, "--dry-run", "--json").code == 1
            assert rebill.run(*words, *step.arguments, "--dry-run", "--json").code == 0
        done = rebill.run(*words, *step.arguments, step.reason_option, "Ticket 7", "--json", **environment)
        assert done.code == 0, (step, done)
        entries = _left(rebill, last)
        assert [(entry["act"], entry["outcome"]) for entry in entries] == [(step.act, "refused"), (step.act, "done")]
        refused, told = entries
        assert (refused["reason"], told["reason"]) == ("Try it", "Ticket 7")
        assert (refused["before"], refused["after"], told["refusal"]) == (None, None, None)
        assert refused["refusal"]["code"]
        assert told["by"]["channel"] == "command_line"
        assert told["by"]["operating_system_user"]
    # A command that stands in none of the three is either one that reads, or it has no step here.
    assert driven | READING | ON_ITS_OWN == set(COMMANDS)


def test_reading_leaves_nothing(rebill: CommandLine) -> None:
    before = _left(rebill, 0)
    for command in ("customers list", "keys list", "costs list", "statements list", "billing-rules list", "audit"):
        assert rebill.run(*command.split(" "), "--json").code == 0
    assert rebill.run("statements", "show", "1", "--json").code == 1
    assert _left(rebill, 0) == before


def test_a_partner_begins_with_the_entry_of_its_creation(rebill: CommandLine) -> None:
    rebill.answer("partners", "create", "Second Partner", "--reason", "A new company")
    rebill.refusal("partners", "create", "Second Partner")
    (second,) = rebill.answer("audit", "--partner", "Second Partner")["audit_entries"]
    assert (second["number"], second["act"], second["reason"]) == (1, "create_partner", "A new company")
    assert second["after"].keys() == {"name", "currency", "admin_key_id", "admin_user_id"}
    assert [entry["act"] for entry in _left(rebill, 0)] == ["create_partner"]


def test_entries_are_shown_filtered_and_one_by_one(rebill: CommandLine) -> None:
    one = str(rebill.answer("customers", "create", "One")["id"])
    rebill.answer("customers", "create", "Two", "--reason", "Second of two")
    told = rebill.run("audit").out
    assert "Second of two" in told
    assert f"customer:{one}" in told

    def numbers(*filters: str) -> list[int]:
        return [entry["number"] for entry in rebill.answer("audit", *filters)["audit_entries"]]

    assert numbers() == [1, 2, 3]
    assert numbers("--limit", "1") == [3]
    assert numbers("--limit", "2", "--after", "0") == [1, 2]
    assert numbers("--limit", "2", "--after", "2") == [3]
    assert numbers("--subject", f"customer:{one}") == numbers("--customer", one) == [2]
    assert numbers("--subject", "customer", "--act", "create_customer", "--outcome", "done") == [2, 3]
    assert numbers("--outcome", "refused") == numbers("--key", "5") == numbers("--until", "2020-01-01") == []
    assert numbers("--since", "2020-01-01T00:00:00Z") == [1, 2, 3]
    entry = rebill.answer("audit", "--entry", "3")
    assert (entry["number"], entry["after"]["name"]) == (3, "Two")
    assert "Second of two" in rebill.run("audit", "--entry", "3").out
    assert rebill.refusal("audit", "--entry", "4")["code"] == "audit_entry_not_found"
    for wrong in (("--act", "nothing"), ("--subject", "nothing:1"), ("--subject", "key:x"), ("--expect-head", "0")):
        assert rebill.run("audit", *wrong).code == 2, wrong


def test_verifying_prints_the_head_and_finds_what_is_gone(rebill: CommandLine) -> None:
    rebill.answer("customers", "create", "One")
    first = rebill.answer("audit", "--verify")
    assert (first["sound"], first["entries"], first["head"]["number"]) == (True, 2, 2)
    head = first["head"]["chain_sha256"]
    assert head in rebill.run("audit", "--verify").out
    rebill.answer("customers", "create", "Two")
    assert rebill.answer("audit", "--verify", "--expect-head", head)["sound"]
    other = rebill.run("audit", "--verify", "--expect-head", "0" * 64, "--json")
    assert (other.code, other.document["sound"]) == (1, False)
    _remove(rebill, 2)
    found = rebill.run("audit", "--verify", "--json")
    assert (found.code, [fault["number"] for fault in found.document["faults"]]) == (1, [2])
    told = rebill.run("audit", "--verify")
    assert told.code == 1
    assert "Entry 2 is missing" in told.out
    assert "Next: " in told.out


def test_an_entry_that_somebody_changed_is_listed_and_warned_of(rebill: CommandLine) -> None:
    rebill.answer("customers", "create", "One")
    rebill.answer("customers", "create", "Two")
    damage = "UPDATE audit_entries SET role = 'owner', outcome = 'perhaps' WHERE number = 2"
    _in_database(rebill, _disarmed(rebill, "audit_entries_are_not_changed", "audit_entries"), damage)
    told = rebill.run("audit")
    assert (told.code, told.err.count("Entry 2 is not as it was written"), told.err.count("Entry")) == (0, 1, 1)
    assert "perhaps" in told.out
    as_json = rebill.run("audit", "--json")
    assert [entry["number"] for entry in as_json.document["audit_entries"]] == [1, 2, 3]
    one = rebill.run("audit", "--entry", "2", "--json")
    assert (one.document["by"]["role"], "not as it was written" in one.err) == ("owner", True)
    assert [fault["number"] for fault in rebill.run("audit", "--verify", "--json").document["faults"]] == [2]


def test_verifying_looks_at_every_partner_of_the_installation(rebill: CommandLine) -> None:
    other = rebill.answer("partners", "create", "Other")["partner_id"]
    rebill.answer("customers", "create", "Theirs", "--partner", "Other")
    sound = rebill.answer("audit", "--verify")
    assert [(one["partner_id"] == other, one["sound"], one["entries"]) for one in sound["partners"]] == [
        (False, True, 1),
        (True, True, 2),
    ]
    assert (sound["sound"], sound["entries"], sound["head"]) == (True, 3, sound["partners"][0]["head"])
    _remove(rebill, 2)
    found = rebill.run("audit", "--verify", "--json")
    assert (found.code, found.document["sound"]) == (1, False)
    assert [(fault["partner_id"], fault["number"]) for fault in found.document["faults"]] == [(other, 2)]
    assert "Other: Entry 2 is missing" in rebill.run("audit", "--verify").out
    assert rebill.run("audit", "--verify", "--partner", str(sound["partner_id"])).code == 0
    gone = [f"DELETE FROM {table} WHERE partner_id = {other}" for table in ("audit_entries", "audit_chains")]
    _in_database(rebill, _disarmed(rebill, "audit_chains_are_not_deleted", "audit_chains"), *gone)
    assert "Other: The partner's chain is gone" in rebill.run("audit", "--verify").out


def _in_database(rebill: CommandLine, *statements: str) -> None:
    engine = create_engine(rebill.database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _remove(rebill: CommandLine, number: int) -> None:
    """Somebody who owns the database takes an entry away."""
    disarming = _disarmed(rebill, "audit_entries_are_not_deleted", "audit_entries")
    _in_database(rebill, disarming, f"DELETE FROM audit_entries WHERE number = {number}")


def _disarmed(rebill: CommandLine, trigger: str, table: str) -> str:
    """The statement that takes a table's trigger away."""
    place = f" ON {table}" if rebill.database_url.startswith("postgresql") else ""
    return f"DROP TRIGGER {trigger}{place}"


@pytest.mark.parametrize("word", [*(act.value for act in Act), *(kind.value for kind in SubjectKind)])
def test_every_act_and_subject_is_described(word: str) -> None:
    assert f"`{word}`" in (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
