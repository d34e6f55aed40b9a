"""A stranger who tries passwords learns no names: one that nobody has is answered, and counted, as somebody's is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from rebill.model.callers import NewUser
from rebill.model.errors import TooMany
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.create_user import create_user
from rebill.services.callers.failed_sign_ins import FREE_FAILURES, GREATEST_WAIT, REMEMBERED_FOR
from rebill.services.callers.passwords import holder_of_password, set_password
from rebill.store.failed_sign_ins import Failures, count_failure, failures_of, forget_old_failures
from rebill.store.scope import Scope
from rebill.store.tables import failed_sign_ins
from tests.conftest import SettableClock

NAME = "ann@consulting.example"
NOBODYS = "nobody@consulting.example"
PASSWORD = "correct horse battery staple"
SECOND = timedelta(seconds=1)


@pytest.fixture
def ann(installation: Installation, partner: Caller) -> int:
    """The number of a user who signs in by ``NAME`` and ``PASSWORD``."""
    user_id = create_user(installation, partner, NewUser("Ann", Role.OPERATOR, email=NAME)).user_id
    set_password(installation, partner, user_id, PASSWORD)
    return user_id


def _answer(installation: Installation, name: str, partner_id: int | None = None, password: str = "wrong") -> Any:
    """``None``, who it is, or how many seconds there are to wait, and in what words."""
    try:
        return holder_of_password(installation, name, password, partner_id)
    except TooMany as refusal:
        return refusal.wait_seconds, refusal.message


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(("name", "number"), [(NOBODYS, None), (NAME, 1), (NAME, 2**63 - 1), ("", None)])
def test_a_name_or_a_partner_that_nobody_has_waits_as_a_users_name_does(
    installation: Installation, clock: SettableClock, name: str, number: int | None
) -> None:
    told = []
    for _ in range(16):
        told.append(_answer(installation, NAME))
        assert _answer(installation, name, number) == told[-1]
        clock.now += timedelta(0) if told[-1] is None else timedelta(seconds=told[-1][0])
    assert told[:FREE_FAILURES] == [None] * FREE_FAILURES
    assert told[FREE_FAILURES] == (2, "Too many wrong passwords: try again in 2 seconds.")


@pytest.mark.usefixtures("ann")
def test_a_wrong_password_asks_and_writes_the_same_whether_somebody_has_the_name(
    installation: Installation, clock: SettableClock
) -> None:
    asked: list[str] = []
    event.listen(installation.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    told: dict[str, list[str]] = {}
    for name, number in ((NAME, None), (NOBODYS, None), (NAME, 1)):
        for _ in range(FREE_FAILURES + 1):
            _answer(installation, name, number)
        told[f"{name} {number}"], asked[:] = list(asked), []
    first, *others = told.values()
    assert any("INSERT INTO failed_sign_ins" in one for one in first)
    assert [one == first for one in others] == [True, True]


def test_the_right_password_and_a_new_one_begin_anew(
    installation: Installation, partner: Caller, ann: int, clock: SettableClock
) -> None:
    for _ in range(FREE_FAILURES):
        _answer(installation, NAME)
    assert _answer(installation, NAME, password=PASSWORD)[0] == 2
    clock.now += SECOND
    assert _answer(installation, NAME, password=PASSWORD).user_id == ann
    for _ in range(FREE_FAILURES):
        assert _answer(installation, NAME) is None
    set_password(installation, partner, ann, f"{PASSWORD} too")
    assert _answer(installation, NAME, password=f"{PASSWORD} too").user_id == ann


def test_nobody_is_kept_out_for_longer_than_the_greatest_wait(
    installation: Installation, ann: int, clock: SettableClock
) -> None:
    for _ in range(30):
        assert (
            _answer(installation, NAME) is None or _answer(installation, NAME)[0] <= GREATEST_WAIT.total_seconds() + 1
        )
        clock.now += GREATEST_WAIT
    assert _answer(installation, NAME, password=PASSWORD).user_id == ann


def test_what_is_counted_is_bounded_and_tells_no_names(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    for number in range(3):
        _answer(installation, f"{PASSWORD} {number}")
        clock.now += SECOND
    with installation.database.writing() as connection:
        scope = Scope(connection, partner.partner_id)
        for number in range(6):
            clock.now += SECOND
            count_failure(scope, str(number), clock.now)
            count_failure(scope, "4", clock.now)
        assert PASSWORD not in str(connection.execute(select(failed_sign_ins)).all())
        forget_old_failures(scope, clock.now - REMEMBERED_FOR, 3)
        kept = connection.scalars(select(failed_sign_ins.c.name_sha256)).all()
        assert sorted(kept) == ["3", "4", "5"], "the newest ones"
        assert failures_of(scope, "4") == Failures(7, clock.now)
        assert failures_of(Scope(connection, 1), "4") is None


def test_failures_are_forgotten_after_a_day(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    for name in (NAME, NOBODYS):
        _answer(installation, name)
    clock.now += REMEMBERED_FOR
    _answer(installation, NAME)
    clock.now += SECOND
    _answer(installation, "another@consulting.example")
    with installation.database.reading() as connection:
        counts = connection.scalars(select(failed_sign_ins.c.failure_count)).all()
    assert sorted(counts) == [1, 2]
