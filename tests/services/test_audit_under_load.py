"""Many write, others seal and verify, some are killed: no entry is lost, doubled, or waits for another."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, func, select

from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.keeping.audit_sealing import seal_all
from rebill.services.keeping.read_audit_trail import AuditFilter, list_audit_entries
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.store.audit_entries import held_chain
from rebill.store.scope import Scope
from rebill.store.tables import audit_entries
from tests.services.recording_callers import ACTS, CALLERS
from tests.services.steps import customer

PROCESSES = 3


def test_nothing_is_lost_or_doubled_while_many_write_seal_and_verify(
    installation: Installation, partner: Caller
) -> None:
    writers = [_started(installation, partner, str(number)) for number in range(PROCESSES)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    with ThreadPoolExecutor(2) as threads:
        verifying = threads.submit(_verify_while, installation, partner, writers)
        reading = threads.submit(_read_while, installation, partner, writers)
        outcomes = [(writer.communicate()[1], writer.returncode) for writer in writers]
        assert outcomes == [("", 0)] * PROCESSES
        assert all(verifying.result())
        seen = reading.result()
    report = verify_audit_trail(installation, partner)
    expected = PROCESSES * CALLERS * ACTS + 1
    assert (report.is_sound, report.entry_count) == (True, expected)
    # Who pages by number while others write gets every entry once, in order.
    assert seen == list(range(1, expected + 1))


def test_what_a_killed_process_left_unsealed_is_sealed_by_the_next(installation: Installation, partner: Caller) -> None:
    writer = _started(installation, partner, "0", "kill")
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "sealing\n"
    # All acts are stored; the seals are written and not stored yet.
    writer.kill()
    writer.communicate()
    assert _waiting(installation) == CALLERS * ACTS + 1
    customer(installation, partner, "Afterwards")
    assert seal_all(installation)
    assert _waiting(installation) == 0
    report = verify_audit_trail(installation, partner)
    assert (report.is_sound, report.entry_count) == (True, CALLERS * ACTS + 2)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_acts_go_on_while_somebody_holds_the_chain(installation: Installation, partner: Caller) -> None:
    """On SQLite there is one writer anyway: there the sealer holds it for 500 entries at most."""

    def seal_for_long(connection: Connection) -> None:
        scope = Scope(connection, partner.partner_id)
        assert held_chain(scope, wait=False) is not None
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: customer(installation, partner, f"Customer {number}"), range(24)))
        assert not seal_all(installation)

    installation.database.write(seal_for_long)
    assert _waiting(installation) == 25
    assert seal_all(installation)
    assert verify_audit_trail(installation, partner).is_sound


def test_more_entries_than_one_batch_are_sealed_in_one_go(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebill.services.keeping.audit_sealing._BATCH", 3)
    for number in range(8):
        customer(installation, partner, f"Customer {number}")
    assert seal_all(installation)
    report = verify_audit_trail(installation, partner)
    assert (report.is_sound, report.entry_count) == (True, 9)


def _started(installation: Installation, partner: Caller, *arguments: str) -> "subprocess.Popen[str]":
    url = installation.settings.database_url
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.recording_callers", url, str(partner.partner_id), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _run(writers: "list[subprocess.Popen[str]]") -> bool:
    return any(writer.poll() is None for writer in writers)


def _verify_while(installation: Installation, partner: Caller, writers: "list[subprocess.Popen[str]]") -> list[bool]:
    sound = []
    while _run(writers):
        sound.append(verify_audit_trail(installation, partner).is_sound)
    return sound


def _read_while(installation: Installation, partner: Caller, writers: "list[subprocess.Popen[str]]") -> list[int]:
    seen: list[int] = []
    runs = True
    while runs:
        # Whoever asks once more after the end has seen everything.
        runs = _run(writers)
        page = Page(per_page=1000, after_id=seen[-1] if seen else 0)
        seen += [kept.number for kept in list_audit_entries(installation, partner, AuditFilter(), page).items]
    return seen


def _waiting(installation: Installation) -> int:
    with installation.database.reading() as connection:
        waiting = select(func.count()).select_from(audit_entries).where(audit_entries.c.number.is_(None))
        return int(connection.scalar(waiting) or 0)
