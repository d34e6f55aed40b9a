"""API keys: who holds one, when it is dead, and that no store ever holds the key itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from rebill.model.callers import NewKey
from rebill.model.customer import NewCustomer
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from rebill.model.listing import Page
from rebill.model.party import Caller, Classification, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import create_key, create_key_of_user, list_keys, revoke_key, rotate_key
from rebill.services.callers.sign_in import caller_of
from rebill.services.keeping.initialise import create_partner, find_partner, initialise
from rebill.services.parties.create_customer import create_customer
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.tables import customers, metadata
from tests.conftest import SettableClock
from tests.services.steps import every_key
from tests.sqlite_file import SqliteFile


def test_the_first_call_creates_and_the_second_creates_nothing(database_url: str, tmp_path: Path) -> None:
    installation = Installation(Settings(tmp_path, database_url), Database(database_url))
    first = initialise(installation, "Contoso Partner")
    second = initialise(installation, "Another Name")
    assert first.created and first.api_key
    assert (second.partner_id, second.api_key, second.created) == (first.partner_id, None, False)
    (key,) = every_key(installation, find_partner(installation, None))
    holder = Caller(first.partner_id, Role.ADMIN, key_id=key.key_id, user_id=key.user_id)
    assert caller_of(installation, first.api_key) == holder
    installation.database.close()


def test_a_partner_is_found_by_name_by_id_or_as_the_first(installation: Installation, clock: SettableClock) -> None:
    with pytest.raises(NotFound, match="rebill init"):
        find_partner(installation, None)
    first = create_partner(installation, "First")
    clock.now += timedelta(seconds=1)
    second = create_partner(installation, "Zwei", "EUR")
    assert find_partner(installation, None).partner_id == first.partner_id
    assert find_partner(installation, "Zwei") == find_partner(installation, str(second.partner_id))
    for unknown in ("zwei", "9" * 40, "٣"):
        with pytest.raises(NotFound):
            find_partner(installation, unknown)


@pytest.mark.parametrize(
    ("name", "currency", "field"),
    [
        ("First", "USD", "name"),
        (" ", "USD", "name"),
        ("x" * 256, "USD", "name"),
        ("a\0", "USD", "name"),
        ("B", "USS", "currency"),
    ],
)
def test_a_partner_needs_a_name_of_its_own_and_a_real_currency(
    installation: Installation, name: str, currency: str, field: str
) -> None:
    create_partner(installation, "First")
    with pytest.raises(Invalid) as refused:
        create_partner(installation, name, currency)
    assert list(refused.value.fields) == [field]


def test_no_store_holds_a_key(installation: Installation) -> None:
    """Every value of every row, as text, is searched for the key's secret and for the key."""
    key = create_partner(installation, "Partner").api_key
    assert key is not None
    secret = key.rpartition("_")[2]
    with installation.database.reading() as connection:
        rows = [str(row) for table in metadata.tables.values() for row in connection.execute(select(table))]
    assert rows
    assert not any(secret in row or key in row for row in rows)
    if installation.database.is_sqlite:
        installation.database.close()
        assert secret.encode() not in SqliteFile.of(installation.database).path.read_bytes()


@pytest.mark.parametrize(
    "text",
    ["", "rebill_", "x" * 100_000, "\0", "\ud800", "Bearer", "rebill_0123456789abcdef_" + "0" * 64],
    ids=["empty", "prefix", "long", "nul", "surrogate", "word", "unknown"],
)
def test_what_is_no_key_is_nobodys(installation: Installation, partner: Caller, text: str) -> None:
    assert caller_of(installation, text) is None


def test_a_key_with_one_other_digit_is_nobodys(installation: Installation) -> None:
    key = create_partner(installation, "Partner").api_key
    assert key is not None and caller_of(installation, key) is not None
    for place in (-1, -64, len("rebill_")):
        digits = list(key)
        digits[place] = "0" if digits[place] != "0" else "1"
        assert caller_of(installation, "".join(digits)) is None


