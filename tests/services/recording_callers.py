"""One of several processes that change things at once: ``url, partner, process number`` as arguments.

Each of its callers, a thread each, makes customers and tries to make some that cannot be. A line on standard input
starts them. ``kill`` as a fourth argument: the process stops in the middle of sealing, and waits to be killed.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from rebill.model.audit import Act
from rebill.model.customer import NewCustomer
from rebill.model.errors import Invalid
from rebill.model.party import Caller, Role
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.keeping.audit_sealing import seal_all
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.store.database import Database

CALLERS = 6
ACTS = 8
"""Of each caller; half of them are refused."""


def main(url: str, partner_id: int, process: int, to_be_killed: bool) -> None:
    """Wait for the line that starts all callers, and let them seal between their acts too."""
    installation = Installation(Settings(Path(), url), Database(url), lambda: datetime.now(UTC))
    partner = Caller(partner_id, Role.ADMIN)
    together = threading.Barrier(CALLERS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()

    def act(caller: int) -> None:
        together.wait()
        for number in range(ACTS // 2):
            name = f"Customer {process}-{caller}-{number}"
            create_customer(installation, partner, NewCustomer(name))
            with suppress(Invalid):
                _refused(installation, partner, name)
            if caller % 3 == 0 and not to_be_killed:
                seal_all(installation)

    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(act, range(CALLERS)))
    if to_be_killed:
        event.listen(installation.database.engine, "after_cursor_execute", _wait_to_be_killed)
        seal_all(installation)


def _refused(installation: Installation, partner: Caller, name: str) -> None:
    try:
        create_customer(installation, partner, NewCustomer(name))
    except Invalid as refusal:
        record_refused(installation, partner, Act.CREATE_CUSTOMER, None, refusal)
        raise


def _wait_to_be_killed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
    if statement.startswith("UPDATE audit_entries"):
        sys.stdout.write("sealing\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["kill"])
