"""Every page opens for whoever may see it, on both stores; and what else the console does than billing a month."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from rebill.console import application
from rebill.console.routes import ROUTES
from rebill.model.callers import NewKey, NewUser
from rebill.model.customer import CustomerChange
from rebill.model.listing import Page as ListPage
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.create_user import create_user
from rebill.services.callers.delete_user import delete_user
from rebill.services.callers.keys import create_key_of_user, list_keys
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.read_customers import get_customer
from tests.console.conftest import Office
from tests.console.visitor import SAME_SITE, Visitor, visiting
from tests.services.months import charge, stored, write_focus
from tests.services.trail_steps import tamper
from tests.sources.test_layouts import COST_MANAGEMENT

MONTH = BillingMonth(2024, 9)
BOOK = """date: 2024-01-01
RuleGroup:
  startDate: 2024-01-01
  BillingRule:
    - name: All
      percentIncrease: 10
"""
VENDORED = (
    Path(application.__file__).parent / "assets" / "vendored",
    Path(__file__).parent / "vendored",
)


@pytest.mark.parametrize("folder", VENDORED, ids=["pages", "tests"])
def test_vendored_files_are_those_that_their_provenance_names(folder: Path) -> None:
    told = (folder / "PROVENANCE.md").read_text(encoding="utf-8")
    for file in folder.glob("*.min.*"):
        assert f"`{hashlib.sha256(file.read_bytes()).hexdigest()}`" in told, file.name


def _filled(office: Office, path: str) -> str:
    (own,) = [
        one.statement_id
        for one in stored(office.installation, office.partner)
        if one.statement.customer_id == office.own
    ]
    key = list_keys(office.installation, office.partner, ListPage()).items[0]
    known = {
        "customer_id": office.own,
        "statement_id": own,
        "line_number": 1,
        "number": 1,
        "user_id": key.user_id,
    }
    return re.sub(r"\{(\w+)\}", lambda match: str(known.get(match[1], 999_999_999)), path)


def test_the_audit_tells_who_did_it_by_name(office: Office, admin: Visitor) -> None:
    new = NewUser("Ann Accountant", Role.ADMIN)
    user_id = create_user(office.installation, office.partner, new).user_id
    issued = create_key_of_user(office.installation, office.partner, NewKey(user_id, "Ann’s laptop", Role.ADMIN, None))
    admin.sign_in(issued.api_key)
    admin.open("/settings")
    admin.send("/settings", name="Renamed Partner")
    delete_user(office.installation, office.partner, user_id)
    admin.sign_in(office.key())
    told = f"Ann Accountant user {user_id}, key Ann’s laptop ({issued.key_id})"
    audit = admin.open("/audit?act=change_partner")
    assert told in audit.text
    entry = next(part for part in audit.answer.text.split('"') if re.fullmatch(r"/audit/[0-9]+", part))
    assert told in admin.open(entry).text


BROWSERS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nonsense", "/deliveries", "/accounts/nonsense", "/nonsense/v1"])
def test_an_address_that_there_is_not_is_told_by_a_page(path: str, office: Office, admin: Visitor) -> None:
    found = admin.request("GET", path, headers=BROWSERS)
    assert (found.status_code, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in found.text and "Azure accounts" in found.text
    admin.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.own))
    found = admin.request("GET", path, headers=BROWSERS)
    assert found.status_code == 404
    assert "There is no such page" in found.text and "Azure accounts" not in found.text
    admin.client.cookies.clear()
    found = admin.request("GET", path, headers=BROWSERS)
    assert (found.status_code, found.headers["location"]) == (303, f"/sign-in?next={quote(path, safe='')}")


@pytest.mark.parametrize("path", ["/v1/nonsense", "/v2/nonsense", "/v1", "/reports", "/docs/nonsense"])
def test_what_is_the_apis_is_answered_by_the_api_whoever_asks(path: str, admin: Visitor) -> None:
    for headers in (BROWSERS, {"Accept": "*/*"}):
        assert admin.request("GET", path, headers=headers).headers["content-type"].startswith("application/json")
    assert admin.request("GET", "/nonsense", headers={"Accept": "application/json"}).status_code == 401
    assert admin.request("POST", "/nonsense", headers=BROWSERS).status_code == 401


def test_every_page_of_the_console_opens_and_names_its_place(office: Office, admin: Visitor) -> None:
    run_bill(office.installation, office.partner, MONTH)
    opened = 0
    for route in ROUTES:
        if route.method != "GET" or route.for_customers:
            continue
        path = _filled(office, route.path)
        shown = admin.open(f"{path}?month=2024-09")
        is_there = not any(part in path for part in ("999999999", "/refused/"))
        known = is_there and not path.endswith(("/cii", "/ubl", "/bills/differences", "/last-month", "/logo"))
        assert shown.status == (200 if known else shown.status), path
        assert shown.status in (200, 404, 409), path
        if known and shown.answer.headers["content-type"].startswith("text/html"):
            opened += 1
            assert 'aria-current="page"' in shown.answer.text, path
    assert opened >= 20


def test_whatever_form_was_filled_in_when_the_session_ended_keeps_what_was_typed(
    office: Office, admin: Visitor
) -> None:
    run_bill(office.installation, office.partner, MONTH)
    session, sent = dict(admin.client.cookies), set()
    for route in ROUTES:
        if route.method != "GET" or route.for_customers:
            continue
        shown = admin.open(f"{_filled(office, route.path)}?month=2024-09")
        for form in shown.forms:
            typed = {name: f"typed {name}" for name, _ in form.fields if name not in ("form_token", "once", "month")}
            if form.method != "POST" or form.action in sent or not typed or form.action == "/sign-out":
                continue
            sent.add(form.action)
            admin.client.cookies.clear()
            ended = admin.send_form(form, SAME_SITE, **typed)
            assert ended.status == 401, form.action
            for name, text in typed.items():
                is_kept = f'value="{text}"' in ended.answer.text
                assert is_kept is (name != "password"), (form.action, name)
            admin.client.cookies.clear()
            for name, value in session.items():
                admin.client.cookies.set(name, value)
    assert len(sent) >= 15


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.OPERATOR])
def test_weaker_roles_open_what_is_theirs(role: Role, office: Office, stranger: Visitor) -> None:
    stranger.sign_in(office.key(role))
    places = re.findall(r'<li><a href="([^"]+)"', stranger.open("/").answer.text)
    assert len(places) >= 7
    assert {stranger.open(path).status for path in places} == {200}
    assert stranger.open("/audit").status == 403


def test_cost_is_taken_in_from_a_file_and_its_unreadable_rows_come_back_harmless(
    office: Office, admin: Visitor, tmp_path: Path
) -> None:
    good = charge("2024-10-03", "5", "6", SubAccountId="s-1", BillingPeriodStart="2024-10-01T00:00:00Z")
    bad = {**good, "BilledCost": "=cmd()", "BillingPeriodEnd": "2024-11-01T00:00:00Z"}
    file = write_focus(tmp_path / "october.csv", [{**good, "BillingPeriodEnd": "2024-11-01T00:00:00Z"}, bad])
    admin.open("/costs")
    refused = admin.upload("/costs/import", "file", "../../october.csv", file.read_bytes(), scope="october")
    assert refused.status == 422
    assert "1 of 2 rows cannot be read" in refused.text
    assert refused.text.count("nothing was imported") == 1
    assert "--accept-rejects" not in refused.text
    refused_rows = re.search(r"/costs/refused/\d+/rejects.csv", refused.answer.text)
    assert refused_rows is not None
    told = admin.open(refused_rows[0]).answer
    assert "october.csv,2,BilledCost" in told.text
    assert "'=cmd()" in told.text
    admin.open("/costs")
    taken = admin.upload(
        "/costs/import", "file", "october.csv", file.read_bytes(), scope="october", accept_rejects="yes"
    )
    assert "1 charge of 2024-10 taken in; 1 row could not be read." in taken.text
    link = re.search(r"/costs/\d+/rejects", taken.answer.text)
    assert link is not None
    assert "=cmd()" in admin.open(link[0]).text
    told = admin.open(f"{link[0]}.csv").answer
    assert "'=cmd()" in told.text or ",=cmd()" not in told.text
    admin.open("/costs")
    again = admin.upload(
        "/costs/import", "file", "october.csv", file.read_bytes(), scope="october", accept_rejects="yes"
    )
    assert "is in force already" in again.text
    admin.sign_in(office.key(Role.READ_ONLY))
    assert (admin.open("/costs").status, admin.open(refused_rows[0]).status) == (200, 403)


def test_a_file_whose_header_is_of_two_layouts_is_taken_in_by_the_one_that_is_chosen(admin: Visitor) -> None:
    covered = {**COST_MANAGEMENT, "chargeType": "Usage", "reservationId": "reservation-1"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(covered))
    writer.writeheader()
    writer.writerow(covered)
    content = text.getvalue().encode()
    admin.open("/costs")
    refused = admin.upload("/costs/import", "file", "cost.csv", content)
    assert "name that Layout" in refused.text and "--layout" not in refused.text
    assert dict(refused.form("/costs/import").fields)["layout"] == "auto"
    unknown = admin.upload("/costs/import", "file", "cost.csv", content, layout="cur")
    assert unknown.status == 422 and "is no layout; write one of auto, focus" in unknown.text
    taken = admin.upload("/costs/import", "file", "cost.csv", content, layout="cost-management-amortized")
    assert "1 charge of 2024-09 taken in." in taken.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cost.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        ("cost.parquet", b"BillingPeriodStart,BilledCost\n"),
        ("cost.csv.gz", b"not gzip at all"),
        ("cost.csv", b""),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_and_nothing_is_kept(
    name: str, content: bytes, office: Office, admin: Visitor
) -> None:
    before = admin.open("/costs").answer.text.count("<tr>")
    refused = admin.upload("/costs/import", "file", name, content)
    assert refused.status == 422
    assert 'role="alert"' in refused.answer.text
    assert admin.open("/costs").answer.text.count("<tr>") == before


def test_a_price_book_is_checked_made_changed_and_tried(office: Office, admin: Visitor) -> None:
    admin.open("/price-books/new")
    wrong = admin.send("/price-books/new", book_name="Ten", specification=BOOK.replace("10", "ten"))
    assert wrong.status == 422
    assert "'ten'" in wrong.text
    made = admin.send("/price-books/new", book_name="Ten", specification=BOOK)
    assert "Ten stands" in made.text
    changed = admin.send(made.path, book_name="Eleven", specification=BOOK.replace("10", "11"))
    assert "Eleven is changed" in changed.text
    assert "percentIncrease: 11" in changed.answer.text
    admin.open("/price-books/what-if")
    tried = admin.send("/price-books/what-if", month="2024-09", markup_percent="50")
    assert "2 customers would pay another amount" in tried.text
    assert admin.send("/price-books/what-if", month="2024-09", markup_percent="much").status == 422


def test_a_user_gets_a_password_and_a_key_that_is_shown_once(office: Office, admin: Visitor) -> None:
    admin.open("/access")
    assert admin.send("/access/users", name="", role="operator").status == 422
    admin.open("/access")
    admin.send("/access/users", name="Cleo", role="customer_read_only", customer="Indigo")
    assert "Cleo – customer read only Indigo enabled" in admin.open("/access").text
    user = admin.send("/access/users", name="Ann", role="operator", email="ann@partner.example")
    assert "Ann is a user now" in user.text
    weak = admin.send(f"{user.path}/password", password="short")
    assert weak.status == 422
    assert "short" not in weak.answer.text
    assert "it signs in as ann@partner.example" in admin.send(f"{user.path}/password", password="a" * 12).text
    form = admin.open(user.path).form(f"{user.path}/keys")
    made = admin.send_form(form, name="Invoices")
    key = re.search(r"rebill_[0-9a-f]+_[0-9a-f]+", made.answer.text)
    assert key is not None
    again = admin.send_form(form, name="Invoices")
    assert again.status == 409
    assert key[0] not in again.answer.text
    assert "no-store" in made.answer.headers["cache-control"]
    disabled = admin.send_form(admin.open(user.path).form(user.path))
    assert "Ann is disabled" in disabled.text


def test_settings_are_changed_and_the_trail_of_it_is_whole(office: Office, admin: Visitor) -> None:
    admin.open("/settings")
    assert admin.send("/settings", close_day="31").status == 422
    assert "The settings are changed." in admin.send("/settings", close_day="3", unassigned_threshold="5").text
    assert "change partner" in admin.open("/audit").text
    assert "the chain holds" in admin.send("/audit/verify").text


def test_an_entry_that_somebody_changed_in_the_database_is_marked(office: Office, admin: Visitor) -> None:
    assert "changed by hand" not in admin.open("/audit").text
    assert "not as it was written" not in admin.open("/audit/2").text
    tamper(office.installation, "UPDATE audit_entries SET role = 'owner', outcome = 'perhaps' WHERE number = 2")
    shown = admin.open("/audit").text
    assert shown.count("changed by hand") == 1
    assert "perhaps" in shown
    assert "not as it was written" in admin.open("/audit/2").text
    admin.open("/audit")
    assert "Entry 2" in admin.send("/audit/verify").text


def test_a_second_person_approves_what_is_issued(office: Office, admin: Visitor) -> None:
    run_bill(office.installation, office.partner, MONTH)
    admin.open("/settings")
    admin.send("/settings", needs_approval="yes", unassigned_threshold="10")
    run_bill(office.installation, office.partner, MONTH)
    admin.open("/bills?month=2024-09")
    waiting = admin.send("/bills/finalize")
    assert "It waits for a second person" in waiting.text
    assert not any(one.action.endswith("/approve") for one in waiting.forms)
    # Whoever sends it all the same is refused.
    own = next(one for one in waiting.forms if one.action.endswith("/withdraw"))
    assert admin.send_form(replace(own, action=own.action.replace("/withdraw", "/approve"))).status == 409
    admin.sign_in(office.key())
    bills = admin.open("/bills?month=2024-09")
    approve = next(one for one in bills.forms if one.action.endswith("/approve"))
    assert "2 documents of September 2024 issued." in admin.send_form(approve).text


def test_terms_change_from_a_month_on(office: Office, admin: Visitor) -> None:
    admin.open(f"/customers/{office.own}")
    forms = [one for one in (admin.shown.forms if admin.shown else []) if "from_month" in one.names]
    changed = admin.send_form(forms[0], from_month="2024-11", margin_floor_percent="5")
    assert "Indigo is changed." in changed.text
    assert "November 2024" in changed.text
    assert "margin at least 5.00 %" in changed.text


def test_a_customer_whose_address_is_half_told_is_shown_what_it_lacks(office: Office, admin: Visitor) -> None:
    """State is asked of everybody: the form says so, and a refusal opens the part that it is in."""
    address = {"address.street1": "Kanalstraße 1", "address.city": "Berlin", "address.zipcode": "10115"}
    form = admin.open("/customers/new")
    assert "Needed with an address; where there are no states, the region." in form.text
    assert "<details open>" not in form.answer.text
    refused = admin.send("/customers/new", name="Half Ltd", **address, **{"address.country": "DE"})
    assert (refused.status, "State is required" in refused.text) == (422, True)
    assert "<details open>" in refused.answer.text


def test_a_folder_that_is_none_is_told_by_the_field_that_it_stands_in(office: Office, admin: Visitor) -> None:
    place, field = f"/customers/{office.own}", "partner_billing_configuration.folder"
    form = next(one for one in admin.open(place).forms if field in one.names)
    refused = admin.send_form(form, SAME_SITE, **{field: "../bills"})
    assert refused.status == 422
    assert "Billing folder must be a relative path" in refused.text
    assert f'id="fault-{field}"' in refused.answer.text
    assert "partner_billing_configuration" not in refused.text
    form = next(one for one in refused.forms if field in one.names)
    assert "is changed" in admin.send_form(form, SAME_SITE, **{field: "indigo/bills"}).text
    assert get_customer(office.installation, office.partner, office.own).billing_folder == "indigo/bills"


def test_a_form_that_is_too_large_is_refused(admin: Visitor) -> None:
    admin.open("/customers/new")
    assert admin.send("/customers/new", name="x" * (5 * 1024**2)).status == 422


def test_characters_that_no_font_has_are_named_in_the_log(office: Office, capfd: pytest.CaptureFixture[str]) -> None:
    change_customer(office.installation, office.partner, office.own, CustomerChange(name="株 Indigo"))
    run_bill(office.installation, office.partner, MONTH)
    with visiting(office.installation) as visitor:
        visitor.sign_in(office.key())
        assert visitor.ask(_filled(office, "/statements/{statement_id}/pdf")).content.startswith(b"%PDF")
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "without_font" in line]
    assert json.loads(line)["without_font"] == "株"
