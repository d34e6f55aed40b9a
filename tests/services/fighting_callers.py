"""One of several processes whose callers fight over the same accounts: ``url, process number, act`` as arguments.

Sixteen callers, a thread each, act for one of the customers named on standard input, which also starts
them. Writes one JSON document: for each caller its customer and what it was told.
"""

import json
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from rebill.model.assignment import AccountEntry
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.settings import Settings
from rebill.store.database import Database
from tests.services.steps import order

CALLERS = 16
ROUNDS = 4
ACTS = {"assign": (assign_accounts,), "move": (move_accounts,), "both": (assign_accounts, move_accounts)}
"""What callers do: where there are several, each takes its turn."""


def main(url: str, process: int, act_name: str) -> None:
    """Wait for the line that says who and what, then let all callers go at once."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    given = json.loads(sys.stdin.readline())
    now = datetime.fromisoformat(given["now"])
    installation = Installation(Settings(Path(), url), Database(url), lambda: now)
    partner = Caller(given["partner"], Role.ADMIN)
    together = threading.Barrier(CALLERS)

    def fight(caller: int) -> list[dict[str, Any]]:
        chance = random.Random(process * CALLERS + caller)
        act = ACTS[act_name][caller % len(ACTS[act_name])]
        customer_id = given["customers"][(process + caller) % len(given["customers"])]
        together.wait()
        told = []
        for _ in range(ROUNDS):
            wanted = chance.sample(given["accounts"], chance.randint(1, 3))
            outcome = act(installation, partner, order(customer_id, *wanted))
            entries = {
                entry.identifier: entry.done if isinstance(entry, AccountEntry) else entry.sentence
                for entry in outcome.entries
            }
            told.append({"customer": customer_id, "act": act.__name__, "entries": entries})
        return told

    with ThreadPoolExecutor(CALLERS) as threads:
        told = [answer for answers in threads.map(fight, range(CALLERS)) for answer in answers]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
