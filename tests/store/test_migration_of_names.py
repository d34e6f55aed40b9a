"""Names that were one for the whole record stay as they are, and are one among a partner's from then on."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from rebill.store.database import Database
from rebill.store.migrations import upgrade
from rebill.store.openid_subjects import holders_of_subject, user_of_subject
from rebill.store.partners import partner_by_name, settings_of
from rebill.store.passwords import KeptPassword, password_of
from rebill.store.scope import Scope

_AT = "'2024-01-01 00:00:00'"
_PARTNER = (
    "INSERT INTO partners (partner_id, name, currency, bill_input_tax, created_at)"
    " VALUES ({0}, '{1}', 'USD', FALSE, {2})"
)
_USER = (
    "INSERT INTO users (user_id, partner_id, name, email, role, created_at, updated_at)"
    " VALUES ({0}, {1}, 'Ann', 'ann@x.example', 'admin', {2}, {2})"
)
_PASSWORD = (
    "INSERT INTO passwords (user_id, partner_id, sign_in_name, password_hash, changed_at)"
    " VALUES ({0}, {1}, 'ann@x.example', 'hash of {0}', {2})"
)
_PASSWORD_OF_BEFORE = _PASSWORD.replace("changed_at)", "changed_at, failure_count)").replace("{2})", "{2}, 3)")
_SUBJECT = (
    "INSERT INTO openid_subjects (user_id, partner_id, issuer, subject, linked_at)"
    " VALUES ({0}, {1}, 'https://identity.example', 'ann', {2})"
)


def _run(database: Database, statements: Sequence[str]) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_names_stand_after_the_upgrade_and_another_partner_may_have_them(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database, "0096")
    own = [one.format(11, 1, _AT) for one in (_USER, _PASSWORD_OF_BEFORE, _SUBJECT)]
    _run(database, [_PARTNER.format(1, "First", _AT), _PARTNER.format(2, "Second", _AT), *own])
    upgrade(database)
    others = [one.format(21, 2, _AT) for one in (_USER, _PASSWORD, _SUBJECT)]
    _run(database, others)
    with database.reading() as connection:
        kept = [password_of(Scope(connection, partner_id), "ann@x.example") for partner_id in (1, 2)]
        assert kept == [KeptPassword(11, 1, "hash of 11"), KeptPassword(21, 2, "hash of 21")]
        known = ("https://identity.example", "ann")
        assert [user_of_subject(Scope(connection, partner_id), *known) for partner_id in (1, 2)] == [11, 21]
        found = [(one.user_id, one.is_confirmed) for one in holders_of_subject(connection, *known)]
        assert found == [(11, True), (21, False)], "who was linked before counts as having signed in"
        second = partner_by_name(connection, "Second")
        assert second is not None and second.partner_id == 2
        settings = settings_of(Scope(connection, 2))
        assert (settings.name, settings.name_for_commands) == ("Second", "Second")
    for again in (_PASSWORD, _SUBJECT):
        with pytest.raises(IntegrityError):
            _run(database, [_USER.format(12, 1, _AT), again.format(12, 1, _AT)])
    database.close()
