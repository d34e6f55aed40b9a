"""``python -m tests.kills``: so many kills on each store; what was found wrong ends it."""

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.keeping.initialise import create_partner
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from tests.kills.campaign import Campaign
from tests.postgresql_server import running_server
from tests.services.accountant import Accountant


def campaign(url: str, folder: Path, seed: int, times: int) -> Campaign:
    """Rounds on one store until an act was killed so many times, and the proof of all of it."""
    database = Database(url)
    upgrade(database)
    now = datetime(2024, 10, 15, 12, tzinfo=UTC)
    installation = Installation(Settings(home=folder, database_url=url), database, lambda: now)
    caller = Caller(create_partner(installation, "Partner").partner_id, Role.ADMIN)
    found = Campaign(Accountant(installation, caller, folder), random.Random(seed))
    found.prepare()
    number = 0
    while found.kills.total() < times:
        number += 1
        found.round(number)
    found.prove()
    database.close()
    return found


def tell(store: str, found: Campaign) -> None:
    """Say how often which act was killed, and what it had left."""
    sys.stdout.write(f"{store}: {found.kills.total()} kills\n")
    for (act, left), count in sorted(found.kills.items()):
        sys.stdout.write(f"  {act:9} left {left:7} {count:5}\n")
    sys.stdout.flush()


def main() -> int:
    """0 when nothing was ever half done."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="kills on each store (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (1)")
    parser.add_argument("--url", help="on this empty record alone, instead of one of each store")
    given = parser.parse_args()
    with ExitStack() as stack:
        first, second = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        if given.url:
            tell("the record", campaign(given.url, first, given.seed, given.times))
            return 0
        tell("SQLite", campaign(f"sqlite:///{first / 'rebill.sqlite3'}", first, given.seed, given.times))
        server = stack.enter_context(running_server())
        tell("PostgreSQL", campaign(server.url, second, given.seed, given.times))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
