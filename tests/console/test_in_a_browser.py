"""What only a real browser can tell: mouse and keyboard, scripts on and off, what is seen and who can use it."""

import base64
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rebill.console.routes import ROUTES
from rebill.model.audit import ActOutcome
from rebill.model.billing_rule import BillingRuleOrder, CustomersChange, RuleAction, RuleCloud, RuleFrequency, RuleType
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page as ListPage
from rebill.model.manual_line import NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.model.price_book_record import BookAssignmentOrder, PriceBookOrder
from rebill.model.terms import CommitmentsPolicy
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.read_users import list_users
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.browse_accounts import AccountSearch, find_accounts
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.letterhead import LetterheadChange, change_letterhead
from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.read_billing_rules import list_billing_rules
from rebill.services.pricing.read_price_books import list_price_books
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
    sideways,
    sign_in,
)
from tests.console.conftest import NOBODYS, OWN, Office
from tests.console.test_every_page import BOOK
from tests.documents.pdf_reading import pages_of
from tests.documents.test_statement_pdf import PICTURE
from tests.services.months import charge, stored
from tests.services.test_accepting_lines import covered

MONTH = BillingMonth(2024, 9)
FEE = BillingRuleOrder(
    name="Care",
    cloud=RuleCloud.AZURE,
    billing_rule_type=RuleType.CUSTOM,
    rule_action=RuleAction.FLAT_FEE,
    apply_flat_fee_cost=Decimal("10.50"),
    start_month=MONTH,
    frequency=RuleFrequency.RECURRING,
    product_name="Care",
    product_description="Somebody looks after it",
    add_csp_customers=CustomersChange(everyone=True),
)
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
    done = [one.entry for one in entries if one.entry.outcome == ActOutcome.DONE]
    return [one.act for one in done if one.by.channel == "console"]


def _place(page: Page, name: str) -> Locator:
    """A place in the navigation."""
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=name)


def _choose_and_assign(page: Page) -> None:
    _place(page, "Azure accounts").click()
    page.get_by_label("Whose").select_option("nobody")
    page.get_by_label(f"Choose {NOBODYS}").check()
    page.get_by_label("Customer", exact=True).fill("Indigo")
    keep_screenshot(page, "close-4-choose")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("would change")).to_be_visible()
    keep_screenshot(page, "close-5-preview")
    page.get_by_role("button", name="Assign 1 account").click()
    expect(page.get_by_role("status")).to_contain_text("is assigned to Indigo")


def test_a_partners_whole_month_by_mouse_and_keyboard(desk: Desk, office: Office) -> None:
    """Pictures are kept on the way; those of README and docs are `make pictures`."""
    with desk.person() as page:
        sign_in(page, office.key())
        _place(page, "Cost data").click()
        page.get_by_text("Take in a file").click()
        keep_screenshot(page, "close-1-cost")
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 statements", timeout=20_000)
        keep_screenshot(page, "close-2-run")
        _place(page, "Home").click()
        expect(page.get_by_role("link", name=NOBODYS)).to_be_visible()
        keep_screenshot(page, "close-3-home")
        _choose_and_assign(page)
        _place(page, "Bills").click()
        page.get_by_role("button", name="Run September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 statements", timeout=20_000)
        page.get_by_role("link", name="Indigo").click()
        expect(page.get_by_role("img", name=re.compile("Price by day"))).to_be_visible()
        keep_screenshot(page, "close-6-statement")
        page.get_by_role("link", name=re.compile("Why this price.*Line 1$")).click()
        expect(page.get_by_role("heading", name="Why this price?")).to_be_visible()
        _place(page, "Bills").press("Enter")
        page.get_by_role("button", name="Finalize September 2024").wait_for()
        keep_screenshot(page, "close-7-finalize")
        page.get_by_role("button", name="Finalize September 2024").click()
        expect(page.get_by_role("status")).to_contain_text("2 documents")
        keep_screenshot(page, "close-8-final")
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
        keep_screenshot(page, "close-9-portal")
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
        expect(page.get_by_role("img", name=re.compile("Price by day"))).to_be_visible()
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
def test_one_goes_back_from_an_assignment_to_what_would_happen_and_on_to_the_accounts(
    desk: Desk, office: Office
) -> None:
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto(f"/accounts?kind=subscription&text={NOBODYS}")
        page.get_by_label(f"Choose {NOBODYS}").check()
        page.get_by_label("Customer", exact=True).fill("Indigo")
        page.get_by_role("button", name="Show what would happen").click()
        page.get_by_role("button", name="Assign 1 account").click()
        expect(page.get_by_role("status")).to_contain_text("is assigned to Indigo")
        page.go_back()
        expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Nothing would change: it is so already.")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Azure accounts")).to_be_visible()
    assert _acts(office).count("assign_accounts") == 1


