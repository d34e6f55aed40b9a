"""Sixty-four callers in four processes fight over the same accounts for different customers."""

import json
import subprocess
import sys
from typing import Any

import pytest

from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.list_assignments import list_assignments
from tests.services.steps import TENANT, customer, listed, stands

PROCESSES = 4
ACCOUNTS = [f"account-{number}" for number in range(24)]
ANOTHER = "azure_customer_id is already assigned to another customer"


@pytest.fixture
def customers(installation: Installation, partner: Caller) -> list[int]:
    listed(installation, partner, *ACCOUNTS)
    return [customer(installation, partner, f"Customer {number}") for number in range(8)]


def test_each_account_ends_with_one_owner_and_every_answer_is_true(
    installation: Installation, partner: Caller, customers: list[int]
) -> None:
    told = _fight(installation, partner, customers, "assign")
    owners = _owners(installation, partner)
    assert len(told) == 64 * 4
    for answer in told:
        was_refused = any(isinstance(entry, str) for entry in answer["entries"].values())
        for account, entry in answer["entries"].items():
            if isinstance(entry, str):
                assert entry == ANOTHER and owners[account] != answer["customer"]
            else:
                # Nothing is taken away in this fight: what was assigned once is so at the end.
                assert owners[account] == answer["customer"] if entry else was_refused
    won = [answer for answer in told if all(entry is True for entry in answer["entries"].values())]
    assert 0 < len(won) < len(told)
    assert all(owners[account] == answer["customer"] for answer in won for account in answer["entries"])


def test_moves_that_cross_leave_one_owner_and_no_day_twice(
    installation: Installation, partner: Caller, customers: list[int]
) -> None:
    told = _fight(installation, partner, customers, "move")
    assert all(entry is True for answer in told for entry in answer["entries"].values())
    owners = _owners(installation, partner)
    moved = {account for answer in told for account in answer["entries"]}
    assert set(owners) == moved
    assert len(stands(installation, partner)) == len(moved)


def test_who_assigns_while_others_move_gets_what_is_free_and_no_day_twice(
    installation: Installation, partner: Caller, customers: list[int]
) -> None:
    told = _fight(installation, partner, customers, "both")
    assert len(told) == 64 * 4
    moved = {account for answer in told if answer["act"] == "move_accounts" for account in answer["entries"]}
    for answer in told:
        entries = answer["entries"].values()
        if answer["act"] == "move_accounts":
            assert all(entry is True for entry in entries)
        elif any(isinstance(entry, str) for entry in entries):
            assert {entry for entry in entries if isinstance(entry, str)} == {ANOTHER}
        else:
            assert all(entry is True for entry in entries)
            moved |= set(answer["entries"])
    assert set(_owners(installation, partner)) == moved


def _owners(installation: Installation, partner: Caller) -> dict[str, int]:
    found = list_assignments(installation, partner, TENANT, None, Page(per_page=1000)).items
    owners = {one.identifier: one.customer_id for one in found}
    assert len(owners) == len(found)
    return owners


def _fight(installation: Installation, partner: Caller, customers: list[int], act: str) -> list[dict[str, Any]]:
    now = installation.clock().isoformat()
    given = {"now": now, "partner": partner.partner_id, "customers": customers, "accounts": ACCOUNTS}
    command = [sys.executable, "-m", "tests.services.fighting_callers", installation.settings.database_url]
    fighters = [
        subprocess.Popen(
            [*command, str(number), act],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for fighter in fighters:
        assert fighter.stdout is not None and fighter.stdout.readline() == "ready\n"
    for fighter in fighters:
        assert fighter.stdin is not None
        fighter.stdin.write(json.dumps(given) + "\n")
        fighter.stdin.flush()
    told: list[dict[str, Any]] = []
    for fighter in fighters:
        output, errors = fighter.communicate()
        assert (fighter.returncode, errors) == (0, "")
        told += json.loads(output)
    return told
