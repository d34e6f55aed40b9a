"""Try a price book on a customer's real month: the price now, the price under the book, the difference.

The work goes on in a thread of this process when it takes longer than the caller waits; the record of the dry run tells
what came of it. It does not outlive the process: a server that is told to stop interrupts it, and what a killed one
worked on is said to be interrupted as well.
"""

import threading
from dataclasses import replace

from sqlalchemy import Connection

from rebill.engines.engine import Engine
from rebill.lake.places import PLACES, Place, Work, is_taken, take_place
from rebill.model.dry_run import CurrencyDifference, DryRun, DryRunOrder, DryRunStatus
from rebill.model.errors import Invalid, NotFound, RebillError, TooMany
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.customer_rules import UNKNOWN_CUSTOMER, only_faults
from rebill.services.pricing.assign_price_book import UNKNOWN_BOOK
from rebill.services.trials.price_under_book import price_under_book
from rebill.services.trials.unknown_accounts import unknown_accounts_fault, unknown_owners
from rebill.store.customers import which_are_customers
from rebill.store.data_sets import data_sets_in_force
from rebill.store.dry_runs import begin_dry_run, end_dry_run, find_dry_run
from rebill.store.price_book_records import find_price_book
from rebill.store.scope import Scope

PATIENCE_SECONDS = 8
"""How long a caller waits for the result: he is answered within 10 seconds."""
_INTERRUPTION_SECONDS = 0.1
_UNEXPECTED = "rebill failed in a way it should not have; the server's log has the trace. Please report it."


def dry_run_price_book(
    installation: Installation, caller: Caller, order: DryRunOrder, patience_seconds: int | None = PATIENCE_SECONDS
) -> DryRun:
    """Begin a dry run and wait for it for a while (``None``: to its end); nothing of the month is stored.

    Raises ``Forbidden``; ``Invalid`` with every faulty field; ``TooMany`` while the partner's places are all taken.
    """
    require(caller, Permission.CHANGE)
    faults = dry_run_faults(installation, caller, order)
    book_id, customer_id, month = order.price_book_id, order.customer_id, order.month
    if faults or book_id is None or customer_id is None or month is None:
        raise Invalid("invalid_dry_run", "Nothing was tried: correct the fields named here.", faults)
    place = take_place(installation.lake_folder, caller.partner_id, Work.DRY_RUN)
    if place is None:
        sentence = f"{PLACES} dry runs of this partner are under way: try again when one has ended."
        raise TooMany("dry_runs_running", sentence, PATIENCE_SECONDS)
    try:
        work = _Work(installation, caller, place, book_id, customer_id, month, order.owner_ids)
        work.begin()
    except BaseException:
        place.leave()
        raise
    if patience_seconds is None:
        work.carry_out()
    else:
        work.start()
        work.ended.wait(patience_seconds)
    return get_dry_run(installation, caller, work.dry_run_id)


def interrupt_dry_runs(installation: Installation) -> None:
    """End the dry runs that this process works on, for a server that is told to stop."""
    with _line:
        stopped = [work for work in _under_way if work.installation is installation]
    for work in stopped:
        work.stop()
    for work in stopped:
        # Again and again: between two statements there is nothing that can be interrupted.
        while not work.ended.wait(_INTERRUPTION_SECONDS):
            work.stop()


