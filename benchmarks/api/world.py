"""What the servers are filled with: a catalogue, and customers with many, few and no assignments."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import func, make_url, select, text

from benchmarks.api.application import own_tables
from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import create_key
from rebill.services.keeping.initialise import initialise
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.database import Database
from rebill.store.scope import Scope
from rebill.store.tables import assignments
from tests.postgresql_server import DURABLE, running_server

STORES: Final = ("sqlite", "postgresql")
_GROWING_CUSTOMERS: Final = 20
_LIST_SAMPLE: Final = 200
_KIND: Final = AccountKind.AZURE_CUSTOMER


@dataclass(frozen=True)
class Sizes:
    """How much of everything. ``free``: accounts of the catalogue that nobody has, to be assigned in one act."""

    many: int = 50_000
    few: int = 500
    free: int = 165_000
    thousand: int = 1_000
    ten_thousand: int = 10_000
    connections: int = 16
    processes: int = 1
    calls: int = 1_000
    thousands: int = 32
    ten_thousands: int = 16
    lone_calls: int = 100
    lone_ten_thousands: int = 5
    greatest_seconds: int = 120

    @property
    def catalogue(self) -> int:
        return self.many + self.few + self.free


@dataclass(frozen=True)
class World:
    """A filled record. The first ``many`` accounts are one customer's, the next ``few`` another's."""

    installation: Installation
    sizes: Sizes
    key: str
    many_id: int
    few_id: int
    growing_ids: Sequence[int]
    assignment_ids: Sequence[int] = field(default=())
    """Of the customer with many, spread over the list."""

    @property
    def first_free(self) -> int:
        """The number of the first account that nobody has."""
        return self.sizes.many + self.sizes.few

    def grown(self) -> int:
        """How many assignments the customers have that began with none."""
        growing = assignments.c.customer_id.in_(self.growing_ids)
        with self.installation.database.reading() as connection:
            return connection.scalars(select(func.count()).select_from(assignments).where(growing)).one()

    def database_processes(self) -> list[int]:
        """PostgreSQL's processes, those of this very connection too; none on SQLite."""
        database = self.installation.database
        if database.is_sqlite:
            return []
        with database.reading() as connection:
            return list(connection.scalars(text("SELECT pid FROM pg_stat_activity")).all())

    def clear(self) -> None:
        """Take back what the growing customers got, past the product: the accounts are as if never assigned."""
        database = self.installation.database
        with database.writing() as connection:
            connection.execute(assignments.delete().where(assignments.c.customer_id.in_(self.growing_ids)))
        self.tidy()

    def tidy(self) -> None:
        """What a database does by and by, done at once: no measurement pays for the one before it."""
        database = self.installation.database
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")


def identifier(number: int) -> str:
    """The id of the catalogue's account of this number: looks like a tenant's, in no order."""
    return f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}"


@contextmanager
def filled_world(store: str, folder: Path, sizes: Sizes) -> Iterator[World]:
    """A filled record in a new file of ``folder``, or on a PostgreSQL server of its own that keeps what it stores."""
    if store == "sqlite":
        yield from _filled(Settings(folder, f"sqlite:///{folder / 'rebill.sqlite3'}"), sizes)
    else:
        with running_server(DURABLE) as server:
            yield from _filled(Settings(folder, server.url), sizes)


def _filled(settings: Settings, sizes: Sizes) -> Iterator[World]:
    installation = Installation(settings, Database(settings.database_url))
    try:
        world = _fill(installation, sizes)
        world.tidy()
        yield world
    finally:
        installation.database.close()


def _fill(installation: Installation, sizes: Sizes) -> World:
    caller = Caller(initialise(installation, "Benchmark").partner_id, Role.ADMIN)
    with installation.database.writing() as connection:
        own_tables.create_all(connection)
        seen = [
            SeenAccount(identifier(number), f"Customer number {number} Ltd", f"customer{number}.onmicrosoft.example")
            for number in range(sizes.catalogue)
        ]
        remember_accounts(Scope.of(connection, caller), _KIND, seen, installation.clock())

    def named(name: str) -> int:
        return create_customer(installation, caller, NewCustomer(name)).customer_id

    many_id, few_id = named("Many"), named("Few")
    _assign(installation, caller, many_id, range(sizes.many))
    _assign(installation, caller, few_id, range(sizes.many, sizes.many + sizes.few))
    growing = [named(f"Growing {number}") for number in range(_GROWING_CUSTOMERS)]
    key = create_key(installation, caller, Role.OPERATOR, None).api_key
    with installation.database.reading() as connection:
        ids = connection.scalars(select(assignments.c.assignment_id).where(assignments.c.customer_id == many_id)).all()
    return World(installation, sizes, key, many_id, few_id, growing, ids[:: max(1, len(ids) // _LIST_SAMPLE)])


def _assign(installation: Installation, caller: Caller, customer_id: int, numbers: range) -> None:
    for first in range(numbers.start, numbers.stop, 10_000):
        wanted = tuple(identifier(number) for number in range(first, min(first + 10_000, numbers.stop)))
        assign_accounts(installation, caller, AssignmentOrder(_KIND, customer_id, wanted))


def engine_version(world: World) -> str:
    """The store's name and version."""
    database = world.installation.database
    with database.reading() as connection:
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    return f"{make_url(world.installation.settings.database_url).get_backend_name()} {version}"
