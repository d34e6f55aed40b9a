"""A process that is killed in the middle of an assignment leaves nothing of it."""

import subprocess
import sys

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from tests.services.steps import assign, customer, listed, stands

KILLED_IN_THE_MIDDLE = """
import sys
from pathlib import Path
from sqlalchemy import event
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from tests.services.steps import assign

url, partner, customer, ids = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
installation = Installation(Settings(Path(), url), Database(url))

def wait_to_be_killed(connection, cursor, statement, *more):
    # On PostgreSQL whatever is inserted goes with the COMMIT: killed behind it, a process has assigned.
    if statement.startswith("INSERT INTO audit_entries"):
        print("in the middle", flush=True)
        sys.stdin.read()

event.listen(installation.database.engine, "before_cursor_execute", wait_to_be_killed)
assign(installation, Caller(partner, Role.ADMIN), customer, *ids)
"""


def test_nothing_of_a_killed_assignment_is_stored(installation: Installation, partner: Caller) -> None:
    ids = [f"tenant-{number}" for number in range(50)]
    listed(installation, partner, *ids)
    azure_two, rival = (customer(installation, partner, name) for name in ("Azure Two", "Rival"))
    arguments = [installation.settings.database_url, str(partner.partner_id), str(azure_two), *ids]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_IN_THE_MIDDLE, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "in the middle\n"
        process.kill()
    assert stands(installation, partner) == []
    assert all(": done [" in line for line in assign(installation, partner, rival, *ids))
    assert len(stands(installation, partner)) == 50
