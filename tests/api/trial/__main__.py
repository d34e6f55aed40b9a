"""``python -m tests.api.trial``: the API tried on both stores for a time, with other examples each time.

What the schema enumerates (examples, and every boundary of every parameter and field) is sent once. Then bodies and
parameters drawn at random, and sequences of calls along the document's links, take turns until the time is spent: it
always ends. ``--seed`` repeats a trial that found something.
"""

import argparse
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
"""How many requests of a call are drawn at random in one turn."""
_USUAL_SECONDS = 600


def tried(database_url: str, home: Path, seconds: int, seed: int) -> int:
    """Try the API on a record; what Schemathesis answers with."""
    database = Database(database_url)
    upgrade(database)
    world = build_world(Installation(Settings(home=home, database_url=database_url), database))
    done = try_api(world, home, f"--max-examples={EXAMPLES}", f"--seed={seed}", f"--max-time={seconds}")
    database.close()
    sys.stdout.write(done.stdout)
    return done.returncode


def main() -> int:
    """Try both stores; 0 when nothing was found in either."""
    parser = argparse.ArgumentParser(prog="python -m tests.api.trial")
    parser.add_argument("--seconds", type=int, default=_USUAL_SECONDS, help="how long each store is tried")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="what is drawn at random")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second, running_server() as server:
        stores = ((f"sqlite:///{Path(first) / 'rebill.sqlite3'}", Path(first)), (server.url, Path(second)))
        codes = [tried(url, home, given.seconds, given.seed) for url, home in stores]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
