"""Two partners of one installation take the same names, and neither sees, counts or hinders the other."""

from datetime import timedelta
from pathlib import Path

import pytest

from rebill.model.callers import NewUser
from rebill.model.errors import Invalid, NotFound, TooMany
from rebill.model.partner import PartnerSettingsChange
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.create_user import create_user
from rebill.services.callers.failed_sign_ins import FREE_FAILURES
from rebill.services.callers.passwords import (
    PasswordHolder,
    SignInName,
    holder_of_password,
    set_password,
)
from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents
from rebill.services.keeping.initialise import create_partner, find_partner
from rebill.services.parties.partner_settings import change_partner_settings, get_partner_settings
from tests.conftest import SettableClock
from tests.services.deliveries import delivering_to, files_below, issued

NAME = "ann@consulting.example"
OWN = "the password at the first"
OTHERS = "the password at the second"


@pytest.fixture
def second(installation: Installation, partner: Caller, clock: SettableClock) -> Caller:
    """The administrator of a partner that was created after ``partner``."""
    clock.now += timedelta(seconds=1)
    return Caller(create_partner(installation, "Second Partner").partner_id, Role.ADMIN)


def _by_operator(name: str) -> PartnerSettingsChange:
    return PartnerSettingsChange(name=name, names_for_commands=True)


def _ann(installation: Installation, caller: Caller, password: str) -> PasswordHolder:
    user_id = create_user(installation, caller, NewUser("Ann", Role.OPERATOR, email=NAME)).user_id
    assert set_password(installation, caller, user_id, password) == SignInName(NAME, caller.partner_id)
    return PasswordHolder(caller.partner_id, user_id)


def test_a_sign_in_name_is_one_among_the_users_of_a_partner_only(
    installation: Installation, partner: Caller, second: Caller
) -> None:
    own, others = _ann(installation, partner, OWN), _ann(installation, second, OTHERS)
    assert holder_of_password(installation, NAME, OWN) == own, "the first partner's number may be left out"
    assert holder_of_password(installation, NAME, OWN, partner.partner_id) == own
    assert holder_of_password(installation, NAME, OTHERS, second.partner_id) == others
    for partner_id in (partner.partner_id, second.partner_id):
        bob = create_user(installation, Caller(partner_id, Role.ADMIN), NewUser("Bob", Role.ADMIN)).user_id
        with pytest.raises(Invalid) as refused:
            set_password(installation, Caller(partner_id, Role.ADMIN), bob, OWN, NAME.upper())
        assert refused.value.fields == {"sign_in_name": "is taken: choose another"}


def test_a_password_opens_nothing_at_another_partner_or_at_none(
    installation: Installation, partner: Caller, second: Caller
) -> None:
    _ann(installation, partner, OWN)
    _ann(installation, second, OTHERS)
    assert holder_of_password(installation, NAME, OTHERS) is None
    assert holder_of_password(installation, NAME, OWN, second.partner_id) is None
    for nobodys in (0, 1, 2**63 - 1):
        assert holder_of_password(installation, NAME, OWN, nobodys) is None


def test_wrong_passwords_at_one_partner_hold_up_nobody_at_another(
    installation: Installation, partner: Caller, second: Caller
) -> None:
    own, others = _ann(installation, partner, OWN), _ann(installation, second, OTHERS)
    for _ in range(FREE_FAILURES):
        assert holder_of_password(installation, NAME, "wrong password", second.partner_id) is None
    with pytest.raises(TooMany):
        holder_of_password(installation, NAME, OTHERS, second.partner_id)
    assert holder_of_password(installation, NAME, OWN) == own
    for _ in range(FREE_FAILURES):
        assert holder_of_password(installation, NAME, "wrong password") is None
    with pytest.raises(TooMany):
        holder_of_password(installation, NAME, OWN)
    assert others.user_id != own.user_id


def test_who_sets_the_same_name_tries_no_password_against_the_other(
    installation: Installation, partner: Caller, second: Caller
) -> None:
    """An administrator who sets its own user's password to a guess learns nothing, and counts nothing elsewhere."""
    own, others = _ann(installation, partner, OWN), _ann(installation, second, OTHERS)
    for guess in (*(f"guess number {number}" for number in range(FREE_FAILURES + 1)), OWN):
        set_password(installation, second, others.user_id, guess)
        assert holder_of_password(installation, NAME, guess, second.partner_id) == others
    assert holder_of_password(installation, NAME, OWN) == own


def test_a_partner_calls_itself_as_it_likes_and_only_its_operator_says_what_commands_call_it(
    installation: Installation, partner: Caller, second: Caller
) -> None:
    renamed = change_partner_settings(installation, second, PartnerSettingsChange(name="First Partner"))
    assert (renamed.name, renamed.name_for_commands) == ("First Partner", "Second Partner")
    assert get_partner_settings(installation, partner).name == "First Partner"
    assert find_partner(installation, "First Partner").partner_id == partner.partner_id
    assert find_partner(installation, "Second Partner").partner_id == second.partner_id
    with pytest.raises(Invalid) as refused:
        change_partner_settings(installation, second, _by_operator("First Partner"))
    assert refused.value.fields == {"name": "is taken: choose another"}
    assert change_partner_settings(installation, second, _by_operator("Dos")).name_for_commands == "Dos"
    assert find_partner(installation, "Dos").partner_id == second.partner_id
    with pytest.raises(NotFound):
        find_partner(installation, "Second Partner")


def test_a_name_that_a_partner_gave_itself_is_free_for_a_new_partner(
    installation: Installation, partner: Caller
) -> None:
    change_partner_settings(installation, partner, PartnerSettingsChange(name="Newcomer"))
    made = create_partner(installation, "Newcomer").partner_id
    assert find_partner(installation, "Newcomer").partner_id == made
    with pytest.raises(Invalid):
        create_partner(installation, "First Partner")


def test_two_partners_whose_customers_have_one_folder_write_nothing_into_each_others(
    installation: Installation, partner: Caller, second: Caller, tmp_path: Path
) -> None:
    root = tmp_path / "delivered"
    sender = delivering_to(installation, str(root))
    for caller in (partner, second):
        (tmp_path / str(caller.partner_id)).mkdir()
        issued(installation, caller, tmp_path / str(caller.partner_id))
        assert len(deliver_documents(sender, caller, DeliveryOrder())) == 1
    folders = {str(Path(name).parent) for name in files_below(root)}
    assert folders == {"indigo/bills", f"partner={second.partner_id}/indigo/bills"}
