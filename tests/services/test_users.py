"""Users: whom keys belong to, what their keys may do, and that nobody shuts himself out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from rebill.model.callers import NewKey, NewUser, User, UserChange
from rebill.model.customer import NewCustomer
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.listing import Page
from rebill.model.party import Caller, Classification, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.change_user import change_user
from rebill.services.callers.create_user import create_user
from rebill.services.callers.delete_user import delete_user
from rebill.services.callers.key_use import KeyUses
from rebill.services.callers.keys import IssuedKey, create_key, create_key_of_user, get_key, revoke_key, rotate_key
from rebill.services.callers.passwords import NOBODYS_HASH
from rebill.services.callers.read_users import get_user, list_users
from rebill.services.callers.sign_in import caller_of
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.delete_customer import delete_customer
from tests.conftest import SettableClock
from tests.services.steps import every_key


@pytest.fixture
def admin(installation: Installation, partner: Caller) -> Caller:
    """The holder of the partner's only admin key."""
    (key,) = every_key(installation, partner)
    return Caller(partner.partner_id, Role.ADMIN, key_id=key.key_id, user_id=key.user_id)


def _user(installation: Installation, partner: Caller, role: Role = Role.OPERATOR) -> User:
    return create_user(installation, partner, NewUser("Ada", role, email="ada@example.com"))


def _key(installation: Installation, partner: Caller, user: User, role: Role | None = None) -> IssuedKey:
    return create_key_of_user(installation, partner, NewKey(user.user_id, "laptop", role))


def _role_of(installation: Installation, key: IssuedKey) -> Role | None:
    caller = caller_of(installation, key.api_key)
    return None if caller is None else caller.role


def test_a_key_does_what_its_user_may_or_less(installation: Installation, partner: Caller) -> None:
    user = _user(installation, partner)
    whole, less = _key(installation, partner, user), _key(installation, partner, user, Role.READ_ONLY)
    assert (_role_of(installation, whole), _role_of(installation, less)) == (Role.OPERATOR, Role.READ_ONLY)
    with pytest.raises(Invalid) as refused:
        _key(installation, partner, user, Role.ADMIN)
    assert refused.value.fields == {"role": "may not be stronger than its user's, operator"}


def test_a_user_who_may_less_has_keys_that_may_less(installation: Installation, partner: Caller) -> None:
    user = _user(installation, partner)
    key = _key(installation, partner, user)
    change_user(installation, partner, user.user_id, UserChange(role=Role.READ_ONLY))
    assert _role_of(installation, key) is Role.READ_ONLY
    assert get_key(installation, partner, key.key_id).role is Role.READ_ONLY
    change_user(installation, partner, user.user_id, UserChange(disabled=True))
    assert _role_of(installation, key) is None
    assert not get_key(installation, partner, key.key_id).usable
    change_user(installation, partner, user.user_id, UserChange(disabled=False, role=Role.ADMIN))
    assert _role_of(installation, key) is Role.OPERATOR, "a key never opens more than it was made for"


def test_a_deleted_user_is_gone_and_its_keys_are_dead(installation: Installation, partner: Caller) -> None:
    user = _user(installation, partner)
    key = _key(installation, partner, user)
    delete_user(installation, partner, user.user_id)
    assert _role_of(installation, key) is None
    assert get_key(installation, partner, key.key_id).revoked_at is not None
    assert user not in list_users(installation, partner, Page()).items
    acts: list[Callable[[], object]] = [
        lambda: get_user(installation, partner, user.user_id),
        lambda: delete_user(installation, partner, user.user_id),
        lambda: change_user(installation, partner, user.user_id, UserChange(name="Again")),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Invalid):
        _key(installation, partner, user)


