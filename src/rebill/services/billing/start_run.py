"""Start a run that goes on by itself: who asked for it looks again until it has ended, in whatever process.

The work goes on in a thread of this process, and the record tells what came of it. It does not outlive the process: of
one that is stopped or killed nothing is stored, and its run is said to be interrupted.
"""

import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from rebill.lake.runs import Workplace, only_run
from rebill.model.audit import Act
from rebill.model.bill_run import RunOrder, RunRecord, RunStatus
from rebill.model.errors import Invalid, NotFound, ProgramError, Refusal, Unavailable
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.run_state import RunState
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.run_bill import run_in
from rebill.services.billing.run_under_way import state_of_run
from rebill.services.keeping.audit_sealing import seal_partner
from rebill.services.parties.read_customers import faults_of_named
from rebill.store.scope import Scope
from rebill.store.started_runs import begin_run, end_run, find_run, latest_runs

PATIENCE_SECONDS: Final = 8.0
"""How long a caller waits for a run to end: he is answered within 10 seconds."""
_UNEXPECTED: Final = (
    "rebill failed in a way it should not have, and nothing was stored; the server's log has the trace. Please report "
    "it."
)


def start_run(
    installation: Installation, caller: Caller, order: RunOrder, patience_seconds: float = PATIENCE_SECONDS
) -> RunRecord:
    """Start a run of a month, and wait a while for it to end; not where its note is stored with what comes after it.

    Raises ``Forbidden``, ``Conflict`` while another run of the month works, and ``Invalid`` for a customer that is
    none. What the run itself is refused for stands in its record.
    """
    require(caller, Permission.CHANGE)
    faults = faults_of_named(installation, caller, order.customer_id)
    if faults:
        raise Invalid("invalid_run", "Nothing was run: correct the fields named here.", faults)
    with ExitStack() as stack:
        workplace = stack.enter_context(only_run(installation.lake_folder, caller.partner_id, order.month))
        work = _Work(installation, caller, order, workplace)
        work.begin()
        work.hold = stack.pop_all()
    installation.database.when_ended(work.go_on)
    if work.is_going_on:
        work.ended.wait(patience_seconds)
    return get_run(installation, caller, work.run_id)


def get_run(installation: Installation, caller: Caller, run_id: int, customer_id: int | None = None) -> RunRecord:
    """A run as far as it is. Raises ``NotFound`` also for another partner's, or one of another than ``customer_id``."""
    require(caller, Permission.READ)
    found = _found(installation, caller, run_id)
    if found is None or (customer_id is not None and found.customer_id not in (None, customer_id)):
        raise NotFound("run_not_found", f"There is no run {run_id}: list the runs of its month to find its id.")
    return found


def runs_of_month(
    installation: Installation, caller: Caller, month: BillingMonth, count: int, customer_id: int | None = None
) -> list[RunRecord]:
    """The latest runs of a month, the newest first; ``customer_id``: those that made statements of that customer."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        found = latest_runs(Scope.of(connection, caller), month, count)
    wanted = [one for one in found if customer_id is None or one.customer_id in (None, customer_id)]
    return [_as_it_is(installation, caller, one) for one in wanted]


def _found(installation: Installation, caller: Caller, run_id: int) -> RunRecord | None:
    with installation.database.reading() as connection:
        found = find_run(Scope.of(connection, caller), run_id)
    return None if found is None else _as_it_is(installation, caller, found)


def _as_it_is(installation: Installation, caller: Caller, found: RunRecord) -> RunRecord:
    """What is noted as running is interrupted where nobody works at its month."""
    if found.status is not RunStatus.RUNNING:
        return found
    if state_of_run(installation, caller, found.month) is RunState.WORKING:
        return found
    with installation.database.reading() as connection:
        # It may have ended between the two looks.
        again = find_run(Scope.of(connection, caller), found.run_id) or found
    return replace(again, status=RunStatus.INTERRUPTED) if again.status is RunStatus.RUNNING else again


class _Work:
    """One run under way; it holds its month until ``hold`` is closed."""

    def __init__(self, installation: Installation, caller: Caller, order: RunOrder, workplace: Workplace) -> None:
        self._installation = installation
        self._caller = caller
        self._order = order
        self._workplace = workplace
        self.hold = ExitStack()
        self.run_id = 0
        self.is_going_on = False
        self.ended = threading.Event()

    def begin(self) -> None:
        """Note in the record that it works."""
        engine = self._order.engine or self._installation.settings.engine
        now = self._installation.clock()

        def act(connection: Connection) -> int:
            return begin_run(Scope.of(connection, self._caller), self._order, engine.value, now)

        self.run_id = self._installation.database.write(act)

    def go_on(self, is_noted: bool) -> None:
        """Carry it out on a thread of its own; or leave its month alone, where the note of it was not stored."""
        if not is_noted:
            self.hold.close()
            return
        self.is_going_on = True
        # Daemon: a process that ends without a word does not wait for it.
        threading.Thread(target=self._carry_out, name=f"run {self.run_id}", daemon=True).start()

    def _carry_out(self) -> None:
        try:
            self._run()
        finally:
            self.hold.close()
            try:
                # Whoever comes next seals it, where the database is gone.
                with suppress(Unavailable):
                    seal_partner(self._installation, self._caller.partner_id)
            finally:
                self.ended.set()

    def _run(self) -> None:
        try:
            run_in(self._installation, self._caller, self._order, self._workplace, self.run_id)
            self._end()
        except (Refusal, ProgramError) as error:
            self._end(error.code, error.message)
            if isinstance(error, Refusal):
                with suppress(Unavailable):
                    record_refused(self._installation, self._caller, Act.RUN_BILL, None, error)
        except Exception:  # whatever it was, the record must not say for ever that it works; the fault goes on
            self._end("internal_error", _UNEXPECTED)
            raise

    def _end(self, fault_code: str = "", fault: str = "") -> None:
        now = self._installation.clock()

        def act(connection: Connection) -> None:
            end_run(Scope.of(connection, self._caller), self.run_id, now, fault_code, fault)

        # Where the database is gone, the run is found interrupted, or done where it was stored.
        with suppress(Unavailable):
            self._installation.database.write(act)
