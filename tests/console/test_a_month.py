"""A partner's month on the pages, by a visitor without scripts: assign, run, look, finalize; and nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from datetime import date
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from rebill.console.pages import bills
from rebill.lake.runs import ProgressNotes, only_run
from rebill.lake.session import engine_session
from rebill.model.assignment import AssignmentOrder
from rebill.model.bill_run import RunOrder
from rebill.model.closing import ClosingSettings, LateCost
from rebill.model.identifiers import AccountKind
from rebill.model.margin import MarginsBy
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.model.run_progress import RunProgress, RunStep
from rebill.model.statement import StatementStatus
from rebill.services.billing.bills_of_month import bills_of_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.services.parties import issued_lines
from rebill.services.parties.assign_accounts import move_accounts
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.audit_entries import AuditFilter
from rebill.store.closing import store_closing_settings
from rebill.store.scope import Scope
from rebill.store.started_runs import begin_run
from rebill.store.tables import runs
from tests.console.conftest import NEIGHBOURS, NOBODYS, OWN, Office
from tests.console.visitor import Visitor
from tests.services.accountant import Accountant, issued_under_tenant
from tests.services.months import charge, stored

MONTH = BillingMonth(2024, 9)
AUGUST_PERIOD = {"BillingPeriodStart": "2024-08-01T00:00:00Z", "BillingPeriodEnd": "2024-09-01T00:00:00Z"}


def _acts(office: Office) -> list[tuple[str, str, str]]:
    entries = newest_audit_entries(office.installation, office.partner, AuditFilter(), 50)
    return [(one.entry.act, one.entry.outcome, one.entry.by.channel) for one in entries]


def _statement_id(office: Office, customer_id: int) -> int:
    (found,) = [one for one in stored(office.installation, office.partner) if one.statement.customer_id == customer_id]
    return found.statement_id


def test_a_month_is_assigned_run_looked_into_and_finalized(office: Office, admin: Visitor) -> None:
    assert "Not run yet." in admin.open("/?month=2024-09").text
    admin.open("/bills?month=2024-09")
    assert "September 2024 is run: 2 statements." in admin.send("/bills/run").text
    home = admin.open("/?month=2024-09")
    assert "unassigned cost" in home.text
    assert NOBODYS in home.text
    admin.open(f"/accounts?kind=subscription&text={NOBODYS}")
    preview = admin.send("/accounts/preview", account=NOBODYS, customer="Indigo", doing="assign")
    assert "What would happen" in preview.text
    assert "would change" in preview.text
    assert "is assigned to Indigo." in admin.send("/accounts/assign").text
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    statement_id = _statement_id(office, office.own)
    statement = admin.open(f"/statements/{statement_id}")
    assert "140.00 USD" in statement.text
    line = admin.open(f"/statements/{statement_id}/lines/1")
    assert "Why this price?" in line.text
    days = admin.open(f"/statements/{statement_id}/days")
    assert "2024-09-03" in days.text
    admin.open("/bills?month=2024-09")
    assert "2 documents of September 2024 issued." in admin.send("/bills/finalize").text
    assert {one.statement.status for one in stored(office.installation, office.partner)} == {StatementStatus.FINAL}
    acts = _acts(office)
    assert ("finalize_month", "done", "console") in acts
    assert ("assign_accounts", "done", "console") in acts


def test_what_stands_in_the_way_is_listed_and_a_reason_overrides_it(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    assert "unassigned cost" in admin.send("/bills/run").text
    refused = admin.send("/bills/finalize", reason="")
    assert refused.status == 409
    assert "unassigned cost" in refused.text
    admin.open("/bills?month=2024-09")
    assert "issued." in admin.send("/bills/finalize", reason="The account is a test of ours").text
    assert ("finalize_month", "refused", "console") in _acts(office)


def test_home_says_what_no_reason_overrides_and_that_a_month_is_closed(office: Office, admin: Visitor) -> None:
    """A run that is stale is told where the month is said to be ready, and what is issued is no more held back."""
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    assert "was last run" not in admin.open("/?month=2024-09").text
    office.month.cost(charge("2024-09-08", "2", "2"), scope="others", name="others.csv")
    assert "changed since 2024-09 was last run" in admin.open("/?month=2024-09").text
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    admin.send("/bills/finalize", reason="The account is a test of ours")
    home = admin.open("/?month=2024-09").text
    assert "Closed." in home
    assert "unassigned cost" not in home


def test_a_run_that_was_killed_is_told_on_home_and_on_its_bills_until_the_next(office: Office, admin: Visitor) -> None:
    run_folder = office.installation.lake_folder / str(office.partner.partner_id) / "runs" / str(MONTH) / "1"
    run_folder.mkdir(parents=True)
    for page in ("/?month=2024-09", "/bills?month=2024-09"):
        assert "The last run of 2024-09 was interrupted" in admin.open(page).text
    assert "September 2024 is run" in admin.send("/bills/run").text
    for page in ("/?month=2024-09", "/bills?month=2024-09", "/bills/checklist?month=2024-09"):
        assert "interrupted" not in admin.open(page).text


def test_a_form_that_is_sent_twice_acts_once(office: Office, admin: Visitor) -> None:
    admin.open(f"/accounts?kind=subscription&text={NOBODYS}")
    preview = admin.send("/accounts/preview", account=NOBODYS, customer="Indigo", doing="assign")
    form = preview.form("/accounts/assign")
    first, second = admin.send_form(form), admin.send_form(form)
    assert (first.text, second.status) == (second.text, 200)
    assert [one for one in _acts(office) if one[2] == "console"] == [("assign_accounts", "done", "console")]
    form = admin.open("/customers/new").form("/customers/new")
    made = admin.send_form(form, name="Twice Ltd")
    again = admin.send_form(form, name="Twice Ltd")
    assert (again.path, again.status) == (made.path, 200)
    changed = admin.send_form(form, name="Thrice Ltd")
    assert changed.status == 422, "the same form with other words is another act"
    assert "filled in otherwise" in changed.text
    assert "Idempotency" not in changed.text


def test_who_clicks_twice_at_once_sees_what_came_of_it(office: Office, admin: Visitor) -> None:
    form = admin.open("/customers/new").form("/customers/new")
    with ThreadPoolExecutor(4) as clicks:
        seen = list(clicks.map(lambda _: admin.send_form(form, name="Clicked Ltd"), range(4)))
    assert {(one.status, one.path) for one in seen} == {(200, seen[0].path)}
    assert [one for one in _acts(office) if one[2] == "console"] == [("create_customer", "done", "console")]


def test_two_finalize_at_once_and_one_is_told_so(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    first = admin.open("/bills?month=2024-09").form("/bills/finalize")
    second = admin.open("/bills?month=2024-09").form("/bills/finalize")
    assert "issued." in admin.send_form(first, reason="Ours").text
    late = admin.send_form(second, reason="Ours too")
    assert late.status == 409
    assert "There is no Estimated statement" in late.text
    assert [one for one in late.forms if one.action == "/bills/finalize"] == [], "it would be refused for ever"
    assert 'href="/bills?month=2024-09">Bills of September 2024</a>' in late.answer.text


def test_what_may_go_well_after_a_mend_is_offered_again_with_what_was_typed(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    form = admin.open("/bills?month=2024-09").form("/bills/finalize")
    office.month.subscriptions(office.neighbour, NOBODYS)
    stale = admin.send_form(form, reason="Ours")
    assert (stale.status, "run" in stale.text) == (409, True)
    assert ("reason", "Ours") in stale.form("/bills/finalize").fields, "what was typed is kept"


def test_margins_are_summed_up_by_currency_and_those_of_months_are_drawn(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    assert "Margin by month, in USD" not in admin.open("/margin?month=2024-09").text
    for by in MarginsBy:
        told = admin.open(f"/margin?month=2024-09&by={by}").text
        assert "All in USD 143.50 USD 172.00 USD 28.50 USD 16.57 %" in told, told
    by_month = admin.open("/margin?by=month").text
    assert "Margin by month, in USD" in by_month
    assert "Margin by month as a table Month Amount September 2024 28.50 USD" in by_month, by_month


def test_finalizing_is_offered_while_something_is_estimated_and_no_run_works(office: Office, admin: Visitor) -> None:
    def is_offered() -> bool:
        return any(form.action == "/bills/finalize" for form in admin.open("/bills?month=2024-09").forms)

    assert not is_offered()
    admin.send("/bills/run")
    assert is_offered()
    with office.installation.database.writing() as connection:
        begin_run(Scope.of(connection, office.partner), RunOrder(MONTH), "duckdb", office.installation.clock())
    assert is_offered(), "a run whose process is gone holds nothing back"
    with only_run(office.installation.lake_folder, office.partner.partner_id, MONTH):
        assert not is_offered()
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    assert "issued." in admin.send("/bills/finalize", reason="The account is a test of ours").text
    assert not is_offered()
    assert "No statement of the month is Estimated." in admin.open("/bills?month=2024-09").text


def test_accounts_are_transferred_by_day_and_their_history_is_kept(office: Office, admin: Visitor) -> None:
    shown = admin.open(f"/accounts?kind=subscription&text={OWN}")
    admin.send("/accounts/preview", account=OWN, customer="Neighbour", doing="move", day="2024-09-15")
    assert "is transferred to Neighbour Ltd." in admin.send("/accounts/assign").text
    account = next(
        part for part in shown.answer.text.split('"') if part.startswith("/accounts/") and part[-1].isdigit()
    )
    history = admin.open(account).text
    assert "Neighbour Ltd 2024-09-15 open" in history
    assert "Indigo the beginning 2024-09-15" in history


def test_imported_cost_is_looked_into_before_the_act_holds_others_up(
    office: Office, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued_under_tenant(Accountant(office.installation, office.partner, office.month.folder), "t-1", "s-1")
    admin.open("/accounts?kind=subscription&text=s-1")
    admin.send("/accounts/preview", account="s-1", customer="Neighbour", doing="assign")
    alone: list[bool] = []

    def session(memory_limit: str) -> AbstractContextManager[DuckDBPyConnection]:
        ended: list[bool] = []
        office.installation.database.when_ended(ended.append)
        # What is part of a greater transaction has yet to end.
        alone.append(bool(ended))
        return engine_session(memory_limit)

    monkeypatch.setattr(issued_lines, "engine_session", session)
    assert "1 account is assigned to" in admin.send("/accounts/assign").text
    assert alone == [True]


def test_a_preview_tells_whose_issued_statements_a_subscription_would_change(office: Office, admin: Visitor) -> None:
    issued_under_tenant(Accountant(office.installation, office.partner, office.month.folder), "t-1", "s-1")
    admin.open("/accounts?kind=subscription&text=s-1")
    preview = admin.send("/accounts/preview", account="s-1", customer="Neighbour", doing="assign", day="2024-09-01")
    assert "at fault" in preview.text
    assert "would change issued statements of First (2024-09)" in preview.text
    admin.send("/accounts/assign", reason="Sold in August", correct_issued="yes")
    run = run_bill(office.installation, office.partner, MONTH)
    assert ("First", 1000, 0) in {
        (one.customer_name, one.issued_minor_units, one.recomputed_minor_units) for one in run.pending
    }
    admin.open("/accounts?kind=subscription&text=s-1")
    preview = admin.send("/accounts/preview", account="s-1", customer="Neighbour", doing="remove", day="2024-09-01")
    assert "would change issued statements of First (2024-09)" in preview.text


def test_one_can_go_back_to_what_would_happen_and_a_long_choice_is_shown_at_once(
    office: Office, admin: Visitor
) -> None:
    admin.open(f"/accounts?kind=subscription&text={NOBODYS}")
    preview = admin.send("/accounts/preview", account=NOBODYS, customer="Indigo", doing="assign", day="2024-09-02")
    assert "form_token" not in preview.path and "once" not in preview.path
    again = admin.open(preview.path)
    assert (again.status, again.text) == (200, preview.text)
    assert ("day", "2024-09-02") in again.form("/accounts/assign").fields
    assert admin.open("/accounts/preview").path == "/accounts"
    admin.open("/accounts?kind=subscription")
    many = [f"{number:0120}" for number in range(50)]
    long = admin.send("/accounts/preview", account=many, customer="Indigo", doing="assign")
    assert long.path == "/accounts/preview"
    assert "What would happen" in long.text


@pytest.mark.parametrize("face", ["partner", "customer"])
def test_a_subscription_is_shown_by_its_name_unless_it_is_somebody_elses_by_now(
    face: str, office: Office, admin: Visitor
) -> None:
    installation, partner = office.installation, office.partner
    seen = [SeenAccount(OWN.upper(), name="sandbox-0001"), SeenAccount(NEIGHBOURS, name="of-the-neighbour")]
    with installation.database.writing() as connection:
        remember_accounts(Scope.of(connection, partner), AccountKind.SUBSCRIPTION, seen, installation.clock())
    run_bill(installation, partner, MONTH)
    place = f"/statements/{_statement_id(office, office.own)}"
    if face == "customer":
        admin.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.own))
        place = f"/portal{place}"
    beside = "/portal/cost" if face == "customer" else f"{place}/lines/1"
    shown = [admin.open(path).text for path in (place, beside)]
    assert all(f"sandbox-0001 {OWN}" in text and "of-the-neighbour" not in text for text in shown)
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, office.neighbour, (OWN,), effective_from=date(2024, 10, 1))
    move_accounts(installation, partner, order)
    assert ("sandbox-0001" in admin.open(place).text) is (face == "partner")


def test_faults_are_told_before_anything_is_done_and_nothing_typed_is_lost(office: Office, admin: Visitor) -> None:
    admin.open(f"/accounts?kind=subscription&text={OWN}")
    preview = admin.send("/accounts/preview", account=OWN, customer="Neighbour", doing="assign")
    assert "already assigned to another customer" in preview.text
    assert "Assign 1 account" not in preview.text
    admin.open("/accounts?kind=subscription")
    so_already = admin.send("/accounts/preview", account=OWN, customer="Indigo", doing="assign")
    assert "Nothing would change: it is so already." in so_already.text
    assert so_already.text.count("would change") == 1
    assert "Assign 1 account" not in so_already.text
    admin.open("/accounts?kind=subscription")
    both = admin.send("/accounts/preview", account=[OWN, NOBODYS], customer="Indigo", doing="assign")
    assert (both.text.count("is so already"), both.text.count("would change")) == (1, 1)
    admin.open("/accounts?kind=subscription")
    refused = admin.send("/accounts/preview", account=[OWN, NOBODYS], customer="d", doing="assign", day="2024-09-15")
    assert refused.status == 422
    assert "is in 2 names" in refused.text
    kept = refused.form("/accounts/preview").fields
    assert {value for name, value in kept if name == "account"} == {OWN, NOBODYS}
    assert ("day", "2024-09-15") in kept
    refused = admin.send("/accounts/preview", account=[], customer="Indigo")
    assert "Choose at least one account." in refused.text


@pytest.mark.parametrize(("role", "may_run"), [(Role.READ_ONLY, False), (Role.OPERATOR, True)])
def test_who_may_not_change_anything_is_offered_nothing_to_change(
    role: Role, may_run: bool, office: Office, admin: Visitor, stranger: Visitor
) -> None:
    form = admin.open("/bills?month=2024-09").form("/bills/run")
    stranger.sign_in(office.key(role))
    forms = stranger.open("/bills?month=2024-09").forms
    assert any(one.action == "/bills/run" for one in forms) is may_run
    token = next(value for one in forms for name, value in one.fields if name == "form_token")
    answer = stranger.send_form(form, form_token=token)
    assert (answer.status == 403) is not may_run
    with office.installation.database.reading() as connection:
        assert bool(connection.execute(runs.select()).all()) is may_run


def test_what_was_typed_outlives_the_session(office: Office, stranger: Visitor) -> None:
    key = office.key()
    stranger.sign_in(key)
    form = stranger.open("/customers/new").form("/customers/new")
    stranger.client.cookies.clear()
    shown = stranger.send_form(form, name="<Kept> & Sons", billing_contact="سلام")
    assert shown.status == 401
    assert "what you typed is kept" in shown.text
    again = stranger.send_form(shown.forms[1], api_key=key)
    assert "nothing of it was done" in again.text
    assert "<Kept> & Sons" in again.text
    made = stranger.send_form(again.form("/customers/new"))
    assert "<Kept> & Sons is a customer now." in made.text


def test_what_another_site_sends_is_neither_done_nor_kept(admin: Visitor) -> None:
    form = admin.open("/customers/new").form("/customers/new")
    admin.client.cookies.clear()
    shown = admin.send_form(form, headers={"Origin": "https://evil.example"}, name="Evil Ltd")
    assert shown.status == 401
    assert "Evil Ltd" not in shown.answer.text


def test_cost_of_a_tenant_and_of_nobody_in_particular_is_shown_as_nobodys(office: Office, admin: Visitor) -> None:
    office.month.cost(
        charge("2024-09-07", "3", "3", x_CustomerId="tenant-of-nobody"),
        charge("2024-09-08", "2", "2"),
        scope="others",
        name="others.csv",
    )
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    home = admin.open("/?month=2024-09").text
    assert home.index(NOBODYS) < home.index("tenant-of-nobody") < home.index("Charges that name no account")
    office.month.cost(
        charge("2024-08-07", "3", "3", x_CustomerId="tenant-of-nobody", **AUGUST_PERIOD),
        charge("2024-08-07", "3", "3", SubAccountId=NOBODYS, **AUGUST_PERIOD),
        scope="august",
        name="august.csv",
    )
    home = admin.open("/?month=2024-09").text
    assert home.index(NOBODYS) < home.index("tenant-of-nobody") < home.index("nobody new"), "new ones are marked alone"


def test_a_run_that_was_cut_off_is_told_of_on_the_page_of_its_month(office: Office, admin: Visitor) -> None:
    with office.installation.database.writing() as connection:
        begin_run(Scope.of(connection, office.partner), RunOrder(MONTH), "duckdb", office.installation.clock())
    assert "The last run of 2024-09 was interrupted" in admin.open("/bills?month=2024-09").text
    assert "September 2024 is run" in admin.send("/bills/run").text
    assert "interrupted" not in admin.open("/bills?month=2024-09").text


def test_a_page_tells_how_far_the_run_is_that_works_in_whatever_process(office: Office, admin: Visitor) -> None:
    with office.installation.database.writing() as connection:
        begin_run(Scope.of(connection, office.partner), RunOrder(MONTH), "duckdb", office.installation.clock())
    with only_run(office.installation.lake_folder, office.partner.partner_id, MONTH) as workplace:
        assert "A run of September 2024 is under way" in admin.open("/bills?month=2024-09").text
        tell = ProgressNotes(workplace.folder)
        tell(RunProgress(RunStep.DRAW_UP, 1_204, 5_000))
        shown = admin.open("/bills?month=2024-09")
        assert "Step 3 of 4: drawing up statements, 1,204 of 5,000 customers done." in shown.text
        assert 'max="100" value="56"' in shown.answer.text
        again = 'http-equiv="refresh" content="3;url=/bills/progress?month=2024-09"'
        assert again in shown.answer.text, "without scripts the page looks again by itself"
        tell(RunProgress(RunStep.STORE, 0, 5_000))
        assert "Step 4 of 4: storing the statements" in admin.open("/bills?month=2024-09").text
    assert "Step" not in admin.open("/bills?month=2024-09").text


def test_a_run_that_ends_between_two_looks_is_told(
    office: Office, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bills, "_WAITED_SECONDS", 0.0)
    admin.open("/bills?month=2024-09")
    shown = admin.send("/bills/run")
    while "is under way" in shown.text:
        shown = admin.open("/bills/progress?month=2024-09")
    assert "September 2024 is run: 2 statements." in admin.open("/bills/progress?month=2024-09").text


def test_bills_that_were_read_before_a_run_ended_are_not_shown_as_what_it_made(
    office: Office, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bills_of_month
    with office.installation.database.writing() as connection:
        begin_run(Scope.of(connection, office.partner), RunOrder(MONTH), "duckdb", office.installation.clock())
    with ExitStack() as working:
        working.enter_context(only_run(office.installation.lake_folder, office.partner.partner_id, MONTH))

        def read_while_it_ends(*asked: Any) -> Any:
            found = read(*asked)
            working.close()
            return found

        monkeypatch.setattr(bills, "bills_of_month", read_while_it_ends)
        assert "A run of September 2024 is under way" in admin.open("/bills?month=2024-09").text
    admin.send("/bills/run")
    shown = admin.open("/bills?month=2024-09&looked=yes")
    assert (shown.path, "September 2024 is run: 2 statements." in shown.text) == ("/bills?month=2024-09", True)


def test_an_invoice_that_no_cost_names_is_not_said_to_be_within_the_tolerance(admin: Visitor) -> None:
    admin.open("/costs/reconciliation?month=2024-09")
    shown = admin.send("/costs/invoices", number="G1", currency="USD", total="500")
    told = "by currency alone: no cost of the month names an invoice"
    assert f"G1 hand 500.00 USD 0.00 USD 500.00 USD {told}" in shown.text


def test_corrections_that_wait_for_the_next_statement_are_not_offered_again(office: Office, admin: Visitor) -> None:
    with office.installation.database.writing() as connection:
        store_closing_settings(Scope.of(connection, office.partner), ClosingSettings(late_cost=LateCost.NEXT))
    run_bill(office.installation, office.partner, MONTH)
    admin.open("/bills?month=2024-09")
    admin.send("/bills/finalize", reason="The account is a test of ours")
    office.month.cost(charge("2024-09-09", "2", "3", SubAccountId=OWN), scope="late", name="late.csv")
    run_bill(office.installation, office.partner, MONTH)
    admin.open("/bills?month=2024-09")
    admin.send("/bills/correct", reason="Cost came late")
    waits = admin.open("/bills?month=2024-09")
    assert "on the next statement" in waits.text
    assert not any(form.action == "/bills/correct" for form in waits.forms)
    assert "are others by the last run" not in admin.open("/bills/checklist?month=2024-09").text
    office.month.cost(charge("2024-09-10", "1", "1", SubAccountId=OWN), scope="later", name="later.csv")
    run_bill(office.installation, office.partner, MONTH)
    again = admin.open("/bills?month=2024-09")
    assert any(form.action == "/bills/correct" for form in again.forms), "more came late than waits"