def test_two_people_finalize_at_once_and_the_month_is_issued_once(desk: Desk, office: Office) -> None:
    run_bill(office.installation, office.partner, MONTH)
    with desk.person() as ann, desk.person() as bob:
        for page in (ann, bob):
            sign_in(page, office.key())
            page.goto("/bills?month=2024-09")
            page.get_by_label("Why it is finalized all the same").fill("The rest is allocated in October")
        for page in (ann, bob):
            page.get_by_role("button", name="Finalize September 2024").click(no_wait_after=True)
        said = [page.get_by_role("status").or_(page.get_by_role("alert")) for page in (ann, bob)]
        for one in said:
            expect(one).to_contain_text(re.compile("2 documents of September 2024 issued|no Estimated statement"))
        told = sorted(one.inner_text() for one in said)
    assert [("2 documents" in one) for one in told].count(True) == 1
    assert len([one for one in stored(office.installation, office.partner) if one.document.invoice_id]) == 2
    entries = newest_audit_entries(office.installation, office.partner, AuditFilter(act="finalize_month"), 10)
    assert sorted(one.entry.outcome for one in entries) == ["done", "refused"]


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_session_that_ends_in_mid_form_loses_nothing_that_was_typed(desk: Desk, office: Office) -> None:
    with desk.person() as page:
        key = office.key()
        sign_in(page, key)
        page.goto("/customers/new")
        page.get_by_label("Name", exact=True).fill("Typed at length Ltd")
        page.get_by_label("Billing contact").fill("Ann <ann@typed.example>")
        page.context.clear_cookies()
        page.get_by_role("button", name="Make the customer").click()
        expect(page.get_by_role("alert")).to_contain_text("what you typed is kept")
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ann <ann@typed.example>")).to_be_visible()
        page.get_by_role("button", name="Send it now").click()
        expect(page.get_by_role("heading", name="Typed at length Ltd")).to_be_visible()


@pytest.fixture
def furnished(office: Office, tmp_path: Path) -> Office:
    """The office with something on every page: odd names, a loud color, rules, books, entries, lines to look at."""
    installation, partner = office.installation, office.partner
    change_customer(installation, partner, office.own, CustomerChange(name=ODD_NAME))
    logo = base64.b64encode(PICTURE).decode("ascii")
    head = {"color": "#ffee00", "portal_welcome": "Your cloud, explained.", "email": "ask@partner.example"}
    change_letterhead(installation, partner, LetterheadChange(head, logo=logo))
    change_billing_details(installation, partner, office.own, BillingDetailsChange({}, logo))
    book = create_price_book(installation, partner, PriceBookOrder("Ten percent", BOOK))
    order = BookAssignmentOrder(book.price_book_id, office.own, MONTH)
    assign_book_with_accounts(installation, partner, order, ["ALL"])
    create_billing_rule(installation, partner, FEE)
    entry = NewManualLine(office.own, MONTH, Decimal("-1.25"), "=cmd() <b>", None)
    enter_manual_line(installation, partner, entry)
    retail = CustomerChange(terms=TermsChange(commitments=CommitmentsPolicy.RETAIL))
    change_customer(installation, partner, office.own, retail)
    office.month.cost(covered(OWN), scope="without-retail")
    run_bill(installation, partner, MONTH)
    office.month.cost(charge("2024-09-09", "2", "3", SubAccountId=OWN), scope="late")
    run_bill(installation, partner, MONTH)
    before = charge("2024-08-09", "80", "90", SubAccountId=OWN, BillingPeriodStart="2024-08-01")
    office.month.cost(before, scope="august")
    run_bill(installation, partner, MONTH.preceding)
    return office


def _paths(office: Office) -> dict[str, str]:
    """Every page of the table of routes by its path there; files are no pages."""
    installation, partner = office.installation, office.partner
    of_month = [one for one in stored(installation, partner) if one.statement.month == MONTH]
    (own,) = [one for one in of_month if one.statement.customer_id == office.own]
    search = AccountSearch(AccountKind.SUBSCRIPTION)
    known = {
        "customer_id": office.own,
        "statement_id": own.statement_id,
        "line_number": 1,
        "number": 1,
        "user_id": list_users(installation, partner, ListPage()).items[0].user_id,
        "account_id": find_accounts(installation, partner, search, ListPage()).items[0].account_id,
        "data_set_id": list_data_sets(installation, partner)[0].data_set_id,
        "price_book_id": list_price_books(installation, partner, ListPage()).items[0].price_book_id,
        "billing_rule_id": list_billing_rules(installation, partner, ListPage()).items[0].billing_rule_id,
    }
    shown = [route.path for route in ROUTES if route.method == "GET" and not _FILES.search(route.path)]
    return {path: re.sub(r"\{(\w+)\}", lambda match: str(known[match[1]]), path) for path in shown}


_FILES = re.compile(r"/(json|csv|pdf|cii|ubl|focus|focus-parquet|rejects\.csv|look\.css|logo|progress)$")
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_VIEWS = [(scheme, size) for size in (WIDE, PHONE) for scheme in _SCHEMES]


_TRIED = [("light", WIDE), ("dark", PHONE)]


def _file_name(route: str) -> str:
    return re.sub(r"\W+", "_", route).strip("_") or "home"


