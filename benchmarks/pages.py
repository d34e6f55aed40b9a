"""``make bench-pages``: how long the server takes for each page, at 5,000 customers and 50,000 accounts.

What is made is kept in ``build/bench``; the next time starts at once. Times are of the server alone: from the request's
arrival to its answer, without network and browser. No time is asserted: machines differ.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import anyio
import httpx

from benchmarks.prepared import opened
from rebill.console.application import Console
from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.data_set import CostImportOrder
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Classification, Role
from rebill.model.statement import StatementFilter
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import list_statements
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.keys import create_key
from rebill.services.callers.web_sessions import begin_with_key
from rebill.services.costs.import_costs import import_costs
from rebill.services.costs.sample_data import COSTS_FOLDER, CUSTOMERS_FILE, write_sample_data
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.catalogue import import_catalogue
from rebill.services.parties.create_customer import create_customer
from rebill.wiring import at_rest

MONTHS: Final = (BillingMonth(2024, 8), BillingMonth(2024, 9))
TARGET_MILLISECONDS: Final = 100
_UNASSIGNED_IN: Final = 100
"""One customer's accounts in so many are left unassigned."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything; ``lines``: of each month."""

    customers: int = 5_000
    subscriptions: int = 50_000
    lines: int = 300_000


@dataclass
class Times:
    """Where the console tells how long each answer took."""

    seconds: list[float] = field(default_factory=list)

    def answered(
        self, method: str, route: str | None, status: int, seconds: float, facts: Mapping[str, object]
    ) -> None:
        """Keep it; an answer that is none must not be measured."""
        if status != 200:
            raise AssertionError(f"{method} {route} answered {status}")
        self.seconds.append(seconds)

    def failed(self, error: BaseException, request_id: str, presented_keys: Sequence[str]) -> None:
        """A fault ends the benchmark."""
        raise error


@dataclass(frozen=True)
class Figure:
    """A page's times in milliseconds: of the first request, and of those after it; ``cpu``: of the processor alone."""

    page: str
    first: float
    typical: float
    slowest: float
    cpu: float
    kilobytes: int


def main() -> None:
    """Make what is to be shown, measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--customers", type=int, default=Sizes.customers)
    parser.add_argument("--subscriptions", type=int, default=Sizes.subscriptions)
    parser.add_argument("--lines", type=int, default=Sizes.lines)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--page", default="", help="only pages whose names hold this text")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sizes = Sizes(given.customers, given.subscriptions, given.lines)
    with filled(given.folder / f"pages-{sizes.customers}-{sizes.subscriptions}-{sizes.lines}", sizes) as (kept, caller):
        figures = measured(kept, caller, given.repetitions, given.page)
    if given.json:
        print(json.dumps([vars(one) for one in figures], indent=1))
        return
    print(f"{sizes.customers:,} customers, {sizes.subscriptions:,} accounts, {sizes.lines:,} lines a month (SQLite)")
    print(f"{'page':<34}{'first':>9}{'typical':>9}{'slowest':>9}{'cpu':>9}  ms{'kB':>8}")
    for one in figures:
        mark = "" if one.cpu <= TARGET_MILLISECONDS else "  above the target"
        times = f"{one.first:>9.1f}{one.typical:>9.1f}{one.slowest:>9.1f}{one.cpu:>9.1f}"
        print(f"{one.page:<34}{times}    {one.kilobytes:>8}{mark}")


@contextmanager
def filled(folder: Path, sizes: Sizes) -> Iterator[tuple[Installation, Caller]]:
    """The installation in ``folder``, made where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    installation, caller = opened(folder / "home")
    try:
        if not (folder / "made").exists():
            _fill(installation, caller, folder, sizes)
            (folder / "made").touch()
        yield installation, caller
    finally:
        installation.close()


def _fill(installation: Installation, caller: Caller, folder: Path, sizes: Sizes) -> None:
    for month in MONTHS:
        sample = folder / f"sample-{month}"
        write_sample_data(sample, sizes.customers, sizes.lines, month, 7, "parquet", sizes.subscriptions)
        import_costs(installation, caller, CostImportOrder((sample / COSTS_FOLDER,), scope="sample"))
    catalogue = folder / f"sample-{MONTHS[0]}" / CUSTOMERS_FILE
    import_catalogue(installation, caller, catalogue)
    tenants = [one["id"] for page in json.loads(catalogue.read_text()) for one in page["items"]]
    for number, tenant in enumerate(tenants):
        new = NewCustomer(
            f"Customer {number:05d} {tenant[:8]}",
            classification=Classification.MANAGED_WITH_ACCESS,
            billing_enabled=True,
            basis=Basis.BILLED,
        )
        customer = create_customer(installation, caller, new)
        if number % _UNASSIGNED_IN:
            order = AssignmentOrder(AccountKind.AZURE_CUSTOMER, customer.customer_id, (tenant,))
            assign_accounts(installation, caller, order)
    for month in MONTHS:
        run_bill(installation, caller, month)