def test_revoked_and_expired_keys_are_dead(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    revoked = create_key(installation, partner, Role.OPERATOR, None, "laptop")
    expiry = clock.now + timedelta(days=1)
    expired = create_key(installation, partner, Role.READ_ONLY, None, expires_at=expiry)
    holder = Caller(partner.partner_id, Role.READ_ONLY, key_id=expired.key_id, user_id=expired.key.user_id)
    assert caller_of(installation, expired.api_key) == holder
    revoke_key(installation, partner, revoked.key_id)
    assert caller_of(installation, revoked.api_key) is None
    with pytest.raises(NotFound):
        revoke_key(installation, partner, revoked.key_id)
    clock.now += timedelta(days=1)
    assert caller_of(installation, expired.api_key) is None


def test_a_customers_key_lives_while_the_customer_may_sign_in(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    new = NewCustomer(
        "Azure Two",
        classification=Classification.MANAGED_WITH_ACCESS,
        trial_expiration=clock.now + timedelta(days=30),
    )
    customer_id = create_customer(installation, partner, new).customer_id
    key = create_key(installation, partner, Role.CUSTOMER_READ_ONLY, customer_id)
    holder = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer_id, key.key_id, key.key.user_id)
    assert caller_of(installation, key.api_key) == holder

    def with_customer(**values: object) -> Caller | None:
        with installation.database.writing() as connection:
            connection.execute(update(customers).values(**values))
        return caller_of(installation, key.api_key)

    assert with_customer(classification="managed_without_access") is None
    assert with_customer(classification="managed_with_access") == holder
    assert with_customer(deleted_at=clock.now) is None
    assert with_customer(deleted_at=None) == holder
    clock.now += timedelta(days=30)
    assert caller_of(installation, key.api_key) is None


def test_role_and_customer_must_go_together(installation: Installation, partner: Caller) -> None:
    customer_id = create_customer(installation, partner, NewCustomer("Azure Two")).customer_id
    for role, whose in ((Role.CUSTOMER_READ_ONLY, None), (Role.OPERATOR, customer_id)):
        with pytest.raises(Invalid) as refused:
            create_key(installation, partner, role, whose)
        assert list(refused.value.fields) == ["customer_id"]
    with pytest.raises(Invalid, match="correct the fields") as refused:
        create_key(installation, partner, Role.CUSTOMER_READ_ONLY, 7)
    assert refused.value.fields == {"customer_id": "names no customer: list the customers to find its id"}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.READ_ONLY])
def test_only_an_admin_makes_and_ends_keys(installation: Installation, partner: Caller, role: Role) -> None:
    weaker = Caller(partner.partner_id, role)
    acts: list[Callable[[], object]] = [
        lambda: create_key(installation, weaker, Role.READ_ONLY, None),
        lambda: create_key_of_user(installation, weaker, NewKey(1)),
        lambda: rotate_key(installation, weaker, 1),
        lambda: revoke_key(installation, weaker, 1),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()


def test_an_operator_does_not_see_the_keys_and_a_reader_does(installation: Installation, partner: Caller) -> None:
    with pytest.raises(Forbidden):
        list_keys(installation, Caller(partner.partner_id, Role.OPERATOR), Page())
    assert len(list_keys(installation, Caller(partner.partner_id, Role.READ_ONLY), Page()).items) == 1


def test_the_last_admin_key_is_not_revoked_by_a_key(installation: Installation, partner: Caller) -> None:
    (first,) = every_key(installation, partner)
    by_key = Caller(partner.partner_id, Role.ADMIN, key_id=first.key_id)
    with pytest.raises(Conflict):
        revoke_key(installation, by_key, first.key_id)
    second = create_key(installation, by_key, Role.ADMIN, None)
    revoke_key(installation, by_key, first.key_id)
    with pytest.raises(Conflict):
        revoke_key(installation, by_key, second.key_id)
    revoke_key(installation, partner, second.key_id)
    assert all(key.revoked_at is not None for key in every_key(installation, partner))


def test_another_partners_keys_are_unknown(installation: Installation, partner: Caller, other_partner: Caller) -> None:
    (theirs,) = every_key(installation, other_partner)
    with pytest.raises(NotFound):
        revoke_key(installation, partner, theirs.key_id)
    assert every_key(installation, other_partner)[0].revoked_at is None


def test_a_key_cannot_be_checked_while_the_database_is_away(tmp_path: Path) -> None:
    url = "postgresql://localhost:1/rebill"
    with pytest.raises(Unavailable):
        caller_of(Installation(Settings(tmp_path, url), Database(url)), "rebill_x")
