"""What one person asks to issue another approves, on the page; nobody is offered what would only be refused."""

from rebill.model.party import Role
from tests.console.conftest import Office
from tests.console.visitor import Shown, Visitor, visiting

BILLS = "/bills?month=2024-09"


def _asked(admin: Visitor) -> Shown:
    """A second person is needed, and the first one asks to finalize the month."""
    admin.open("/settings")
    admin.send("/settings", needs_approval="yes")
    admin.open(BILLS)
    admin.send("/bills/run")
    admin.open(BILLS)
    return admin.send("/bills/finalize", reason="All is well")


def _actions(shown: Shown, end: str) -> list[str]:
    return [one.action for one in shown.forms if one.action.endswith(end)]


def test_another_person_approves_what_one_asked_for(office: Office, admin: Visitor) -> None:
    admin.open("/access")
    person = admin.send("/access/users", name="Grace", role=Role.ADMIN.value, email="grace@partner.example").path
    admin.send(f"{person}/password", password="correct horse battery")
    asked = _asked(admin)
    assert "It waits for a second person to approve it." in asked.text
    assert "finalize asked for by you" in asked.text
    assert "Another person approves it." in asked.text
    assert _actions(asked, "/approve") + _actions(asked, "/finalize") == []
    with visiting(office.installation) as second:
        second.open("/sign-in")
        second.send("/sign-in", sign_in_name="grace@partner.example", password="correct horse battery")
        shown = second.open(BILLS)
        assert "asked for by you" not in shown.text
        (place,) = _actions(shown, "/approve")
        assert "2 documents of September 2024 issued." in second.send(place).text
    assert "Nothing waits." in admin.open(BILLS).text


def test_who_comes_too_late_is_told_so_and_led_to_the_months_bills(office: Office, admin: Visitor) -> None:
    _asked(admin)
    with visiting(office.installation) as second:
        second.sign_in(office.key())
        shown = second.open(BILLS)
        late = [next(one for one in shown.forms if one.action.endswith(end)) for end in ("/approve", "/withdraw")]
        with visiting(office.installation) as third:
            third.sign_in(office.key())
            (place,) = _actions(third.open(BILLS), "/approve")
            assert "2 documents of September 2024 issued." in third.send(place).text
        for form in late:
            told = second.send_form(form)
            assert (told.status, "This waits no longer: it was approved or taken back meanwhile." in told.text) == (
                409,
                True,
            )
            assert "list what waits" not in told.text
            assert f'<a href="{BILLS}">Bills of September 2024</a>' in told.answer.text


def test_what_was_asked_for_may_be_taken_back_and_asked_for_anew(office: Office, admin: Visitor) -> None:
    (place,) = _actions(_asked(admin), "/withdraw")
    assert _actions(admin.send(place), "/finalize")