def test_a_customers_user_has_keys_of_that_customer_only(installation: Installation, partner: Caller) -> None:
    new = NewCustomer("Azure Two", classification=Classification.MANAGED_WITH_ACCESS)
    customer_id = create_customer(installation, partner, new).customer_id
    user = create_user(installation, partner, NewUser("Reader", Role.CUSTOMER_READ_ONLY, customer_id))
    key = _key(installation, partner, user)
    caller = caller_of(installation, key.api_key)
    assert caller == Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer_id, key.key_id, user.user_id)
    for role in (Role.READ_ONLY, Role.ADMIN):
        with pytest.raises(Invalid):
            _key(installation, partner, user, role)
        with pytest.raises(Invalid):
            change_user(installation, partner, user.user_id, UserChange(role=role))
    with pytest.raises(Invalid):
        _key(installation, partner, _user(installation, partner), Role.CUSTOMER_READ_ONLY)
    delete_customer(installation, partner, customer_id)
    assert caller_of(installation, key.api_key) is None
    with pytest.raises(Invalid) as refused:
        _key(installation, partner, user)
    assert refused.value.fields == {"user_id": "is a user of a customer that is deleted"}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser(" ", Role.OPERATOR), "name"),
        (NewUser("x" * 256, Role.OPERATOR), "name"),
        (NewUser("a\tb", Role.OPERATOR), "name"),
        (NewUser("A", Role.OPERATOR, email="nobody"), "email"),
        (NewUser("A", Role.OPERATOR, email="a b@example.com"), "email"),
        (NewUser("A", Role.OPERATOR, email="a@" + "b" * 254), "email"),
        (NewUser("A", Role.OPERATOR, customer_id=7), "customer_id"),
        (NewUser("A", Role.CUSTOMER_READ_ONLY), "customer_id"),
        (NewUser("A", Role.CUSTOMER_READ_ONLY, customer_id=7), "customer_id"),
        (NewUser("A", Role.CUSTOMER_READ_ONLY, customer_id=2**63), "customer_id"),
    ],
)
def test_a_user_that_cannot_be_is_not_made(
    installation: Installation, partner: Caller, new: NewUser, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create_user(installation, partner, new)
    assert list(refused.value.fields) == [field]
    assert len(list_users(installation, partner, Page()).items) == 1


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.READ_ONLY])
def test_only_an_admin_changes_users(installation: Installation, partner: Caller, role: Role) -> None:
    weaker = Caller(partner.partner_id, role)
    user = _user(installation, partner)
    acts: list[Callable[[], object]] = [
        lambda: create_user(installation, weaker, NewUser("B", Role.READ_ONLY)),
        lambda: change_user(installation, weaker, user.user_id, UserChange(name="B")),
        lambda: delete_user(installation, weaker, user.user_id),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()


def test_another_partners_users_are_unknown(installation: Installation, partner: Caller, other_partner: Caller) -> None:
    theirs = _user(installation, other_partner)
    with pytest.raises(NotFound):
        get_user(installation, partner, theirs.user_id)
    with pytest.raises(NotFound):
        delete_user(installation, partner, theirs.user_id)
    with pytest.raises(Invalid):
        _key(installation, partner, theirs)
    assert theirs not in list_users(installation, partner, Page()).items


def test_no_act_of_a_keys_holder_ends_the_last_admin_key(
    installation: Installation, admin: Caller, clock: SettableClock
) -> None:
    assert admin.key_id is not None and admin.user_id is not None
    key_id, user_id = admin.key_id, admin.user_id
    soon = clock.now + timedelta(hours=1)
    acts: list[Callable[[], object]] = [
        lambda: revoke_key(installation, admin, key_id),
        lambda: rotate_key(installation, admin, key_id, expires_at=soon),
        lambda: change_user(installation, admin, user_id, UserChange(disabled=True)),
        lambda: change_user(installation, admin, user_id, UserChange(role=Role.OPERATOR)),
        lambda: delete_user(installation, admin, user_id),
    ]
    # An admin key that dies within the hour saves nobody.
    create_key(installation, admin, Role.ADMIN, None, expires_at=soon)
    for act in acts:
        with pytest.raises(Conflict, match="another one first"):
            act()
    assert get_key(installation, admin, key_id).usable
    create_key(installation, admin, Role.ADMIN, None, expires_at=clock.now + timedelta(days=90))
    delete_user(installation, admin, user_id)


def test_the_last_admin_key_can_be_rotated_and_other_keys_end_freely(installation: Installation, admin: Caller) -> None:
    assert admin.key_id is not None
    other = create_key(installation, admin, Role.OPERATOR, None)
    revoke_key(installation, admin, other.key_id)
    issued = rotate_key(installation, admin, admin.key_id, timedelta(hours=1))
    assert _role_of(installation, issued) is Role.ADMIN
    # The rotated key lives for another hour; it does not count as one that remains.
    with pytest.raises(Conflict):
        revoke_key(installation, admin, issued.key_id)


def test_a_rotated_key_dies_at_once_or_after_the_overlap(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    user = _user(installation, partner)
    first = _key(installation, partner, user, Role.READ_ONLY)
    second = rotate_key(installation, partner, first.key_id, timedelta(minutes=5))
    assert (second.key.name, second.key.role, second.key.user_id) == ("laptop", Role.READ_ONLY, user.user_id)
    assert second.api_key != first.api_key
    assert _role_of(installation, first) is Role.READ_ONLY
    third = rotate_key(installation, partner, second.key_id)
    assert _role_of(installation, second) is None
    clock.now += timedelta(minutes=5)
    assert _role_of(installation, first) is None
    assert _role_of(installation, third) is Role.READ_ONLY
    for dead in (first, second):
        with pytest.raises(Conflict, match="has ended"):
            rotate_key(installation, partner, dead.key_id)


def test_a_rotated_key_lasts_as_long_as_the_one_before(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    until = clock.now + timedelta(days=90)
    first = create_key(installation, partner, Role.OPERATOR, None, expires_at=until)
    clock.now += timedelta(days=80)
    second = rotate_key(installation, partner, first.key_id, timedelta(days=30))
    assert second.key.expires_at == clock.now + timedelta(days=90)
    assert get_key(installation, partner, first.key_id).expires_at == until, "an overlap never lets a key live longer"
    third = rotate_key(installation, partner, second.key_id, expires_at=clock.now + timedelta(days=1))
    assert third.key.expires_at == clock.now + timedelta(days=1)


def test_what_replaces_a_key_that_lives_on_for_an_overlap_only_lasts_as_long_as_that_key_was_made_for(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    endless = create_key(installation, partner, Role.OPERATOR, None)
    short = create_key(installation, partner, Role.OPERATOR, None, expires_at=clock.now + timedelta(days=90))
    for key in (endless, short):
        rotate_key(installation, partner, key.key_id, timedelta(minutes=5))
    clock.now += timedelta(minutes=1)
    again = [rotate_key(installation, partner, key.key_id, timedelta(minutes=5)) for key in (endless, short)]
    assert [issued.key.expires_at for issued in again] == [None, clock.now + timedelta(days=90)]


def test_a_key_that_expires_before_it_is_made_is_not_made(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    for moment in (clock.now, clock.now.replace(year=3000), clock.now.replace(year=9999)):
        with pytest.raises(Invalid) as refused:
            create_key(installation, partner, Role.OPERATOR, None, expires_at=moment)
        assert list(refused.value.fields) == ["expires_at"]
    assert len(list_users(installation, partner, Page()).items) == 1, "no user without its key"


def test_the_last_use_is_remembered_once_a_minute(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    key = create_key(installation, partner, Role.OPERATOR, None)
    caller = caller_of(installation, key.api_key)
    assert caller is not None
    one, other = KeyUses(installation), KeyUses(installation)
    first = clock.now
    assert get_key(installation, partner, key.key_id).last_used_at is None
    assert one.is_due(caller)
    one.remember(caller)
    assert not one.is_due(caller)
    clock.now += timedelta(seconds=59)
    assert not one.is_due(caller)
    # Another process does not know, and asks; what the first one remembered stands.
    assert other.is_due(caller)
    other.remember(caller)
    assert get_key(installation, partner, key.key_id).last_used_at == first
    clock.now += timedelta(seconds=1)
    assert one.is_due(caller)
    one.remember(caller)
    assert get_key(installation, partner, key.key_id).last_used_at == clock.now
    assert not KeyUses(installation).is_due(partner), "the command line uses no key"


def test_to_try_a_password_under_a_name_that_nobody_has_takes_as_long_as_under_anothers() -> None:
    assert not PasswordHasher().check_needs_rehash(NOBODYS_HASH)
