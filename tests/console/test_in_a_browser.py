"""What only a real browser can tell: mouse and keyboard, scripts on and off, what is seen and who can use it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rebill.model.customer import CustomerChange
from rebill.model.listing import Page as ListPage
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.read_users import list_users
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.services.parties.change_customer import change_customer
from rebill.store.audit_entries import AuditFilter
from tests.console.browser import (
    PHONE,
    WIDE,
    Desk,
    keep_screenshot,
    overflow,
    running_browser,
    running_pages,
    serious_faults,
    sign_in,
)
from tests.console.conftest import NOBODYS, Office
from tests.services.months import stored

MONTH = BillingMonth(2024, 9)
ODD_NAME = ("<script>alert(1)</script> & “Söhne” 🏦 " + "שלום עולם " * 4 + "x" * 255)[:255]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def desk(browser: Browser, office: Office) -> Iterator[Desk]:
    with running_pages(office.installation) as url:
        yield Desk(browser, url)


def _acts(office: Office) -> list[str]:
    entries = newest_audit_entries(office.installation, office.partner, AuditFilter(), 50)
    return [one.entry.act for one in entries if one.entry.by.occasion.channel.value == "console"]


def _place(page: Page, name: str) -> Locator:
    """A place in the navigation."""
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=name)


def _choose_and_assign(page: Page) -> None:
    _place(page, "Azure accounts").click()
    page.get_by_label("Whose").select_option("nobody")
    page.get_by_label(f"Choose {NOBODYS}").check()
    page.get_by_label("Customer", exact=True).fill("Indigo")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("would change")).to_be_visible()
    page.get_by_role("button", name="Assign 1 account").click()
    expect(page.get_by_role("status")).to_contain_text("is assigned to Indigo")


def test_a_partners_whole_month_by_mouse_and_keyboard(desk: Desk, office: Office) -> None:
    with desk.person() as page:
        sign_in(page, office.key())
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 statements", timeout=20_000)
        _place(page, "Home").click()
        expect(page.get_by_role("link", name=NOBODYS)).to_be_visible()
        _choose_and_assign(page)
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 statements", timeout=20_000)
        page.get_by_role("link", name="Indigo").click()
        expect(page.get_by_role("img", name=re.compile("Cost by day"))).to_be_visible()
        page.get_by_role("link", name=re.compile("Why this price.*Line 1$")).click()
        expect(page.get_by_role("heading", name="Why this price?")).to_be_visible()
        _place(page, "Bills").press("Enter")
        page.get_by_role("button", name="Finalize September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 documents")
        page.get_by_role("link", name="Indigo").click()
        with page.expect_download() as waited:
            page.get_by_role("link", name="PDF").click()
        assert waited.value.path().read_bytes().startswith(b"%PDF")
    with desk.person() as page:
        sign_in(page, office.key(Role.CUSTOMER_READ_ONLY, office.own))
        expect(page.get_by_role("link", name="September 2024")).to_have_count(1)
        page.get_by_role("link", name="September 2024").click()
        expect(page.get_by_role("img", name=re.compile("Cost by day"))).to_be_visible()
        expect(page.get_by_text("Margin")).to_have_count(0)
        with page.expect_download() as waited:
            page.get_by_role("link", name="PDF").click()
        assert waited.value.path().read_bytes().startswith(b"%PDF")
    assert desk.complaints == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_without_scripts_the_same_month_is_billed(desk: Desk, office: Office) -> None:
    with desk.person(java_script_enabled=False) as page:
        sign_in(page, office.key())
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        expect(page.get_by_role("link", name="Indigo")).to_be_visible(timeout=20_000)
        page.goto(f"/accounts?kind=subscription&text={NOBODYS}")
        page.get_by_label(f"Choose {NOBODYS}").check()
        page.get_by_label("Customer", exact=True).fill("Indigo")
        page.get_by_role("button", name="Show what would happen").click()
        page.get_by_role("button", name="Assign 1 account").click()
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        page.get_by_role("link", name="Indigo").click()
        page.get_by_role("link", name="Show what each day comes to").click()
        expect(page.get_by_role("img", name=re.compile("Cost by day"))).to_be_visible()
        page.goto("/bills?month=2024-09")
        page.get_by_role("button", name="Finalize September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 documents")


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_double_click_and_going_back_never_act_twice(desk: Desk, office: Office) -> None:
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto("/customers/new")
        page.get_by_label("Name", exact=True).fill("Once Ltd")
        page.get_by_role("button", name="Make the customer").dblclick()
        expect(page.get_by_role("heading", name="Once Ltd")).to_be_visible()
        page.go_back()
        page.get_by_role("button", name="Make the customer").wait_for()
        page.get_by_label("Name", exact=True).fill("Once Ltd")
        page.get_by_role("button", name="Make the customer").click()
        page.wait_for_load_state()
    assert _acts(office).count("create_customer") == 1


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_session_that_ends_in_mid_form_loses_nothing_that_was_typed(desk: Desk, office: Office) -> None:
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto("/customers/new")
        page.get_by_label("Name", exact=True).fill("Typed at length Ltd")
        page.get_by_label("Billing contact").fill("Ann <ann@typed.example>")
        page.context.clear_cookies()
        page.get_by_role("button", name="Make the customer").click()
        expect(page.get_by_role("alert")).to_contain_text("what you typed is kept")
        page.get_by_label("API key").fill(office.key())
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ann <ann@typed.example>")).to_be_visible()
        page.get_by_role("button", name="Send it now").click()
        expect(page.get_by_role("heading", name="Typed at length Ltd")).to_be_visible()


def _pages(office: Office) -> dict[str, str]:
    """Every page by a name for its picture."""
    found = stored(office.installation, office.partner)
    (own,) = [one.statement_id for one in found if one.statement.customer_id == office.own]
    return {
        "home": "/?month=2024-09",
        "accounts": "/accounts?kind=subscription",
        "customers": "/customers",
        "customer": f"/customers/{office.own}",
        "customer_new": "/customers/new",
        "costs": "/costs",
        "reconciliation": "/costs/reconciliation?month=2024-09",
        "checklist": "/bills/checklist?month=2024-09",
        "price_books": "/price-books",
        "price_book_new": "/price-books/new",
        "what_if": "/price-books/what-if",
        "bills": "/bills?month=2024-09",
        "statement": f"/statements/{own}",
        "statement_line": f"/statements/{own}/lines/1",
        "statement_days": f"/statements/{own}/days",
        "margin": "/margin?month=2024-09",
        "audit": "/audit",
        "audit_entry": "/audit/1",
        "access": "/access",
        "user": f"/access/users/{_user_id(office)}",
        "settings": "/settings",
        "not_found": "/customers/999999999",
    }


def _user_id(office: Office) -> int:
    return list_users(office.installation, office.partner, ListPage()).items[0].user_id


def _portal(office: Office) -> dict[str, str]:
    found = stored(office.installation, office.partner)
    (own,) = [one.statement_id for one in found if one.statement.customer_id == office.own]
    return {"portal": "/portal", "portal_cost": "/portal/cost", "portal_statement": f"/portal/statements/{own}"}


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_page_fits_and_can_be_used_by_everybody(
    scheme: str, size: tuple[int, int], desk: Desk, office: Office
) -> None:
    """Pictures of all of them are kept; a customer's name is as odd as names can be."""
    change_customer(office.installation, office.partner, office.own, CustomerChange(name=ODD_NAME))
    run_bill(office.installation, office.partner, MONTH)
    view = f"{scheme}-{'phone' if size == PHONE else 'wide'}"
    faults: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        keep_screenshot(page, f"{name}-{view}")
        found = serious_faults(page)
        wider = overflow(page)
        if wider > 0:
            found.append(f"wider than the window by {wider} px")
        if found:
            faults[name] = found

    with desk.person(size=size, color_scheme=scheme) as page:
        page.goto("/sign-in")
        look(page, "sign_in")
        sign_in(page, office.key())
        for name, path in _pages(office).items():
            page.goto(path)
            look(page, name)
    with desk.person(size=size, color_scheme=scheme) as page:
        sign_in(page, office.key(Role.CUSTOMER_READ_ONLY, office.own))
        for name, path in _portal(office).items():
            page.goto(path)
            look(page, name)
    assert faults == {}
    assert desk.complaints == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_names_are_shown_as_they_were_written(desk: Desk, office: Office) -> None:
    change_customer(office.installation, office.partner, office.own, CustomerChange(name=ODD_NAME))
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto(f"/customers/{office.own}")
        assert page.get_by_role("heading", level=1).inner_text() == ODD_NAME.strip()
        assert page.get_by_label("Name", exact=True).first.input_value() == ODD_NAME
    assert desk.complaints == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_the_editor_says_what_is_wrong_while_somebody_types(desk: Desk, office: Office) -> None:
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto("/price-books/new")
        page.get_by_label("What it says").fill("RuleGroup:\n  BillingRule:\n    - percentIncrease: much\n")
        expect(page.locator("#check")).to_contain_text("'much'")
        page.get_by_label("What it says").fill(
            "date: 2024-01-01\nRuleGroup:\n  startDate: 2024-01-01\n"
            "  BillingRule:\n    - name: All\n      percentIncrease: 10\n"
        )
        expect(page.locator("#check")).to_contain_text("This can be read")
        page.get_by_label("Name", exact=True).fill("Ten percent")
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_role("status")).to_contain_text("Ten percent stands")
        page.goto("/price-books/what-if")
        page.get_by_label("Or a price book").select_option(label="Ten percent")
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_text("2 customers would pay another amount")).to_be_visible()
    assert desk.complaints == []
