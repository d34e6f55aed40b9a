"""``python -m tests.random_lives``: so many lives of bills by chance; the first that breaks a promise ends it."""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.keeping.initialise import create_partner
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from tests.conftest import SettableClock
from tests.postgresql_databases import PostgresqlDatabases
from tests.postgresql_server import running_server
from tests.random_lives.life import Life
from tests.services.accountant import Accountant


def lived(url: str, folder: Path, seed: int, steps: int) -> Life:
    """A life on an empty record, to its end; every second one is rich."""
    database = Database(url)
    upgrade(database)
    clock = SettableClock(datetime(2025, 1, 10, 12, tzinfo=UTC))
    installation = Installation(Settings(home=folder, database_url=url), database, clock)
    caller = Caller(create_partner(installation, "Partner").partner_id, Role.ADMIN)
    life = Life(Accountant(installation, caller, folder), clock, seed, rich=seed % 2 == 1)
    try:
        life.begin()
        life.live(steps)
    except BaseException:
        sys.stdout.write("\n".join([f"seed {seed} broke after:", *life.told, ""]))
        raise
    finally:
        database.close()
    return life


def main() -> int:
    """0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_lives", description=__doc__)
    parser.add_argument("--lives", type=int, default=20, help="so many on each store (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the first (1); odd ones are rich")
    parser.add_argument("--steps", type=int, default=45, help="acts of each (45)")
    parser.add_argument("--url", help="one life on this empty record alone")
    parser.add_argument("--sqlite-only", action="store_true", help="without PostgreSQL")
    given = parser.parse_args()
    tally: Counter[str] = Counter()
    with ExitStack() as stack:
        databases = None
        if not given.url and not given.sqlite_only:
            databases = PostgresqlDatabases(make_url(stack.enter_context(running_server()).url))
        for seed in range(given.seed, given.seed + (1 if given.url else given.lives)):
            urls = [given.url] if given.url else [""]
            if databases is not None:
                urls.append(databases.create().render_as_string(hide_password=False))
            for url in urls:
                with tempfile.TemporaryDirectory() as folder:
                    here = url or f"sqlite:///{folder}/rebill.sqlite3"
                    tally += lived(here, Path(folder), seed, given.steps).tally
            sys.stdout.write(f"seed {seed}: kept\n")
            sys.stdout.flush()
    for act, count in sorted(tally.items()):
        sys.stdout.write(f"  {act:24} {count:6}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
