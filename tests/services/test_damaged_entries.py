"""Entries that somebody made what no entry can hold: the others are read beside them, and they are named."""

from typing import Any

import orjson
import pytest

from rebill.api.answers import json_bytes
from rebill.api.audit_entries import audit_entry_answer
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.keeping.audit_sealing import seal_all
from rebill.services.keeping.read_audit_trail import (
    AuditFilter,
    get_audit_entry,
    list_audit_entries,
    newest_audit_entries,
)
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from tests.services.steps import customer
from tests.services.trail_steps import six_entries, tamper

TEXTS = {
    "at": "at",
    "act": "act",
    "outcome": "outcome",
    "subject_kind": "subject_kind",
    "channel": "by.channel",
    "role": "by.role",
    "operating_system_user": "by.operating_system_user",
    "request_id": "request_id",
    "reason": "reason",
    "content_sha256": "content_sha256",
    "chain_sha256": "chain_sha256",
}
"""Columns of text, and where an answer has them."""
NUMBERS = {
    "subject_id": "subject_id",
    "customer_id": "customer_id",
    "caller_customer_id": "by.customer_id",
    "user_id": "by.user_id",
    "key_id": "by.key_id",
}
DETAILS = ("before", "after")
NO_DETAILS = {
    "cut off": "{",
    "no number": '{"price":NaN}',
    "no JSON number": "-Infinity",
    "nested beyond every stack": "[" * 100_000,
    "nested deeper than can be written": "[" * 800 + "]" * 800,
    "nested deeper than entries are": '{"a":' * 101 + "1" + "}" * 101,
    "nothing": "",
}
NO_REFUSALS = {
    "cut off": "{",
    "a number": "7",
    "a part": '{"code":"x"}',
    "a list": "[]",
    "odd fields": '{"fields":[1]}',
}


