"""The audit trail: what acts leave, that they cost one statement, and that every kind of tampering is found."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from rebill.model.audit import NO_HASH, Act, ChainHead, KeptAuditEntry, chain_sha256, told
from rebill.model.customer import CustomerChange, NewCustomer, TermsChange
from rebill.model.errors import Conflict, Forbidden, NotFound
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Channel, Occasion, Role
from rebill.services.acting.audit_trail import record_change, record_refused
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import create_key, revoke_key
from rebill.services.keeping.audit_sealing import seal_all
from rebill.services.keeping.read_audit_trail import (
    AuditFilter,
    get_audit_entry,
    list_audit_entries,
    newest_audit_entries,
)
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.delete_customer import delete_customer
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import configuration, upgrade
from rebill.store.scope import Scope
from rebill.store.tables import audit_entries, partners
from tests.conftest import SettableClock
from tests.services.steps import assign, customer, listed, move, remove
from tests.services.trail_steps import six_entries, tamper

EVERYTHING = AuditFilter()
EARLIER = datetime(2024, 1, 1, tzinfo=UTC)


def trail(installation: Installation, partner: Caller, wanted: AuditFilter = EVERYTHING) -> list[KeptAuditEntry]:
    return newest_audit_entries(installation, partner, wanted, 1000)


def last(installation: Installation, partner: Caller) -> KeptAuditEntry:
    return get_audit_entry(installation, partner, trail(installation, partner)[-1].number)


def details(kept: KeptAuditEntry) -> tuple[object, object]:
    document = kept.entry.document()
    return document["before"], document["after"]


def test_what_acts_on_accounts_changed_is_told_compactly(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    listed(installation, partner, "ab123", "cd")
    one, two = customer(installation, partner, "One"), customer(installation, partner, "Two")
    assign(installation, partner, one, "AB123", "cd")
    always = {"customer_id": one, "from": None, "to": None, "accounts": ["ab123", "cd"]}
    assert details(last(installation, partner)) == (None, {"azure_customers": [always]})
    move(installation, partner, two, "cd", effective_from="2024-10-20")
    before = {**always, "accounts": ["cd"]}
    after = [
        {**before, "to": "2024-10-20"},
        {"customer_id": two, "from": "2024-10-20", "to": None, "accounts": ["cd"]},
    ]
    kept = last(installation, partner)
    assert (kept.entry.act, kept.entry.subject_id) == ("move_accounts", two)
    assert details(kept) == ({"azure_customers": [before]}, {"azure_customers": after})
    remove(installation, partner, one, "ab123", withdraw=True)
    gone = {**always, "accounts": ["ab123"]}
    assert details(last(installation, partner)) == ({"azure_customers": [gone]}, None)


def test_what_changes_nothing_and_a_dry_run_leave_nothing(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "ab123")
    one = customer(installation, partner, "One")
    assign(installation, partner, one, "ab123")
    count = len(trail(installation, partner))
    assign(installation, partner, one, "ab123")
    remove(installation, partner, one, "ab123", dry_run=True)
    assign(installation, partner, one, "nothing", dry_run=True)
    listed(installation, partner, "ab123")
    change_customer(installation, partner, one, CustomerChange(name="One"))
    assert len(trail(installation, partner)) == count


def test_ten_thousand_accounts_are_one_entry_and_one_statement(installation: Installation, partner: Caller) -> None:
    ids = [f"tenant-{number:05}" for number in range(10_000)]
    listed(installation, partner, *ids)
    one = customer(installation, partner, "One")
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "audit" in statement:
            statements.append(statement)

    event.listen(installation.database.engine, "before_cursor_execute", note)
    assign(installation, partner, one, *ids)
    event.remove(installation.database.engine, "before_cursor_execute", note)
    assert [statement.split(" ")[:3] for statement in statements] == [["INSERT", "INTO", "audit_entries"]]
    short = trail(installation, partner)[-1]
    assert short.left_out
    assert details(short) == (None, None)
    _, after = details(last(installation, partner))
    assert isinstance(after, dict)
    assert after["azure_customers"][0]["accounts"] == ids
    # Little more than the ids themselves.
    assert len(json.dumps(after, separators=(",", ":"))) < len(json.dumps(ids, separators=(",", ":"))) + 200


def test_accounts_at_fault_leave_one_small_refusal(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "One")
    assign(installation, partner, one, *(f"unknown-{number}" for number in range(3000)))
    entry = last(installation, partner).entry
    refusal = entry.document()["refusal"]
    assert (entry.act, refusal["code"], refusal["field_count"]) == ("assign_accounts", "accounts_refused", 3000)
    assert refusal["fields"]["unknown-0"] == "azure_customer_id not found"
    assert len(entry.refusal or "") < 2000


def test_of_a_customer_only_what_changed_is_told(installation: Installation, partner: Caller) -> None:
    new = NewCustomer("One", billing_enabled=True, markup_percent=Decimal("12.5"))
    one = create_customer(installation, partner, new).customer_id
    _, created = details(last(installation, partner))
    assert isinstance(created, dict)
    assert (created["name"], created["markup_percent"]) == ("One", "12.5")
    terms = TermsChange(fallback_markup_percent=Decimal("3.25"), from_month=BillingMonth(2024, 11))
    change_customer(installation, partner, one, CustomerChange(name="Uno", terms=terms))
    before, after = details(last(installation, partner))
    assert before == {"name": "One", "terms": {}}
    assert isinstance(after, dict)
    assert after["name"] == "Uno"
    assert after["terms"]["2024-11"]["fallback_markup_percent"] == "3.25"
    delete_customer(installation, partner, one)
    assert last(installation, partner).entry.act == "delete_customer"


def test_no_entry_holds_anything_of_a_key(installation: Installation, partner: Caller) -> None:
    key = create_key(installation, partner, Role.OPERATOR, None, "for the script")
    before, after = details(last(installation, partner))
    assert before is None
    assert isinstance(after, dict)
    assert (after["role"], after["customer_id"], after["name"]) == ("operator", None, "for the script")
    revoke_key(installation, partner, key.key_id)
    # Who puts a key where it does not belong has not written it into the trail.
    half = key.api_key[:60]
    careless = Caller(partner.partner_id, Role.ADMIN, occasion=Occasion(reason=f"because of {key.api_key}"))
    create_customer(installation, careless, NewCustomer(f"{half} Ltd"))
    refusal = NotFound("nothing", f"There is no {key.api_key.upper()}.", {key.api_key: half})
    record_refused(installation, careless, Act.REVOKE_KEY, key.key_id, refusal)
    percent = key.api_key.replace("_", "%5F")
    record_refused(installation, careless, Act.REVOKE_KEY, None, NotFound("nothing", f"There is no {percent}."))
    with installation.database.reading() as connection:
        kept = repr(connection.execute(audit_entries.select()).all())
    assert "because of [key]" in kept
    assert key.api_key[:24] not in kept
    assert key.api_key[30:50] not in kept.lower()


def test_entries_are_listed_by_number_filtered_and_never_missed_or_repeated(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    for number in range(5):
        customer(installation, partner, f"Customer {number}")
    clock.now += timedelta(hours=1)
    with_key = Caller(partner.partner_id, Role.OPERATOR, key_id=77, occasion=Occasion(Channel.API, "request-1"))
    one = create_customer(installation, with_key, NewCustomer("Late")).customer_id
    first = list_audit_entries(installation, partner, EVERYTHING, Page(per_page=4))
    assert ([kept.number for kept in first.items], first.total, first.more) == ([1, 2, 3, 4], 7, True)
    behind = list_audit_entries(installation, partner, EVERYTHING, Page(after_id=4))
    assert [kept.number for kept in behind.items] == [5, 6, 7]
    (late,) = trail(installation, partner, AuditFilter(since=clock.now))
    assert (late.entry.subject_id, late.entry.by.key_id, late.entry.request_id) == (one, 77, "request-1")
    assert trail(installation, partner, AuditFilter(key_id=77)) == [late]
    assert trail(installation, partner, AuditFilter(subject_kind="customer", subject_id=one)) == [late]
    assert trail(installation, partner, AuditFilter(customer_id=one, act="create_customer")) == [late]
    assert trail(installation, partner, AuditFilter(outcome="refused")) == []
    assert len(trail(installation, partner, AuditFilter(until=clock.now))) == 6
    for year in (1, 999):
        assert len(trail(installation, partner, AuditFilter(since=datetime(year, 12, 1, tzinfo=UTC)))) == 7


def test_only_who_administers_the_partner_reads_its_trail(
    installation: Installation, partner: Caller, other_partner: Caller
) -> None:
    customer(installation, partner, "One")
    for role in (Role.OPERATOR, Role.READ_ONLY):
        weak = Caller(partner.partner_id, role)
        for read in (
            lambda caller: list_audit_entries(installation, caller, EVERYTHING, Page()),
            lambda caller: get_audit_entry(installation, caller, 1),
            lambda caller: verify_audit_trail(installation, caller),
        ):
            with pytest.raises(Forbidden):
                read(weak)
    assert [kept.entry.act for kept in trail(installation, other_partner)] == ["create_partner"]
    with pytest.raises(NotFound):
        get_audit_entry(installation, other_partner, 2)


def test_an_act_and_its_entry_are_one(installation: Installation, partner: Caller) -> None:
    def act(connection: Connection) -> None:
        record_change(Scope.of(connection, partner), partner, Act.RUN_BILL, 1, installation.clock(), after={"a": 1})
        raise Conflict("too_late", "Somebody else was first.")

    count = len(trail(installation, partner))
    with pytest.raises(Conflict):
        installation.database.write(act)
    assert len(trail(installation, partner)) == count


def test_what_is_told_is_exact_and_only_what_differs() -> None:
    before = {
        "a": Decimal("1.50"),
        "same": {"b": [1]},
        "deep": {"x": 1, "y": 2},
        "gone": date(2024, 1, 2),
        "zeros": Decimal("2.5"),
    }
    after = {
        "a": Decimal("1.51"),
        "zeros": Decimal("2.50"),
        "same": {"b": [1]},
        "deep": {"x": 1, "y": 3},
        "new": BillingMonth(2024, 9),
    }
    old, new = told(before, after)
    assert old == '{"a":"1.5","deep":{"y":2},"gone":"2024-01-02"}'
    assert new == '{"a":"1.51","deep":{"y":3},"new":"2024-09"}'
    assert told(None, {"é\0\ud800": True}) == (None, '{"\\u00e9\\u0000\\ud800":true}')
    with pytest.raises(AssertionError):
        told(None, {"price": 0.1})
    huge, _ = told(["x" * 1024] * 9000, None)
    assert json.loads(huge or "").keys() == {"left_out"}


def test_hashes_can_be_computed_without_rebill(installation: Installation, partner: Caller) -> None:
    """As ``docs/audit.md`` tells it: from what the API answers alone."""
    import hashlib

    customer(installation, partner, "Café \N{SNOWMAN}")
    previous = NO_HASH
    for kept in trail(installation, partner):
        told_of = {"partner_id": partner.partner_id, **kept.entry.document()}
        content = hashlib.sha256(json.dumps(told_of, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert content == kept.content_sha256
        assert kept.chain_sha256 == chain_sha256(partner.partner_id, kept.number, previous, content)
        previous = kept.chain_sha256


# What somebody does who owns the database, after he has taken the triggers away. Six entries stand: 1 to 6.
TAMPERING = {
    "the first is deleted": (["DELETE FROM audit_entries WHERE number = 1"], [1]),
    "one in the middle is deleted": (["DELETE FROM audit_entries WHERE number = 3"], [3]),
    "two in the middle are deleted": (["DELETE FROM audit_entries WHERE number IN (3, 4)"], [3]),
    "the last is deleted": (["DELETE FROM audit_entries WHERE number = 6"], [6]),
    "all are deleted": (["DELETE FROM audit_entries"], [1]),
    "the chain's end is deleted": (["DELETE FROM audit_chains"], [None]),
    "one is edited": (["UPDATE audit_entries SET reason = 'because' WHERE number = 4"], [4]),
    "what was changed is edited": (["UPDATE audit_entries SET after = '{}' WHERE number = 2"], [2]),
    "what was changed is no JSON": (["UPDATE audit_entries SET after = '{' WHERE number = 2"], [2]),
    "its time is edited": (["UPDATE audit_entries SET at = 'yesterday' WHERE number = 5"], [5]),
    "its caller is none": (["UPDATE audit_entries SET role = 'owner' WHERE number = 5"], [5]),
    "the last is edited": (["UPDATE audit_entries SET key_id = 1 WHERE number = 6"], [6]),
    "the first gets another content hash": (
        [f"UPDATE audit_entries SET content_sha256 = '{'a' * 64}' WHERE number = 1"],
        [1, 1],
    ),
    "one gets another chain hash": ([f"UPDATE audit_entries SET chain_sha256 = '{'a' * 64}' WHERE number = 3"], [3, 4]),
    "two are swapped": (
        [
            "UPDATE audit_entries SET number = -3 WHERE number = 3",
            "UPDATE audit_entries SET number = 3 WHERE number = 4",
            "UPDATE audit_entries SET number = 4 WHERE number = -3",
        ],
        [3, 4, 5],
    ),
    "one is moved to the end": (["UPDATE audit_entries SET number = 7 WHERE number = 2"], [2, 7, 7]),
    "the end is set back": (
        [
            "DELETE FROM audit_entries WHERE number = 6",
            f"UPDATE audit_chains SET last_number = 5, last_chain_sha256 = '{'a' * 64}'",
        ],
        [5],
    ),
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_is_found_and_the_entry_named(installation: Installation, partner: Caller, tampering: str) -> None:
    six_entries(installation, partner)
    statements, numbers = TAMPERING[tampering]
    tamper(installation, *statements)
    report = verify_audit_trail(installation, partner)
    assert not report.is_sound
    assert [fault.number for fault in report.faults] == numbers, report.faults
    assert all(str(number) in fault.sentence for number, fault in zip(numbers, report.faults, strict=True) if number)
    # The trail goes on behind it, and the fault stays where it is.
    customer(installation, partner, "Another")
    again = verify_audit_trail(installation, partner)
    assert again.faults[: len(numbers) - 1] == report.faults[: len(numbers) - 1]
    assert not again.is_sound


def test_an_entry_inserted_between_others_or_past_the_end_is_found(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    columns = ", ".join(one.name for one in audit_entries.c if one.name not in ("audit_entry_id", "number"))
    copied = f"INSERT INTO audit_entries (number, {columns}) SELECT 7, {columns} FROM audit_entries WHERE number = 2"
    tamper(installation, copied)
    report = verify_audit_trail(installation, partner)
    assert [fault.number for fault in report.faults] == [7, 7]
    assert "past the chain's end" in report.faults[1].sentence
    customer(installation, partner, "Another")
    assert verify_audit_trail(installation, partner).faults == report.faults


def test_an_entry_changed_before_it_is_sealed_is_found(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    customer(installation, partner, "Unsealed")
    tamper(installation, "UPDATE audit_entries SET subject_id = 5 WHERE number IS NULL")
    report = verify_audit_trail(installation, partner)
    assert [(fault.number, "was changed" in fault.sentence) for fault in report.faults] == [(7, True)]


def test_a_chain_written_anew_is_sound_but_has_not_the_expected_head(
    installation: Installation, partner: Caller
) -> None:
    six_entries(installation, partner)
    noted = verify_audit_trail(installation, partner).head
    assert noted is not None
    customer(installation, partner, "Later")
    assert verify_audit_trail(installation, partner, noted.chain_sha256).is_sound
    # Whoever owns the database can compute every hash himself: the newest entry goes, all else is sealed again.
    tamper(
        installation,
        "DELETE FROM audit_entries WHERE number >= 6",
        "UPDATE audit_entries SET number = NULL, chain_sha256 = NULL",
        f"UPDATE audit_chains SET last_number = 0, last_chain_sha256 = '{NO_HASH}'",
    )
    assert verify_audit_trail(installation, partner).is_sound
    report = verify_audit_trail(installation, partner, noted.chain_sha256)
    assert [fault.number for fault in report.faults] == [None]
    assert noted.chain_sha256 in report.faults[0].sentence


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entries WHERE number = 1",
        "DELETE FROM audit_entries WHERE number IS NULL",
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET reason = '' WHERE number = 1",
        "UPDATE audit_entries SET after = NULL WHERE number IS NULL",
        "UPDATE audit_entries SET number = 9 WHERE number = 1",
        "UPDATE audit_entries SET number = NULL, chain_sha256 = NULL",
        "DELETE FROM audit_chains",
        "UPDATE audit_chains SET last_number = 1",
        f"UPDATE audit_chains SET last_chain_sha256 = '{NO_HASH}'",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete(
    installation: Installation, partner: Caller, statement: str
) -> None:
    six_entries(installation, partner)
    customer(installation, partner, "Unsealed")
    with pytest.raises(IntegrityError, match="append-only"), installation.database.writing() as connection:
        connection.execute(text(statement))
    assert verify_audit_trail(installation, partner).is_sound


def test_neither_database_can_be_talked_into_emptying_or_replacing(
    installation: Installation, partner: Caller, store: str
) -> None:
    six_entries(installation, partner)
    columns = ", ".join(one.name for one in audit_entries.c if one.name not in ("number", "chain_sha256"))
    statement = f"REPLACE INTO audit_entries ({columns}) SELECT {columns} FROM audit_entries WHERE number = 1"
    if store == "postgresql":
        statement = "TRUNCATE audit_entries CASCADE"
    with pytest.raises(IntegrityError, match="append-only"), installation.database.writing() as connection:
        connection.execute(text(statement))
    assert verify_audit_trail(installation, partner).is_sound


def test_where_the_chain_is_gone_nothing_is_sealed_and_acts_go_on(installation: Installation, partner: Caller) -> None:
    six_entries(installation, partner)
    tamper(installation, "DELETE FROM audit_chains")
    customer(installation, partner, "Another")
    assert not seal_all(installation)
    assert len(trail(installation, partner)) == 6


def test_a_partner_from_before_the_trail_begins_with_an_empty_chain(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    installation = Installation(Settings(tmp_path, database_url), database)
    with database.writing() as connection:
        command.upgrade(configuration(connection), "0009")
        row = {"partner_id": 1, "name": "Old", "currency": "USD", "bill_input_tax": False, "created_at": EARLIER}
        connection.execute(partners.insert(), row)
    upgrade(database)
    old = Caller(1, Role.ADMIN)
    empty = verify_audit_trail(installation, old)
    customer(installation, old, "One")
    first = verify_audit_trail(installation, old)
    database.close()
    assert (empty.is_sound, empty.entry_count, empty.head) == (True, 0, ChainHead(0, NO_HASH))
    assert (first.is_sound, first.entry_count) == (True, 1)
