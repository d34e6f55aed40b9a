"""Keys that stood before there were users: each gets one of its own, and opens what it opened."""

from datetime import UTC, datetime

from alembic import command
from sqlalchemy import text

from rebill.model.callers import ApiKey
from rebill.model.party import Role
from rebill.store.database import Database
from rebill.store.keys import find_key, holder_of
from rebill.store.migrations import configuration, upgrade
from rebill.store.scope import Scope
from rebill.store.users import find_user

NOW = datetime(2024, 10, 15, tzinfo=UTC)
_KEY = (
    "INSERT INTO api_keys (key_id, partner_id, customer_id, name, role, lookup, secret_sha256, created_at, revoked_at)"
    " VALUES ({id}, 1, {customer}, '{name}', '{role}', '{id}', 'hash of {id}', '2024-01-01 00:00:00', {revoked})"
)


def test_every_key_has_a_user_of_its_own_with_its_name_and_role(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        command.upgrade(configuration(connection), "0007b")
        for statement in (
            "INSERT INTO partners (partner_id, name, currency, bill_input_tax, created_at)"
            " VALUES (1, 'Partner', 'USD', FALSE, '2024-01-01 00:00:00')",
            "INSERT INTO customers (customer_id, partner_id, name, street1, street2, city, state, zipcode, country,"
            " classification, billing_contact, billing_folder, tags, generated_external_id, created_at, updated_at)"
            " VALUES (5, 1, 'Customer', '', '', '', '', '', '', 'managed_with_access', '', '', '[]', 'x',"
            " '2024-01-01 00:00:00', '2024-01-01 00:00:00')",
            _KEY.format(id=11, customer="NULL", name="scripts", role="admin", revoked="NULL"),
            _KEY.format(id=12, customer="NULL", name="scripts", role="operator", revoked="NULL"),
            _KEY.format(id=13, customer="5", name="", role="customer_read_only", revoked="NULL"),
            _KEY.format(id=14, customer="NULL", name="old", role="admin", revoked="'2024-02-01 00:00:00'"),
        ):
            connection.execute(text(statement))
    upgrade(database)
    with database.reading() as connection:
        scope = Scope(connection, 1)
        keys = [find_key(scope, key_id, NOW) for key_id in (11, 12, 13, 14)]
        users = [None if key is None else find_user(scope, key.user_id) for key in keys]
        told = [_told(key) for key in keys]
        holder = holder_of(connection, "12", NOW)
    database.close()
    assert told == [
        (Role.ADMIN, None, True),
        (Role.OPERATOR, None, True),
        (Role.CUSTOMER_READ_ONLY, 5, True),
        (Role.ADMIN, None, False),
    ]
    assert [user and (user.name, user.role, user.customer_id) for user in users] == [
        ("scripts", Role.ADMIN, None),
        ("scripts", Role.OPERATOR, None),
        ("Holder of the customer read only key", Role.CUSTOMER_READ_ONLY, 5),
        None,
    ]
    assert len({key.user_id for key in keys if key is not None}) == 4
    assert holder is not None and (holder.secret_sha256, holder.key.usable) == ("hash of 12", True)


def _told(key: ApiKey | None) -> tuple[Role, int | None, bool]:
    assert key is not None
    return key.role, key.customer_id, key.usable
