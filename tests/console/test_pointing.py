"""Sentences name commands on the command line, and pages on pages."""

import re
from pathlib import Path

import pytest

from rebill.console.pointing import PAGES, with_links
from rebill.console.route import matching
from rebill.console.routes import ROUTES
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.terms import CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.keys import create_key
from rebill.services.parties.change_customer import change_customer
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.scope import Scope
from tests.console.conftest import NOBODYS, OWN, Office
from tests.console.visitor import Visitor, visiting
from tests.sentences import all_commands, commands_in_sentences
from tests.services.months import Month, charge
from tests.services.test_accepting_lines import covered

WITHOUT_A_PAGE = {
    *("audit", "backup", "deliver", "explain", "init", "restore", "serve", "sync", "verify"),
    *("statements", "statements export", "statements number"),
}
"""Commands for whoever runs the server; and what is said to the command line alone."""


def test_every_command_that_a_sentence_names_has_its_page() -> None:
    found = commands_in_sentences()
    assert {"assign", "bill run", "costs rejects", "invoices enter"} <= found
    assert found - set(PAGES) <= WITHOUT_A_PAGE
    assert set(PAGES) <= set(all_commands())


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_every_link_leads_to_a_page(page: object) -> None:
    path = str(getattr(page, "path", "")).split("?", maxsplit=1)[0]
    assert any(route.method == "GET" for route, _ in matching(ROUTES, path))


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "rebill bill run --period 2024-09 computes the month.",
            '<a href="/bills?month=2024-09">Bills, Run</a> computes the month.',
        ),
        (
            "look at them (rebill costs rejects 17), mend <them>",
            'look at them (<a href="/costs/17/rejects">Rows that were not read</a>), mend &lt;them&gt;',
        ),
        (
            "rebill assign CLIENT_API_ID ID… assigns them; then run again.",
            '<a href="/accounts?owner=nobody">Azure accounts</a> assigns them; then run again.',
        ),
        (
            "rebill invoices enter NUMBER --period 2024-09 --total AMOUNT --currency CODE enters one.",
            '<a href="/costs/reconciliation?month=2024-09">Enter an invoice</a> enters one.',
        ),
        ("There is none: `rebill costs list` shows them.", 'There is none: <a href="/costs">Cost data</a> shows them.'),
        (
            "rebill assign CLIENT_API_ID KIND… --charge-kind assigns them.",
            '<a href="/accounts?kind=charge_kind&amp;owner=nobody">Azure accounts, Kinds of charges</a> assigns them.',
        ),
        (
            "Mend <them>, or add --accept-rejects.",
            "Mend &lt;them&gt;, or add <em>Take the good rows of a file with unreadable ones</em>.",
        ),
        ("add --period YYYY-MM", "add <em>Month, if the file names none</em>"),
        ("rebill verify says what was changed.", "rebill verify says what was changed."),
        ("rebill assigns nothing", "rebill assigns nothing"),
    ],
)
def test_a_command_is_a_link_on_pages(sentence: str, shown: str) -> None:
    assert with_links(sentence) == shown