def test_every_text_can_be_another(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    tamper(installation, *(f"UPDATE audit_entries SET {column} = 'odd' WHERE number = 2" for column in TEXTS))
    shown = _shown(installation, partner, 2)
    assert [_at(shown, place) for place in TEXTS.values()] == ["odd"] * len(TEXTS)
    assert _named(installation, partner) == [2, 2, 3]


@pytest.mark.parametrize("bytes_in_place", ["x'61ff'", "CAST(x'61ff' AS TEXT)"])
@pytest.mark.parametrize("column", TEXTS)
def test_bytes_in_place_of_text_are_shown_as_text_and_found(
    installation: Installation, partner: Caller, column: str, bytes_in_place: str
) -> None:
    six_entries(installation, partner)
    in_place = bytes_in_place if installation.database.is_sqlite else "'a\\xff'"
    tamper(installation, f"UPDATE audit_entries SET {column} = {in_place} WHERE number = 2")
    assert _at(_shown(installation, partner, 2), TEXTS[column]).startswith("a")
    is_hashed = column != "chain_sha256" or installation.database.is_sqlite
    assert get_audit_entry(installation, partner, 2).is_as_written is not is_hashed
    assert 2 in _named(installation, partner)


@pytest.mark.parametrize("column", NUMBERS)
def test_an_id_that_is_no_number_is_left_out_and_found(
    installation: Installation, partner: Caller, column: str
) -> None:
    six_entries(installation, partner)
    if installation.database.is_sqlite:
        tamper(installation, f"UPDATE audit_entries SET {column} = 'seven' WHERE number = 2")
        tamper(installation, f"UPDATE audit_entries SET {column} = 7.5 WHERE number = 3")
        assert _at(_shown(installation, partner, 2), NUMBERS[column]) is None
        assert _at(_shown(installation, partner, 3), NUMBERS[column]) is None
        assert _named(installation, partner) == [2, 3]
    else:
        tamper(installation, f"UPDATE audit_entries SET {column} = 77 WHERE number = 2")
        assert _at(_shown(installation, partner, 2), NUMBERS[column]) == 77
        assert _named(installation, partner) == [2]


@pytest.mark.parametrize("column", DETAILS)
@pytest.mark.parametrize("damage", NO_DETAILS)
def test_details_that_are_none_are_shown_as_they_stand(
    installation: Installation, partner: Caller, column: str, damage: str
) -> None:
    six_entries(installation, partner)
    damaged = NO_DETAILS[damage].replace(":", "\\:")
    tamper(installation, f"UPDATE audit_entries SET {column} = '{damaged}' WHERE number = 2")
    kept = get_audit_entry(installation, partner, 2)
    assert orjson.loads(json_bytes(audit_entry_answer(kept)))[column] == NO_DETAILS[damage]
    assert [one.number for one in newest_audit_entries(installation, partner, AuditFilter(), 9)] == [1, 2, 3, 4, 5, 6]
    assert _named(installation, partner) == [2]


@pytest.mark.parametrize("column", [*DETAILS, "refusal"])
def test_bytes_in_details_are_shown_as_text_and_found(installation: Installation, partner: Caller, column: str) -> None:
    six_entries(installation, partner)
    in_place = "CAST(x'61ff' AS TEXT)" if installation.database.is_sqlite else "'a\\xff'"
    tamper(installation, f"UPDATE audit_entries SET {column} = {in_place} WHERE number = 2")
    shown = _shown(installation, partner, 2)[column]
    assert (shown["message"] if column == "refusal" else shown).startswith("a")
    assert [one.number for one in newest_audit_entries(installation, partner, AuditFilter(), 9)] == [1, 2, 3, 4, 5, 6]
    assert _named(installation, partner) == [2]


@pytest.mark.parametrize("damage", NO_REFUSALS)
def test_a_refusal_that_is_none_is_shown_as_it_stands_in_its_message(
    installation: Installation, partner: Caller, damage: str
) -> None:
    six_entries(installation, partner)
    damaged = NO_REFUSALS[damage].replace(":", "\\:")
    tamper(installation, f"UPDATE audit_entries SET refusal = '{damaged}' WHERE number = 2")
    assert _shown(installation, partner, 2)["refusal"] == {
        "code": "",
        "message": NO_REFUSALS[damage],
        "fields": {},
        "field_count": 0,
    }
    assert _named(installation, partner) == [2]


def test_an_entry_without_a_number_is_in_no_list_and_found(installation: Installation, partner: Caller) -> None:
    if not installation.database.is_sqlite:
        # PostgreSQL keeps numbers alone in a column of numbers; where it is none there, it is another.
        six_entries(installation, partner)
        tamper(installation, "UPDATE audit_entries SET number = -2 WHERE number = 2")
        assert _named(installation, partner)[0] == -2
        return
    six_entries(installation, partner)
    tamper(installation, "UPDATE audit_entries SET number = 'two' WHERE number = 2")
    tamper(installation, "UPDATE audit_entries SET number = 4.5 WHERE number = 5")
    customer(installation, partner, "Another")
    listed = list_audit_entries(installation, partner, AuditFilter(), Page())
    assert ([kept.number for kept in listed.items], listed.total) == ([1, 3, 4, 6, 7], 5)
    faults = verify_audit_trail(installation, partner).faults
    assert [fault.number for fault in faults] == [2, None, 5, None]
    assert "4.5" in faults[1].sentence
    assert "two" in faults[3].sentence


def test_what_was_damaged_before_it_was_sealed_is_sealed_and_found(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    customer(installation, partner, "Unsealed")
    in_place = "CAST(x'ff' AS TEXT)" if installation.database.is_sqlite else "'\\xff'"
    tamper(installation, f"UPDATE audit_entries SET content_sha256 = {in_place} WHERE number IS NULL")
    assert seal_all(installation)
    assert _named(installation, partner) == [7]


def test_a_chain_that_cannot_be_read_is_not_sealed_on_and_told(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    if installation.database.is_sqlite:
        tamper(installation, "UPDATE audit_chains SET last_number = 'six', last_chain_sha256 = CAST(x'ff' AS TEXT)")
    else:
        tamper(installation, "DELETE FROM audit_chains")
    customer(installation, partner, "Another")
    assert len(newest_audit_entries(installation, partner, AuditFilter(), 9)) == 6
    report = verify_audit_trail(installation, partner)
    assert (report.head, [fault.number for fault in report.faults]) == (None, [None])


def _shown(installation: Installation, partner: Caller, number: int) -> dict[str, Any]:
    """The entry as the API answers it, in its list and alone; all others stand beside it."""
    entries = list_audit_entries(installation, partner, AuditFilter(), Page()).items
    assert [kept.number for kept in entries] == [1, 2, 3, 4, 5, 6]
    listed: list[dict[str, Any]] = [orjson.loads(json_bytes(audit_entry_answer(kept))) for kept in entries]
    alone = orjson.loads(json_bytes(audit_entry_answer(get_audit_entry(installation, partner, number))))
    assert listed[number - 1] == alone
    return listed[number - 1]


def _at(shown: dict[str, Any], place: str) -> Any:
    value: Any = shown
    for name in place.split("."):
        value = value[name]
    return value


def _named(installation: Installation, partner: Caller) -> list[int | None]:
    return [fault.number for fault in verify_audit_trail(installation, partner).faults]
