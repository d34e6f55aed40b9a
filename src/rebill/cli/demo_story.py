"""The demo, step by step: each function does one step, checks that it really happened, and says so."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rebill.cli.bills import BALANCE_AMOUNTS, balance_headings
from rebill.cli.demo_partner import (
    CUSTOMERS,
    EXPECTED_ACCOUNTS,
    EXPECTED_CHARGES,
    EXPECTED_COST,
    FOLLOWING_MONTH,
    LEFT_UNASSIGNED,
    MONTH,
    PARTNER_NAME,
    SHOWN_CUSTOMER,
    SampleCost,
    expected_balance,
    read_sample,
    shared_out,
)
from rebill.cli.demo_server import Server, running_server
from rebill.cli.output import Document, Heading, Output
from rebill.cli.statements import show_statement, show_statements, statement_document, write_document
from rebill.documents import statement_csv, statement_json
from rebill.model.counting import counted
from rebill.model.data_set import CostImportOrder
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO, kept_amount, text_of
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.run_bill import BillRun, StatementRecord, run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.keeping.initialise import find_partner, initialise
from rebill.services.parties.catalogue import import_catalogue
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.wiring import open_installation

if TYPE_CHECKING:
    from rebill.model.customer import Customer
    from rebill.model.months import BillingMonth
    from rebill.model.party import Caller
    from rebill.services.acting.installation import Installation

SAMPLES = Path(__file__).parent.parent / "samples"
CATALOGUE_FILE = SAMPLES / "partner_center_customers.json"
COST_FILE = SAMPLES / "focus_1_0_sample_1000.csv"

_ADD_TENANTS = "/v1/azure_partner_customer_accounts/add"
_ADD_SUBSCRIPTIONS = "/v1/azure_subscriptions/add"
_UNKNOWN_TENANT = "fgh345"


@dataclass
class Story:
    """What one run of the demo works with and has done so far."""

    home: Path
    output: Output
    installation: Installation
    caller: Caller
    api_key: str
    sample: SampleCost
    tenants: list[str] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    steps: int = 0

    def step(self, title: str, text: str) -> None:
        """Say that a step is done."""
        self.steps += 1
        self.output.say(f"{self.steps:>2}  {title:<14}{text}")

    def detail(self, text: str) -> None:
        """A line below the last step."""
        self.output.say(f"    {'':<14}{text}")


def tell(home: Path, output: Output) -> None:
    """Run the whole demo in the empty folder ``home``. Raises ``ProgramError`` as soon as a step did not happen."""
    output.say(f"rebill demo: {PARTNER_NAME} bills {MONTH} to its customers\nEverything lies in {home}\n")
    story = _begin(home, output)
    try:
        _take_in_catalogue(story)
        _make_customers(story)
        _import_costs(story)
        with running_server(home, story.api_key) as server:
            story.step("server", f"rebill serve runs on {server.url}")
            _assign_tenants(story, server)
            _assign_subscriptions(story, server)
        runs = [_bill(story, MONTH), _bill(story, FOLLOWING_MONTH)]
        written = _write_documents(story, runs)
        _show(story, runs, written)
    finally:
        story.installation.close()


def require(happened: bool, sentence: str) -> None:
    """Raise ``ProgramError`` unless what the demo says has happened."""
    if not happened:
        raise ProgramError("demo_failed", f"The demo did not do what it says: {sentence}.")


def _begin(home: Path, output: Output) -> Story:
    installation = open_installation(Settings.from_environment(home=home))
    initialised = initialise(installation, PARTNER_NAME)
    require(initialised.created and initialised.api_key is not None, "a fresh record has no partner yet")
    caller = find_partner(installation, PARTNER_NAME)
    story = Story(home, output, installation, caller, initialised.api_key or "", read_sample(COST_FILE))
    story.step("record", f"a new SQLite database, the partner {PARTNER_NAME} and its API key")
    return story


def _take_in_catalogue(story: Story) -> None:
    done = import_catalogue(story.installation, story.caller, CATALOGUE_FILE)
    story.tenants = [str(item["id"]) for item in json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))["items"]]
    require(done.new == len(story.tenants) == len(CUSTOMERS), "every Azure customer of the catalogue is new")
    story.step("catalogue", f"{counted(done.new, 'Azure customer')} from an answer of Partner Center (fictional names)")


def _make_customers(story: Story) -> None:
    story.customers = [create_customer(story.installation, story.caller, new) for new in CUSTOMERS]
    enabled = sum(customer.billing_enabled for customer in story.customers)
    require(enabled == len(CUSTOMERS) - 1, "one customer has its billing disabled")
    story.step("customers", f"{len(story.customers)} with terms of their own, one of them with billing disabled")
    for new in CUSTOMERS:
        markup = new.markup_percent
        price = "as it is" if markup is None else f"{markup:+f} %"
        billing = "" if new.billing_enabled else ", billing disabled"
        story.detail(f"{new.name:<25}{new.basis.value:<7}{price:<11}{new.commitments.value}{billing}")


def _import_costs(story: Story) -> None:
    order = CostImportOrder(files=(COST_FILE,), scope="focus-sample")
    done = import_costs(story.installation, story.caller, order)
    rows = sum(data_set.rows for data_set in done.data_sets)
    sums = [entry for data_set in done.data_sets for entry in data_set.sums]
    total = sum((entry.partner_cost for entry in sums), ZERO)
    require(rows == story.sample.charges == EXPECTED_CHARGES, "all 1,000 charges are imported")
    require(done.reject_count == 0, "no charge is rejected")
    require({entry.currency for entry in sums} == {"USD"}, "the sample is in one currency")
    require(total == story.sample.total == EXPECTED_COST, "the imported cost is the file's, to the last decimal")
    real = counted(rows, "real charge")
    story.step("cost", f"{real} (FOCUS 1.0 sample), {text_of(total)} USD, into the lake as Parquet")
    story.detail(f"one of them is billed in {FOLLOWING_MONTH}: each billing month is a data set of its own")


def _assign_tenants(story: Story, server: Server) -> None:
    """The reference call: first with a fault in it, which stores nothing, then for every customer."""
    first = story.customers[0]
    path = f"{_ADD_TENANTS}/{first.customer_id}"
    faulty = server.put_identifiers(path, "azure_customer_ids", [story.tenants[0], _UNKNOWN_TENANT])
    sound, fault = faulty.body["azure_partner_customer_accounts"]
    require(faulty.status == 207 and sound["assigned"] is False and fault["http_status"] == 422, "one fault holds all")
    require(_assigned_tenants(server, first) == [], "a request with a fault stores nothing")
    story.step("assignment", f"PUT {path} with one unknown id among two: 207, nothing is stored")
    story.detail(json.dumps(fault))
    for customer, tenant in zip(story.customers, story.tenants, strict=True):
        answer = server.put_identifiers(f"{_ADD_TENANTS}/{customer.customer_id}", "azure_customer_ids", [tenant])
        (entry,) = answer.body["azure_partner_customer_accounts"]
        require(answer.status == 207 and entry.get("assigned") is True, f"{tenant} is assigned to {customer.name}")
        require(_assigned_tenants(server, customer) == [tenant], f"{customer.name} has its Azure account")
    story.step("assignment", f"{counted(len(story.tenants), 'Azure customer')}, one by one: 207, each assigned")


def _assigned_tenants(server: Server, customer: Customer) -> list[str]:
    answer = server.get(f"/v1/azure_partner_customer_accounts/list/{customer.customer_id}")
    entries = answer.body["azure_partner_customer_accounts"]
    return [entry["azure_partner_customer_account"]["azure_customer_id"] for entry in entries]


def _assign_subscriptions(story: Story, server: Server) -> None:
    accounts = story.sample.accounts
    require(len(accounts) == EXPECTED_ACCOUNTS, "the sample names 73 sub-accounts")
    hands = shared_out(accounts)
    for customer, hand in zip(story.customers, hands, strict=True):
        path = f"{_ADD_SUBSCRIPTIONS}/{customer.customer_id}"
        answer = server.put_identifiers(path, "azure_ids", hand)
        assigned = answer.body.get("azure_subscriptions", [])
        require(
            answer.status == 200 and len(assigned) == len(hand), f"{customer.name} has {counted(len(hand), 'account')}"
        )
    dealt = sum(map(len, hands))
    require(dealt + len(LEFT_UNASSIGNED) == EXPECTED_ACCOUNTS, "every account is assigned or left on purpose")
    story.step("subscriptions", f"PUT {_ADD_SUBSCRIPTIONS}/…: {dealt} sub-accounts shared out over HTTP,")
    story.detail(f"{len(LEFT_UNASSIGNED)} left unassigned on purpose")


def _bill(story: Story, month: BillingMonth) -> BillRun:
    run = run_bill(story.installation, story.caller, month)
    (balance,) = run.balance
    require(balance.difference == ZERO, f"the balance of {month} has no difference")
    require(balance == expected_balance(story.sample, month), f"every charge of {month} went where it was assigned")
    names = {record.customer_name for record in run.statements}
    disabled = {new.name for new in CUSTOMERS if not new.billing_enabled}
    require(bool(names) and not names & disabled, "customers with billing enabled, and only they, get statements")
    story.step("bill", f"{month}: Estimated statements: {len(run.statements)} (run {run.run_id})")
    return run


def _write_documents(story: Story, runs: Sequence[BillRun]) -> Mapping[int, list[Path]]:
    folder = story.home / "statements"
    folder.mkdir()
    written: dict[int, list[Path]] = {}
    for listed in (listed for run in runs for listed in run.statements):
        record = get_statement(story.installation, story.caller, listed.statement_id)
        require(record.line_count == len(record.statement.lines) > 0, "a statement has the lines that it counts")
        name = re.sub(r"[^a-z0-9]+", "-", record.customer_name.lower())
        stem = folder / f"{record.statement.month}-{name}"
        paths = [stem.with_suffix(".json"), stem.with_suffix(".csv")]
        for path, text in zip(paths, _documents(record), strict=True):
            write_document(path, text.encode())
        document = json.loads(paths[0].read_text(encoding="utf-8"))
        shown = sum((Decimal(line["amount"]) for line in document["lines"]), ZERO)
        require(document["total"] == record.statement.price_text, "the JSON document bears the statement's total")
        require(shown == Decimal(document["total"]), "the lines of the JSON document add up to its total")
        written[record.statement_id] = paths
    story.step("documents", f"{counted(2 * len(written), 'file')}, JSON and CSV, in {folder}")
    return written


def _documents(record: StatementRecord) -> tuple[str, str]:
    identity = (record.statement_id, record.statement, record.document)
    return statement_json(*identity), statement_csv(*identity)


def _show(story: Story, runs: Sequence[BillRun], written: Mapping[int, list[Path]]) -> None:
    output = story.output
    output.say()
    show_statements(output, sorted(runs[0].statements, key=lambda record: record.customer_name))
    _show_balances(output, runs)
    (chosen,) = (record for record in runs[0].statements if record.customer_name == SHOWN_CUSTOMER)
    shown = get_statement(story.installation, story.caller, chosen.statement_id)
    output.say()
    show_statement(output, shown)
    output.say("\nThe same statement as files:")
    for path in written[shown.statement_id]:
        output.say(f"  {path}")
    output.answer(_document(story, runs, written))
    _say_what_next(story)


def _show_balances(output: Output, runs: Sequence[BillRun]) -> None:
    balances = [run.balance[0] for run in runs]
    sums = {name: sum((getattr(balance, name) for balance in balances), ZERO) for name in BALANCE_AMOUNTS}
    went_to = sums["billed"] + sums["billing_disabled"] + sums["unassigned"]
    require(sums["imported"] == EXPECTED_COST == went_to, "the balance holds to the last decimal")
    rows = []
    for run, balance in zip(runs, balances, strict=True):
        document = balance.as_text()
        rows.append([str(run.month), *(str(document[name]) for name in BALANCE_AMOUNTS)])
    rows.append(["together", *(text_of(kept_amount(amount)) for amount in sums.values())])
    output.say("\nWhere every charge went, in USD: imported = billed + billing disabled + unassigned")
    output.table([Heading("month"), *balance_headings()], rows)


def _document(story: Story, runs: Sequence[BillRun], written: Mapping[int, list[Path]]) -> Document:
    return {
        "home": str(story.home),
        "charges": story.sample.charges,
        "imported": text_of(EXPECTED_COST),
        "runs": [
            {
                "period": str(run.month),
                "run_id": run.run_id,
                "statements": [statement_document(record) for record in run.statements],
                "balance": [balance.as_text() for balance in run.balance],
            }
            for run in runs
        ],
        "files": [str(path) for paths in written.values() for path in paths],
    }


def _say_what_next(story: Story) -> None:
    say = story.output.say
    command = "rebill" if shutil.which("rebill") else str(Path(sys.executable).parent / "rebill")
    body = json.dumps({"azure_customer_ids": [story.tenants[0], _UNKNOWN_TENANT]})
    say("\nTry it yourself. Serve this home:\n")
    say(f"  REBILL_HOME={shlex.quote(str(story.home))} {shlex.quote(command)} serve\n")
    say("and in another terminal make the reference call, once with an id that nobody has:\n")
    say("  curl --request PUT -H 'Content-Type: application/json' \\")
    say(f"    -H 'Authorization: Bearer {story.api_key}' \\")
    say(f"    -d {shlex.quote(body)} \\")
    say(f"    http://127.0.0.1:8080{_ADD_TENANTS}/{story.customers[0].customer_id}")
