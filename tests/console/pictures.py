"""``make pictures``: the pictures of README and docs/console.md, taken of a month that is closed in a real browser.

Each is one that a page has on the way, light or dark, wide or on a phone; the page of a document is drawn from its PDF.
They are kept small: 256 colors are enough for pages.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import pypdfium2
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from rebill.console.pages import bills
from rebill.lake.runs import ProgressNotes, only_run
from rebill.model.bill_run import RunOrder
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.money import round_half_away
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Caller, Classification, Role
from rebill.model.run_progress import RunProgress, RunStep
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.keys import create_key
from rebill.services.keeping.initialise import create_partner
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from rebill.store.scope import Scope
from rebill.store.started_runs import begin_run
from tests.console.browser import PHONE, Desk, overflow, running_browser, running_pages, sideways, sign_in
from tests.services.months import Month, charge, write_focus

PICTURES: Final = Path(__file__).parent.parent.parent / "docs" / "pictures"
AUGUST, SEPTEMBER = BillingMonth(2024, 8), BillingMonth(2024, 9)
_WIDE: Final = (1200, 780)
_TALL_PHONE: Final = (PHONE[0], 1600)
"""As far as somebody scrolls who looks at a list: what is above it, and its first rows."""
_COLORS: Final = 256
_PATIENCE_SECONDS: Final = 120.0
_PDF_SCALE: Final = 1.25
_CUSTOMERS: Final = (
    ("Amber Lighthouse Bakery", "production", "Virtual Machines", "412.50"),
    ("Brass Kettle Robotics", "assembly-line", "Azure Kubernetes Service", "1288.10"),
    ("Copper Fern Museum", "archive", "Storage Accounts", "96.44"),
    ("Dapper Otter Logistics", "routes", "Azure SQL Database", "731.92"),
    ("Echo Valley Observatory", "telescopes", "Azure Batch", "254.07"),
)
_NOBODYS: Final = (("Foxglove test bench", "Virtual Machines", "48.75"), ("Old sandbox", "Storage Accounts", "6.10"))
_PERIODS: Final = {
    AUGUST: {"BillingPeriodStart": "2024-08-01T00:00:00Z", "BillingPeriodEnd": "2024-09-01T00:00:00Z"},
    SEPTEMBER: {},
}


def main() -> None:
    """Take every picture anew."""
    PICTURES.mkdir(exist_ok=True)
    # On a busy machine a run takes longer than a page waits for it by itself.
    bills._WAITED_SECONDS = _PATIENCE_SECONDS
    expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
    with (
        tempfile.TemporaryDirectory() as folder,
        _office(Path(folder)) as office,
        running_browser() as browser,
        running_pages(office.installation) as url,
    ):
        desk = Desk(browser, url)
        with desk.person(size=_WIDE, locale="en-US") as page:
            page.context.set_default_timeout(_PATIENCE_SECONDS * 1000)
            _prepare(page, office)
            _bill(page, office)
            _close(page)
        with desk.person(size=_WIDE, locale="en-US") as page:
            page.context.set_default_timeout(_PATIENCE_SECONDS * 1000)
            _collect(page, office)
        if desk.complaints:
            raise RuntimeError(f"pages went wrong: {desk.complaints}")


@dataclass(frozen=True)
class _Office:
    """A partner with customers, an issued August, and a file of September that is still to be taken in."""

    installation: Installation
    partner: Caller
    customers: dict[str, int]
    september: Path

    def key(self, role: Role = Role.ADMIN, customer_id: int | None = None) -> str:
        return create_key(self.installation, self.partner, role, customer_id).api_key


@contextmanager
def _office(folder: Path) -> Iterator[_Office]:
    url = f"sqlite:///{folder / 'rebill.sqlite3'}"
    database = Database(url)
    try:
        upgrade(database)
        clock = lambda: datetime(2024, 10, 4, 9, 30, tzinfo=UTC)  # noqa: E731 - an installation wants a clock
        installation = Installation(Settings(home=folder, database_url=url), database, clock)
        partner = Caller(create_partner(installation, "Paper Lantern Cloud", "EUR").partner_id, Role.ADMIN)
        yield _furnished(installation, partner, folder)
    finally:
        database.close()


def _furnished(installation: Installation, partner: Caller, folder: Path) -> _Office:
    month, customers = Month(installation, partner, folder), {}
    for name, *_ in _CUSTOMERS:
        address = Address(street1="Kanalstraße 1", city="Berlin", state="Berlin", zipcode="10115", country="DE")
        new = NewCustomer(
            name,
            address,
            classification=Classification.MANAGED_WITH_ACCESS,
            billing_enabled=True,
            markup_percent=Decimal(12),
        )
        customers[name] = create_customer(installation, partner, new).customer_id
    names = [(_account(name), name) for name in (*(one[1] for one in _CUSTOMERS), *(one[0] for one in _NOBODYS))]
    with installation.database.writing() as connection:
        seen = [SeenAccount(identifier, name=name) for identifier, name in names]
        remember_accounts(Scope.of(connection, partner), AccountKind.SUBSCRIPTION, seen, installation.clock())
    for name, account, *_ in _CUSTOMERS:
        month.subscriptions(customers[name], _account(account))
    month.cost(*_charges(AUGUST), scope="Azure plan", name="azure-plan-2024-08.csv")
    run_bill(installation, partner, AUGUST)
    september = write_focus(folder / "azure-plan-2024-09.csv", _charges(SEPTEMBER))
    return _Office(installation, partner, customers, september)


def _account(name: str) -> str:
    """An identifier that looks like one of Azure, always the same for a name."""
    digits = name.encode().hex().ljust(32, "0")[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _charges(month: BillingMonth) -> list[dict[str, str]]:
    """A charge a day of each account, which rises in the week and falls on its last days."""
    owned = [(account, service, cost) for _, account, service, cost in _CUSTOMERS]
    found = []
    for account, service, cost in (*owned, *(_NOBODYS if month == SEPTEMBER else ())):
        for day in range(1, 31):
            weight = Decimal("0.6") + Decimal(day % 7) / 7 + Decimal("0.05") * (month == SEPTEMBER)
            share = round_half_away(Decimal(cost) / 30 * weight, 4)
            columns = {"SubAccountId": _account(account), "ServiceName": service, "BillingCurrency": "EUR"}
            listed = round_half_away(share * Decimal("1.1"), 4)
            found.append(charge(f"{month}-{day:02}", str(share), str(listed), **columns, **_PERIODS[month]))
    return found


def _prepare(page: Page, office: _Office) -> None:
    """Once: who bills, what tax stands on it, and who is billed."""
    page.goto("/sign-in")
    _keep(page, "1-sign-in")
    sign_in(page, office.key())
    page.goto("/settings/letterhead")
    letterhead = {"legal_name": "Paper Lantern Cloud GmbH", "tax_id": "DE136695976", "iban": "DE89370400440532013000"}
    address = {"street1": "Speicherstraße 4", "city": "Hamburg", "zipcode": "20457", "country": "DE"}
    for field, text in {**letterhead, **{f"address.{name}": told for name, told in address.items()}}.items():
        page.locator(f'[name="{field}"]').fill(text)
    page.get_by_label("Days to pay in").fill("14")
    _keep(page, "2-letterhead")
    page.get_by_role("button", name="Change the letterhead").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto("/settings/tax")
    page.get_by_label("Percent").fill("19")
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("status")).to_be_visible()
    _keep(page, "3-tax")
    page.goto("/customers")
    _keep(page, "4-customers")
    page.goto("/bills?month=2024-08")
    page.get_by_role("button", name="Finalize August 2024").click()
    expect(page.get_by_role("status")).to_contain_text("issued")


def _bill(page: Page, office: _Office) -> None:
    """Every month: take in its cost, run it, and give the accounts of nobody to somebody."""
    _place(page, "Cost data").click()
    page.get_by_text("Take in a file").click()
    page.get_by_label("Cost file").set_input_files(office.september)
    page.get_by_label("Scope").fill("Azure plan")
    _keep(page, "5-cost")
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("status")).to_contain_text("taken in")
    page.goto("/bills?month=2024-09")
    _keep_a_run_at_work(page, office)
    page.get_by_role("button", name="Run September 2024").click()
    expect(page.get_by_role("status")).to_contain_text("5 statements")
    page.goto("/?month=2024-09")
    _keep(page, "7-home")
    _keep(page, "home-dark", "dark")
    page.goto("/accounts?kind=subscription&owner=nobody")
    for name, *_ in _NOBODYS:
        page.get_by_label(f"Choose {name}").check()
    page.get_by_label("Customer", exact=True).fill("Amber Lighthouse Bakery")
    _keep(page, "8-choose")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("would change").first).to_be_visible()
    _keep(page, "9-preview")
    page.get_by_role("button", name="Assign 2 accounts").click()
    expect(page.get_by_role("status")).to_contain_text("assigned to")
    page.goto("/bills?month=2024-09")
    page.get_by_role("button", name="Run September 2024").click()
    expect(page.get_by_role("status")).to_contain_text("5 statements")


def _keep_a_run_at_work(page: Page, office: _Office) -> None:
    """A month of so few charges is run before a page can show it: one holds the month that has told how far it is."""
    with office.installation.database.writing() as connection:
        scope = Scope.of(connection, office.partner)
        begin_run(scope, RunOrder(SEPTEMBER), "duckdb", office.installation.clock())
    with only_run(office.installation.lake_folder, office.partner.partner_id, SEPTEMBER) as workplace:
        ProgressNotes(workplace.folder)(RunProgress(RunStep.DRAW_UP, 3, len(_CUSTOMERS)))
        page.goto("/bills?month=2024-09")
        expect(page.get_by_text("Step 3 of 4")).to_be_visible()
        _keep(page, "6-run")
    page.goto("/bills?month=2024-09")


def _close(page: Page) -> None:
    """Look, ask why, and issue."""
    page.get_by_label("In order of").select_option("difference")
    page.get_by_role("link", name="Amber Lighthouse Bakery").wait_for()
    _keep(page, "10-bills")
    page.get_by_role("row", name="Amber Lighthouse Bakery").get_by_role("link", name="Why it differs").click()
    expect(page.get_by_role("heading", name="What makes the difference")).to_be_visible()
    _keep(page, "beside-last-month")
    page.go_back()
    page.get_by_role("link", name="Amber Lighthouse Bakery").click()
    expect(page.get_by_role("img", name=re.compile("Price by day")).first).to_be_visible()
    _keep(page, "11-statement")
    page.get_by_role("link", name=re.compile("Why this price.*Line 1$")).click()
    expect(page.get_by_role("heading", name="Why this price?")).to_be_visible()
    _keep(page, "12-why-this-price")
    page.goto("/bills/checklist?month=2024-09")
    _keep(page, "13-checklist")
    page.goto("/bills?month=2024-09")
    page.get_by_role("button", name="Finalize September 2024").click()
    expect(page.get_by_role("status")).to_contain_text("issued")
    _keep(page, "14-final")
    _keep(page, "bills-phone", size=_TALL_PHONE)
    page.get_by_role("link", name="Brass Kettle Robotics").click()
    expect(page.get_by_role("link", name="E-invoice (CII)")).to_be_visible()
    _keep(page, "15-documents")


def _collect(page: Page, office: _Office) -> None:
    """The customer signs in and takes its documents."""
    sign_in(page, office.key(Role.CUSTOMER_READ_ONLY, office.customers["Brass Kettle Robotics"]))
    _keep(page, "16-portal")
    _keep(page, "portal-phone-dark", "dark", PHONE)
    page.get_by_role("link", name="September 2024").first.click()
    expect(page.get_by_role("img", name=re.compile("Cost by day")).first).to_be_visible()
    _keep(page, "17-portal-statement")
    with page.expect_download() as waited:
        page.get_by_role("link", name="PDF").click()
    expect(page.get_by_role("link", name="E-invoice (CII)")).to_be_visible()
    document = pypdfium2.PdfDocument(waited.value.path().read_bytes())
    _keep_picture(document[0].render(scale=_PDF_SCALE).to_pil(), "18-pdf")
    document.close()


def _place(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=name)


def _keep(
    page: Page,
    name: str,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = _WIDE,
    shown: str = "",
) -> None:
    """A picture of the page as it is in front; on a phone of what is in its window, from the region ``shown`` on."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(page.locator("[hx-trigger=load] > a")).to_have_count(0)
    if overflow(page) > 0 or sideways(page):
        raise RuntimeError(f"{name} is wider than its window, or a table of it than its place: {sideways(page)}")
    if shown:
        page.get_by_role("region", name=shown).evaluate("(region) => region.scrollIntoView()")
    taken = page.screenshot(full_page=size[0] != PHONE[0], animations="disabled")
    _keep_picture(Image.open(BytesIO(taken)), name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": _WIDE[0], "height": _WIDE[1]})


def _keep_picture(picture: Image.Image, name: str) -> None:
    flat = picture.convert("RGB").quantize(_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
