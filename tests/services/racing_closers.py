"""One of several processes that finalize the same month at once: ``url home seed`` as arguments.

Waits for a line on standard input that says whose months; tells each customer that it issued, a line each.
"""

import json
import random
import sys
from datetime import datetime
from pathlib import Path

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.errors import Conflict, Unavailable
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.settings import Settings
from rebill.store.database import Database


def main(url: str, home: str, seed: int) -> None:
    """Finalize each customer's month, in an order of this process's own, until nothing is left to issue."""
    _say("ready")
    given = json.loads(sys.stdin.readline())
    now = datetime.fromisoformat(given["now"])
    installation = Installation(Settings(Path(home), url), Database(url), lambda: now)
    partner = Caller(given["partner"], Role.ADMIN)
    customers = list(given["customers"])
    random.Random(seed).shuffle(customers)
    for customer_id in customers:
        try:
            order = ClosingOrder(ClosingAct.FINALIZE, BillingMonth.parse(given["month"]), customer_id)
            for record in finalize_month(installation, partner, order).documents:
                _say(record.document.invoice_id)
        except (Conflict, Unavailable) as refused:
            _say(refused.code)
    _say("done")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
