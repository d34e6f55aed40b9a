"""Runs that were started from a page: they go on in a thread, and the page looks again until they end."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rebill.model.audit import Act
from rebill.model.errors import ProgramError, Refusal
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.keeping.audit_sealing import seal_partner

_WAITED_SECONDS: Final = 2.0
"""A month of an ordinary partner is billed by then, and its page need not look again."""


@dataclass
class MonthRun:
    """A run from its start: ``done`` or ``failed`` once it has ended."""

    started_at: datetime
    done: BillRun | None = None
    failed: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


class MonthRuns:
    """The runs that this process started, the last one of each partner and month."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._runs: dict[tuple[int, BillingMonth], MonthRun] = {}
        self._lock = threading.Lock()

    def start(self, caller: Caller, month: BillingMonth) -> MonthRun:
        """Start a run, unless one of this process goes on; waits a moment for it to end."""
        key = caller.partner_id, month
        with self._lock:
            run = self._runs.get(key)
            if run is None or run.ended.is_set():
                run = self._runs[key] = MonthRun(self._installation.clock())
                name = f"run of {month}"
                threading.Thread(target=self._work, args=(caller, month, run), name=name, daemon=True).start()
        run.ended.wait(_WAITED_SECONDS)
        return run

    def last(self, caller: Caller, month: BillingMonth) -> MonthRun | None:
        """The last run of a month that this process started."""
        return self._runs.get((caller.partner_id, month))

    def _work(self, caller: Caller, month: BillingMonth, run: MonthRun) -> None:
        try:
            run.done = run_bill(self._installation, caller, month)
        except Refusal as refusal:
            run.failed = refusal.message
            record_refused(self._installation, caller, Act.RUN_BILL, None, refusal)
        except ProgramError as error:
            run.failed = error.message
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            run.failed = f"Something went wrong in rebill itself: {type(error).__name__}. Nothing was stored."
        finally:
            run.ended.set()
        seal_partner(self._installation, caller.partner_id)
