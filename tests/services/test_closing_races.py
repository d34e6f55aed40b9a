"""Several processes finalize at once, some of them killed: no number is lost, doubled or missing."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Conflict
from rebill.model.party import Caller
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.parties.change_customer import change_customer
from rebill.store.closing import hold_closing
from rebill.store.scope import Scope
from tests.services.accountant import Accountant, cost
from tests.services.months import SEPTEMBER, stored

PROCESSES = 4
CUSTOMERS = 16
EVERY_NUMBER = [f"S2024-{number:06d}" for number in range(1, CUSTOMERS + 1)]


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    """A month with many statements, run and ready to be issued."""
    accountant = Accountant(installation, partner, tmp_path)
    accountant.deliver(SEPTEMBER, *(cost(SEPTEMBER, "1.01", f"s-{place}") for place in range(CUSTOMERS)))
    for place in range(CUSTOMERS):
        accountant.subscriptions(accountant.customer(f"Customer {place}"), f"s-{place}")
    accountant.run()
    return accountant


@pytest.fixture
def closers(accountant: Accountant) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that begin to finalize the month at the same time."""
    settings = accountant.installation.settings
    command = [sys.executable, "-m", "tests.services.racing_closers", settings.database_url, str(settings.home)]
    started = [
        subprocess.Popen([*command, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for seed in range(PROCESSES)
    ]
    for process in started:
        assert _next_line(process) == "ready"
    customers = [customer.customer_id for customer in accountant.customers.values()]
    given = {"now": accountant.installation.clock().isoformat(), "partner": accountant.caller.partner_id}
    given |= {"month": str(SEPTEMBER), "customers": customers}
    for process in started:
        assert process.stdin is not None
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
    yield started
    for process in started:
        process.kill()
        process.communicate()


def _next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _numbers(accountant: Accountant) -> list[str]:
    records = stored(accountant.installation, accountant.caller, SEPTEMBER)
    return sorted(record.document.invoice_id for record in records if record.document.invoice_id)


def test_processes_that_finalize_at_once_leave_each_number_once(
    accountant: Accountant, closers: list[subprocess.Popen[str]]
) -> None:
    told = [line for process in closers for line in process.communicate()[0].splitlines()]
    assert sorted(line for line in told if line.startswith("S")) == EVERY_NUMBER
    assert set(told) <= {"done", "nothing_to_finalize", *EVERY_NUMBER}
    assert _numbers(accountant) == EVERY_NUMBER


def test_killed_processes_leave_no_gap_and_no_number_twice(
    accountant: Accountant, closers: list[subprocess.Popen[str]]
) -> None:
    told = []
    ends = []
    for process in closers[:-1]:
        # Killed while it works on the next: at whatever point of its transaction the signal comes.
        told.append(_next_line(process))
        process.send_signal(signal.SIGKILL)
        # A later one may be done before its signal comes; that somebody was killed is asserted below.
        ends.append(process.wait())
        assert ends[-1] in (-signal.SIGKILL, 0)
        told += process.stdout.read().splitlines() if process.stdout else []
    assert -signal.SIGKILL in ends
    told += closers[-1].communicate()[0].splitlines()
    issued = _numbers(accountant)
    assert issued == EVERY_NUMBER
    numbers_told = [line for line in told if line.startswith("S")]
    assert len(set(numbers_told)) == len(numbers_told)
    assert set(numbers_told) <= set(issued)


def test_the_whole_month_is_finalized_while_others_finalize_single_customers(
    accountant: Accountant, closers: list[subprocess.Popen[str]]
) -> None:
    with suppress(Conflict):
        accountant.finalize()
    for process in closers:
        process.communicate()
    assert _numbers(accountant) == EVERY_NUMBER


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_terms_wait_for_who_is_issuing_documents(accountant: Accountant) -> None:
    customer_id = next(iter(accountant.customers.values())).customer_id
    database, caller = accountant.installation.database, accountant.caller
    change = CustomerChange(terms=TermsChange(basis=Basis.LIST, from_month=SEPTEMBER))
    with ThreadPoolExecutor(1) as aside:
        with database.writing() as connection:
            hold_closing(Scope.of(connection, caller))
            changing = aside.submit(change_customer, accountant.installation, caller, customer_id, change)
            while not changing.done() and not _somebody_waits(connection):
                time.sleep(0.01)
            assert not changing.done(), "terms were changed in a month that is just being issued"
        changing.result()


def _somebody_waits(connection: Connection) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(connection.scalar(text(waiting)))