class Looks:
    """Looks at pages in every view: pictures are kept, and what keeps people from using them."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}

    def at(self, page: Page, name: str) -> None:
        """The page in front, whose parts have all come."""
        expect(page.locator("[hx-trigger=load] > a")).to_have_count(0)
        for scheme, size in _VIEWS:
            # Without motion nothing is caught on its way from one color to another.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": size[0], "height": size[1]})
            view = f"{scheme}-{'phone' if size == PHONE else 'wide'}"
            keep_screenshot(page, f"{name}-{view}")
            # Colors are the same in either size, and what lies where in either scheme: two of the four tell all.
            found, wider = serious_faults(page) if (scheme, size) in _TRIED else [], overflow(page)
            if wider > 0:
                found.append(f"wider than the window by {wider} px")
            found += [f"{table} goes sideways" for table in sideways(page)] if size == PHONE else []
            if found:
                self.faults[f"{name}-{view}"] = found
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    def at_paths(self, page: Page, paths: Mapping[str, str]) -> None:
        """Every page of these."""
        for route, path in paths.items():
            answer = page.goto(f"{path}?month={MONTH}")
            assert answer is not None
            assert answer.ok, path
            self.at(page, _file_name(route))


@pytest.mark.long
@pytest.mark.parametrize("store", ["sqlite"])
def test_every_page_fits_and_can_be_used_by_everybody(browser: Browser, furnished: Office) -> None:
    """Pictures of every page that there is are kept, in light and dark, wide and on a phone."""
    looks, paths = Looks(), _paths(furnished)
    with running_pages(furnished.installation) as url:
        desk = Desk(browser, url)
        with desk.person() as page:
            page.goto("/sign-in")
            looks.at(page, "sign_in")
            sign_in(page, furnished.key())
            looks.at_paths(page, {route: path for route, path in paths.items() if not route.startswith("/portal")})
            page.goto("/customers/999999999")
            looks.at(page, "not_found")
            page.goto("/accounts?kind=subscription")
            page.get_by_label(f"Choose {NOBODYS}").check()
            page.get_by_label("Customer", exact=True).fill("Neighbour")
            page.get_by_role("button", name="Show what would happen").click()
            page.get_by_text("would change").wait_for()
            looks.at(page, "accounts_preview")
            page.goto("/price-books/what-if")
            page.get_by_label("Markup in percent").fill("5")
            page.get_by_role("button", name="Try it").click()
            page.get_by_text("would pay another amount").wait_for()
            looks.at(page, "tried")
        with desk.person() as page:
            sign_in(page, furnished.key(Role.CUSTOMER_READ_ONLY, furnished.own))
            looks.at_paths(page, {route: path for route, path in paths.items() if route.startswith("/portal")})
    assert looks.faults == {}
    assert desk.complaints == []


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("with_scripts", [True, False])
def test_the_navigation_folds_up_on_a_telephone(desk: Desk, office: Office, with_scripts: bool) -> None:
    with desk.person(size=PHONE, java_script_enabled=with_scripts) as page:
        sign_in(page, office.key())
        assert not page.get_by_role("link", name="Azure accounts", exact=True).is_visible()
        page.get_by_text("Menu: Home").click()
        assert overflow(page) <= 0
        _place(page, "Bills").click()
        expect(page.get_by_role("heading", name="Bills of September 2024")).to_be_visible()
        expect(page.get_by_text("Menu: Bills")).to_be_visible()
        expect(_place(page, "Settings")).to_have_count(0)
    assert desk.complaints == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_without_scripts_no_page_and_no_table_goes_sideways_on_a_telephone(browser: Browser, furnished: Office) -> None:
    found = {}
    with running_pages(furnished.installation) as url:
        desk = Desk(browser, url)
        for role, customer_id in ((Role.ADMIN, None), (Role.CUSTOMER_READ_ONLY, furnished.own)):
            with desk.person(size=PHONE, java_script_enabled=False) as page:
                sign_in(page, furnished.key(role, customer_id))
                for route, path in _paths(furnished).items():
                    if route.startswith("/portal") is (customer_id is not None):
                        page.goto(f"{path}?month={MONTH}")
                        found[route] = overflow(page), sideways(page)
                        keep_screenshot(page, f"without-scripts-{_file_name(route)}")
    assert {route: wrong for route, wrong in found.items() if wrong != (0, [])} == {}


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
def test_what_is_folded_up_on_the_screen_stands_on_paper(desk: Desk, office: Office) -> None:
    """The tables behind charts above all."""
    run_bill(office.installation, office.partner, MONTH)
    (own,) = [one for one in stored(office.installation, office.partner) if one.statement.customer_id == office.own]
    with desk.person() as page:
        sign_in(page, office.key())
        page.goto(f"/statements/{own.statement_id}")
        expect(page.locator("figure.chart svg").first).to_be_visible()
        folded = page.locator("details table tbody tr").first
        expect(folded).to_be_hidden()
        wanted = " ".join(" ".join(folded.locator("th, td").all_text_contents()).split())
        assert wanted in " ".join(pages_of(page.pdf()))


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