def get_dry_run(installation: Installation, caller: Caller, dry_run_id: int, customer_id: int | None = None) -> DryRun:
    """A dry run as far as it is. Raises ``NotFound`` for another partner's, or one of another than ``customer_id``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        found = find_dry_run(Scope.of(connection, caller), dry_run_id)
    if found is None or customer_id not in (None, found[0].customer_id):
        raise NotFound(
            "dry_run_not_found", f"There is no dry run {dry_run_id}: its id is answered when it is asked for."
        )
    dry_run, place = found
    if dry_run.status is DryRunStatus.RUNNING and not is_taken(
        installation.lake_folder, caller.partner_id, Work.DRY_RUN, place
    ):
        with installation.database.reading() as connection:
            # It may have ended between the two looks.
            again = find_dry_run(Scope.of(connection, caller), dry_run_id)
        dry_run = again[0] if again is not None else dry_run
        if dry_run.status is DryRunStatus.RUNNING:
            return replace(dry_run, status=DryRunStatus.INTERRUPTED)
    return dry_run


def dry_run_faults(installation: Installation, caller: Caller, order: DryRunOrder) -> dict[str, str]:
    """What is wrong with trying a book so, by field. Raises ``Forbidden``."""
    require(caller, Permission.CHANGE)
    faults: dict[str, str] = {}
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if order.price_book_id is None:
            faults["price_book_id"] = "is required"
        elif find_price_book(scope, order.price_book_id) is None:
            faults["price_book_id"] = UNKNOWN_BOOK
        if order.customer_id is None:
            faults[order.customer_field] = "is required"
        elif not which_are_customers(scope, [order.customer_id]):
            faults[order.customer_field] = UNKNOWN_CUSTOMER
        if order.month is None:
            faults["month"] = "is required, written YYYY-MM"
        elif not (data_sets := data_sets_in_force(scope, order.month)):
            faults["month"] = "has no imported cost: import it, or try another month"
        else:
            unknown = unknown_owners(installation, scope, data_sets, order.owner_ids)
            faults |= only_faults({order.accounts_field: unknown_accounts_fault(unknown)})
    return faults


class _Work:
    """One dry run under way."""

    def __init__(
        self,
        installation: Installation,
        caller: Caller,
        place: Place,
        book_id: int,
        customer_id: int,
        month: BillingMonth,
        owner_ids: tuple[str, ...],
    ) -> None:
        self.installation = installation
        self._caller = caller
        self._place = place
        self._tried = (book_id, customer_id, month, owner_ids)
        self._engine: Engine | None = None
        self._is_stopped = False
        self.dry_run_id = 0
        self.ended = threading.Event()

    def begin(self) -> None:
        """Note in the record that it is under way."""
        now = self.installation.clock()

        def act(connection: Connection) -> int:
            return begin_dry_run(Scope.of(connection, self._caller), *self._tried, self._place.number, now)

        self.dry_run_id = self.installation.database.write(act)

    def start(self) -> None:
        """Carry it out on a thread of its own."""
        with _line:
            _under_way.add(self)
        # Daemon: a process that ends without a word does not wait for it.
        threading.Thread(target=self.carry_out, name=f"dry run {self.dry_run_id}", daemon=True).start()

    def stop(self) -> None:
        """Let it end without a result."""
        self._is_stopped = True
        if self._engine is not None:
            self._engine.interrupt()

    def carry_out(self) -> None:
        """Compute it and note what came of it; the place is free afterwards, whatever happened."""
        try:
            self._end(*self._outcome())
        finally:
            self._place.leave()
            with _line:
                _under_way.discard(self)
            self.ended.set()

    def _outcome(self) -> tuple[DryRunStatus, tuple[CurrencyDifference, ...], str]:
        try:
            computed = price_under_book(self.installation, self._caller, *self._tried, self._place.folder, self._watch)
        except _Stopped:
            return DryRunStatus.INTERRUPTED, (), ""
        except RebillError as error:
            status = DryRunStatus.INTERRUPTED if self._is_stopped else DryRunStatus.FAILED
            return status, (), error.message
        except Exception:
            # Whatever it was: the record must not say for ever that it still runs. The fault itself goes on to the log.
            self._end(DryRunStatus.FAILED, (), _UNEXPECTED)
            raise
        return DryRunStatus.DONE, computed, ""

    def _watch(self, engine: Engine) -> None:
        if self._is_stopped:
            raise _Stopped
        self._engine = engine

    def _end(self, status: DryRunStatus, differences: tuple[CurrencyDifference, ...], fault: str) -> None:
        now = self.installation.clock()

        def act(connection: Connection) -> None:
            end_dry_run(Scope.of(connection, self._caller), self.dry_run_id, status, differences, fault, now)

        self.installation.database.write(act)


class _Stopped(Exception):
    """The process is told to stop before the dry run computed anything more."""


_line = threading.Lock()
_under_way: set[_Work] = set()
