"""``python -m tests.api.trial``: a longer trial of the API on both stores, with other examples each time."""

import secrets
import sys
import tempfile
from pathlib import Path

from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from tests.api.trial.trial import try_api
from tests.api.world import build_world
from tests.postgresql_server import running_server

EXAMPLES = 50


def tried(database_url: str, home: Path) -> int:
    """Try the API on a record; what Schemathesis answers with."""
    database = Database(database_url)
    upgrade(database)
    world = build_world(Installation(Settings(home=home, database_url=database_url), database))
    done = try_api(world, home, f"--max-examples={EXAMPLES}", f"--seed={secrets.randbelow(2**31)}")
    database.close()
    sys.stdout.write(done.stdout)
    return done.returncode


def main() -> int:
    """Try both stores; 0 when nothing was found in either."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second, running_server() as server:
        codes = [tried(f"sqlite:///{Path(first) / 'rebill.sqlite3'}", Path(first)), tried(server.url, Path(second))]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
