"""Make a workplace ready: a made-up partner taken in through the real services, its terms as CSV for the peers."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

import rebill
from benchmarks.workplace import CUSTOMERS, MEMORY_LIMIT, MONTH, SUBSCRIPTIONS, Workplace
from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.data_set import CostImportOrder
from rebill.model.identifiers import AccountKind
from rebill.model.party import Caller
from rebill.model.terms import Basis, CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import import_costs, list_data_sets
from rebill.services.costs.sample_data import COSTS_FOLDER, CUSTOMERS_FILE, write_sample_data
from rebill.services.keeping.initialise import find_partner, initialise
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.catalogue import import_catalogue
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.store.database import Database

ALWAYS: Final = date(2020, 1, 1)
"""Since when accounts are assigned."""
_FOREVER: Final = date(9999, 12, 31)
_TRANSFER_DAY: Final = date(2024, 9, 16)
_MARKUPS: Final = tuple(map(Decimal, ("0", "5", "10", "15", "-3", "-10", "17.5", "22.25")))
_OVERRIDDEN_SUBSCRIPTIONS: Final = 200
# What the cached data depends on: a change to any of it makes new data.
SAMPLE_SOURCES: Final = ("sources/synthetic", "services/costs/sample_data.py")
HOME_SOURCES: Final = ("sources", "lake", "store", "model", "services/costs/import_costs.py", Path(__file__).absolute())


@dataclass(frozen=True)
class Owner:
    """A customer of the benchmark's partner and how it is billed."""

    customer_id: int
    basis: Basis
    commitments: CommitmentsPolicy
    markup_percent: Decimal
    is_billed: bool

    @property
    def terms(self) -> tuple[object, ...]:
        """Its row in the peers' terms: the factor on a list price, and on a cost.

        A discount is off list; on a cost it does not apply.
        """
        factor = 1 + self.markup_percent / 100
        spared = self.basis is Basis.LIST and self.markup_percent < 0
        return self.customer_id, self.basis, self.commitments, factor, Decimal(1) if spared else factor


def opened(home: Path) -> tuple[Installation, Caller]:
    """The installation in ``home`` (on SQLite, made where there is none) and its partner's administrator."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        home=home, database_url=f"sqlite:///{home / 'rebill.sqlite3'}", engine_memory_limit=MEMORY_LIMIT
    )
    installation = Installation(settings, Database(settings.database_url))
    initialise(installation, "Fabrikam Cloud Partner")
    return installation, find_partner(installation, None)


def cost_order(files: Sequence[Path]) -> CostImportOrder:
    """The delivery of these files."""
    return CostImportOrder(
        files=tuple(files),
        layout="auto",
        scope="benchmark",
        period=None,
        currency=None,
        accept_rejects=False,
        overlap_reason=None,
    )


def prepare_sample(folder: Path, lines: int, file_format: str) -> None:
    """Write the made-up partner to ``folder`` unless it is there, as this version of rebill writes it."""
    mark = digest_of(SAMPLE_SOURCES)
    if is_made(folder, mark):
        return
    write_sample_data(folder, CUSTOMERS, lines, MONTH, file_format=file_format, subscriptions=SUBSCRIPTIONS)
    mark_made(folder, mark)


def prepare(place: Workplace) -> None:
    """Fill ``place`` unless it is filled: sample, installation with everything assigned and imported, peers' files."""
    prepare_sample(place.sample, place.lines, "parquet")
    mark = digest_of(HOME_SOURCES + SAMPLE_SOURCES)
    if is_made(place.home, mark):
        return
    installation, caller = opened(place.home)
    import_catalogue(installation, caller, place.sample / CUSTOMERS_FILE)
    pages = json.loads((place.sample / CUSTOMERS_FILE).read_text(encoding="utf-8"))
    tenants = [item for page in pages for item in page["items"]]
    owners = [_create(installation, caller, number, item) for number, item in enumerate(tenants)]
    bindings = list(_assign_tenants(installation, caller, [item["id"] for item in tenants], owners))
    import_costs(installation, caller, cost_order([place.sample / COSTS_FOLDER]))
    bindings += _assignsubscriptions_of(installation, caller, subscriptions_of(place.sample), owners)
    write_csv(place.bindings, "kind account_key customer_id effective_from effective_to", bindings)
    terms = [owner.terms for owner in owners if owner.is_billed]
    write_csv(place.terms, "customer_id basis commitments factor cost_factor", terms)
    parts = [part.path for data_set in list_data_sets(installation, caller) for part in data_set.parts]
    place.parts_file.write_text(json.dumps([str(installation.lake_folder / part) for part in parts]), encoding="utf-8")
    installation.database.close()
    mark_made(place.home, mark)