def test_no_page_of_a_month_names_a_command(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    for path in ("/", "/bills", "/bills/checklist", "/bills/attention", "/costs/reconciliation"):
        shown = admin.open(f"{path}?month=2024-09")
        assert shown.status == 200
        assert "rebill " not in shown.text.replace("rebill First Partner", ""), path
    refused = admin.open("/bills?month=2024-10").form("/bills/run")
    assert "rebill bill" not in admin.send_form(refused).text
    assert 'href="/accounts?owner=nobody"' in admin.open("/?month=2024-09").answer.text
    assert "7.25 USD of cost" in admin.open("/?month=2024-09").text


def test_accounts_that_are_new_since_last_month_are_marked_and_stand_by_cost(office: Office, admin: Visitor) -> None:
    august = charge("2024-08-06", "7.25", "8", SubAccountId=NOBODYS, BillingPeriodStart="2024-08-01T00:00:00Z")
    office.month.cost({**august, "BillingPeriodEnd": "2024-09-01T00:00:00Z"}, scope="august")
    office.month.cost(charge("2024-09-07", "0.10", "0.10", SubAccountId="subscription-new"), scope="more")
    run_bill(office.installation, office.partner, BillingMonth(2024, 9))
    home = admin.open("/?month=2024-09").text
    assert home.rindex(NOBODYS) < home.index("subscription-new")
    assert home.count("nobody new") == 1


@pytest.mark.parametrize(
    ("account", "named", "kind"),
    [
        ({"SubAccountId": "s-1"}, "s-1", "subscription"),
        ({"x_CustomerId": "tenant-1"}, "tenant-1", "azure_customer"),
        ({}, "usage", "charge_kind"),
    ],
)
def test_accounts_are_shown_of_the_first_kind_that_has_any_and_charges_without_one_by_their_kind(
    account: dict[str, str], named: str, kind: str, installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    Month(installation, partner, tmp_path).cost(charge("2024-09-06", "7.25", "8", **account))
    tenants = [SeenAccount(account["x_CustomerId"])] if "x_CustomerId" in account else []
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        remember_accounts(scope, AccountKind.AZURE_CUSTOMER, tenants, installation.clock())
    run_bill(installation, partner, BillingMonth(2024, 9))
    with visiting(installation) as visitor:
        visitor.sign_in(create_key(installation, partner, Role.ADMIN, None).api_key)
        shown = visitor.open("/accounts?owner=nobody")
        assert named in shown.text
        assert re.search(rf'<option value="{kind}" selected>', shown.answer.text)
        assert "No account is like that." in visitor.open("/accounts?kind=commitment").text
        home = visitor.open("/?month=2024-09").answer.text
        checklist = visitor.open("/bills/checklist?month=2024-09").answer.text
        unnamed = "/accounts?kind=charge_kind&amp;owner=nobody"
        assert (unnamed in home) is (unnamed in checklist) is (not account)


def test_what_holds_a_month_back_leads_to_the_accounts_that_its_cost_names(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    month.cost(charge("2024-09-06", "7.25", "8"), scope="unnamed")
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        remember_accounts(scope, AccountKind.AZURE_CUSTOMER, [SeenAccount("tenant-1")], installation.clock())
    run_bill(installation, partner, BillingMonth(2024, 9))
    anybodys, by_kind = 'href="/accounts?owner=nobody">Azure accounts</a>', "Azure accounts, Kinds of charges</a>"
    with visiting(installation) as visitor:
        visitor.sign_in(create_key(installation, partner, Role.ADMIN, None).api_key)
        home = visitor.open("/?month=2024-09").answer.text
        assert "these charges, which name no account, by their kinds" in home
        assert (anybodys in home, by_kind in home) == (False, True)
        month.cost(charge("2024-09-06", "7.25", "8", SubAccountId="s-1"), scope="named")
        run_bill(installation, partner, BillingMonth(2024, 9))
        home = visitor.open("/?month=2024-09").answer.text
        assert (anybodys in home, by_kind in home) == (True, False)


def test_an_invoice_is_entered_beside_what_was_imported(office: Office, admin: Visitor) -> None:
    admin.open("/costs/reconciliation?month=2024-09")
    wrong = admin.send("/costs/invoices", number="", total="=cmd()")
    assert wrong.status == 422
    assert dict(wrong.form("/costs/invoices").fields)["total"] == "=cmd()"
    entered = admin.send_form(wrong.form("/costs/invoices"), number="G016907411", total="150.75")
    assert "G016907411 is entered." in entered.text
    assert "150.75 USD" in entered.text


def test_lines_that_need_attention_are_taken_as_they_are_and_opened_again(office: Office, admin: Visitor) -> None:
    retail = CustomerChange(terms=TermsChange(commitments=CommitmentsPolicy.RETAIL))
    change_customer(office.installation, office.partner, office.own, retail)
    office.month.cost(covered(OWN), scope="without-retail")
    run_bill(office.installation, office.partner, BillingMonth(2024, 9))
    shown = admin.open("/bills/attention?month=2024-09")
    assert "no retail" in shown.text
    without = admin.send("/bills/attention/accept", reason="Agreed")
    assert "choose one at least, or a kind" in without.text
    form = without.form("/bills/attention/accept")
    assert "1 line taken." in admin.send_form(form, reason="Agreed", kind="no_retail").text
    form = admin.open("/bills/attention?month=2024-09").form("/bills/attention/accept")
    form.action = "/bills/attention/reopen"
    assert "1 line opened." in admin.send_form(form, reason="Not agreed", kind="no_retail").text