def measured(installation: Installation, caller: Caller, repetitions: int, named: str = "") -> list[Figure]:
    """Each page whose name holds ``named``, asked for ``repetitions`` times after once."""
    month = MONTHS[-1]
    page = Page(per_page=1000)
    statement = list_statements(installation, caller, page, StatementFilter(month=month)).items[0].record
    customer_id, statement_id = statement.statement.customer_id, statement.statement_id
    console = {
        "home": f"/?month={month}",
        "accounts": "/accounts?kind=subscription",
        "accounts, nobody's": "/accounts?kind=azure_customer&owner=nobody",
        "accounts, searched": "/accounts?kind=subscription&text=7f3",
        "accounts of a customer": f"/accounts?kind=azure_customer&of={customer_id}",
        "customers": "/customers",
        "customers, searched": "/customers?text=04321",
        "a customer": f"/customers/{customer_id}",
        "a customer's prices": f"/customers/{customer_id}/prices",
        "a customer's documents": f"/customers/{customer_id}/details",
        "cost data": "/costs",
        "beside Microsoft's invoices": f"/costs/reconciliation?month={month}",
        "price books": "/price-books",
        "a new price book": "/price-books/new",
        "a new billing rule": "/billing-rules/new",
        "what if": "/price-books/what-if",
        "bills": f"/bills?month={month}",
        "bills by difference": f"/bills?month={month}&order=difference",
        "checklist": f"/bills/checklist?month={month}",
        "deliveries": "/bills/deliveries",
        "lines to look at": f"/bills/attention?month={month}",
        "a statement": f"/statements/{statement_id}",
        "a statement by day": f"/statements/{statement_id}/days",
        "a statement beside last month": f"/statements/{statement_id}/last-month",
        "margin by customer": f"/margin?month={month}",
        "why a price": f"/statements/{statement_id}/lines/1",
        "audit": "/audit",
        "keys and users": "/access",
        "settings": "/settings",
        "letterhead": "/settings/letterhead",
    }
    portal = {
        "portal": "/portal",
        "portal, cost": "/portal/cost",
        "portal, a statement": f"/portal/statements/{statement_id}",
        "portal, by day": f"/portal/statements/{statement_id}/days",
    }
    admin = create_key(installation, caller, Role.ADMIN, None).api_key
    own = create_key(installation, caller, Role.CUSTOMER_READ_ONLY, customer_id).api_key
    times = Times()
    # As a server process has it.
    console_pages = Console(installation, times)
    console_pages.prepare()
    pages = at_rest(console_pages)
    console, portal = ({name: path for name, path in one.items() if named in name} for one in (console, portal))
    found = anyio.run(_asked, pages, times, _token(installation, admin), console, repetitions)
    return [*found, *anyio.run(_asked, pages, times, _token(installation, own), portal, repetitions)]


def _token(installation: Installation, key: str) -> str:
    session = begin_with_key(installation, key)
    if session is None:
        raise AssertionError("a new key opens the pages")
    return session.token


async def _asked(pages: Any, times: Times, token: str, paths: Mapping[str, str], repetitions: int) -> list[Figure]:
    cookies = {"rebill_session": token}
    transport = httpx.ASGITransport(pages)
    found = []
    async with httpx.AsyncClient(transport=transport, base_url="http://bench.test", cookies=cookies) as client:
        for name, path in paths.items():
            times.seconds.clear()
            size = len((await client.get(path)).content)
            cpus = []
            for _ in range(repetitions):
                before = time.process_time()
                await client.get(path)
                cpus.append(time.process_time() - before)
            first, *others = (seconds * 1000 for seconds in times.seconds)
            found.append(Figure(name, first, median(others), max(others), median(cpus) * 1000, -(-size // 1024)))
    return found


if __name__ == "__main__":
    main()