def _create(installation: Installation, caller: Caller, number: int, item: dict[str, dict[str, str]]) -> Owner:
    is_billed = number % 25 != 24
    basis = list(Basis)[number % 2]
    commitments = list(CommitmentsPolicy)[number % 3]
    markup_percent = _MARKUPS[number % len(_MARKUPS)]
    new = NewCustomer(
        name=item["companyProfile"]["companyName"],
        billing_enabled=is_billed,
        basis=basis,
        commitments=commitments,
        markup_percent=markup_percent,
    )
    customer = create_customer(installation, caller, new)
    return Owner(customer.customer_id, basis, commitments, markup_percent, is_billed)


Bound = tuple[object, ...]
"""A row of the peers' bindings."""


def _assign_tenants(
    installation: Installation, caller: Caller, tenants: Sequence[str], owners: Sequence[Owner]
) -> Iterable[Bound]:
    """Each tenant to its customer; one in fifty stays unassigned, one in twenty changes hands in mid-month."""
    kind = AccountKind.AZURE_CUSTOMER
    for number, tenant in enumerate(tenants):
        if number % 50 == 49:
            continue
        first, then = owners[number].customer_id, owners[(number + 1) % len(owners)].customer_id
        assign_accounts(installation, caller, AssignmentOrder(kind, first, (tenant,), effective_from=ALWAYS))
        if number % 20 != 3:
            yield kind, tenant, first, ALWAYS, _FOREVER
            continue
        move_accounts(installation, caller, AssignmentOrder(kind, then, (tenant,), effective_from=_TRANSFER_DAY))
        yield kind, tenant, first, ALWAYS, _TRANSFER_DAY
        yield kind, tenant, then, _TRANSFER_DAY, _FOREVER


def _assignsubscriptions_of(
    installation: Installation, caller: Caller, subscriptions: Sequence[str], owners: Sequence[Owner]
) -> Iterable[Bound]:
    """Some subscriptions to a customer other than their tenant's."""
    kind = AccountKind.SUBSCRIPTION
    for number, subscription in enumerate(subscriptions[:_OVERRIDDEN_SUBSCRIPTIONS]):
        customer_id = owners[number * 7 % len(owners)].customer_id
        order = AssignmentOrder(kind, customer_id, (subscription,), effective_from=ALWAYS)
        assign_accounts(installation, caller, order)
        yield kind, subscription, customer_id, ALWAYS, _FOREVER


def subscriptions_of(sample: Path) -> list[str]:
    """The subscriptions of a sample's first part."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT replace(SubAccountId, '/subscriptions/', '') AS subscription "
            f"FROM read_parquet('{sample / COSTS_FOLDER}/part_0000.parquet') WHERE SubAccountId IS NOT NULL ORDER BY 1"
        ).fetchall()
    return [str(subscription) for (subscription,) in rows]


def write_csv(file: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows with the names of their columns, which are separated by spaces."""
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(header.split())
        writer.writerows(rows)


def digest_of(sources: Iterable[str | Path]) -> str:
    """What changes when any of these files of the program does; paths are below the package, or absolute."""
    files = []
    for source in sources:
        path = Path(rebill.__file__).parent / source
        files += sorted(path.rglob("*.*")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.read_bytes())
    return digest.hexdigest()


def is_made(folder: Path, mark: str) -> bool:
    """Whether ``folder`` is complete and of this version; else it is cleared away."""
    note = folder.with_name(folder.name + ".made-by")
    if folder.is_dir() and note.is_file() and note.read_text(encoding="utf-8") == mark:
        return True
    note.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return False


def mark_made(folder: Path, mark: str) -> None:
    """Note that ``folder`` is complete, and of which version."""
    folder.with_name(folder.name + ".made-by").write_text(mark, encoding="utf-8")
