"""Who may come in, for how long, and what a form is worth whose session ended."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from rebill.console import rendering
from rebill.console.field_labels import LABELS, UNSEEN
from rebill.console.protection import SESSION_COOKIE
from rebill.model.callers import NewUser, UserChange
from rebill.model.errors import Invalid, TooMany
from rebill.model.party import Caller, Role
from rebill.services.callers.change_user import change_user
from rebill.services.callers.create_user import create_user
from rebill.services.callers.failed_sign_ins import FREE_FAILURES
from rebill.services.callers.keys import create_key, revoke_key
from rebill.services.callers.passwords import set_password
from rebill.services.callers.web_sessions import GREATEST_AGE, GREATEST_REST, begin_with_password
from rebill.services.keeping.initialise import create_partner
from rebill.store.tables import passwords, web_sessions
from tests.conftest import SettableClock
from tests.console.conftest import NOBODYS, OWN, Office
from tests.console.visitor import BASE, Shown, Visitor

PASSWORD = "correct horse battery staple"


def _accountant(office: Office) -> int:
    new = NewUser("Ann Accountant", Role.OPERATOR, email="Ann@Partner.example")
    user_id = create_user(office.installation, office.partner, new).user_id
    set_password(office.installation, office.partner, user_id, PASSWORD)
    return user_id


def test_a_key_opens_the_console_and_its_cookie_is_for_this_server_alone(office: Office, stranger: Visitor) -> None:
    shown = stranger.open("/?month=2024-09")
    assert (shown.status, shown.path) == (200, "/sign-in?next=%2F%3Fmonth%3D2024-09")
    key = office.key()
    sent = stranger.shown and stranger.shown.form("/sign-in")
    assert sent is not None
    shown = stranger.sign_in(key)
    assert shown.status == 200
    assert "at a glance" in shown.text
    cookies = {cookie.name: cookie for cookie in stranger.client.cookies.jar}
    kept = cookies[SESSION_COOKIE]
    assert kept.secure
    assert kept.has_nonstandard_attr("HttpOnly")
    assert kept.get_nonstandard_attr("SameSite") == "Lax"
    assert kept.value is not None
    assert key not in shown.answer.text


@pytest.mark.parametrize("address", ["/customers?{name}={key}&text=x", "/?{name}={key}", "/audit?text=x&{name}={key}"])
@pytest.mark.parametrize("name", ["api_key", "api%5Fkey", "API-KEY", "x"])
def test_a_key_in_the_address_of_a_page_is_not_carried_to_the_sign_in_page(
    office: Office, stranger: Visitor, address: str, name: str
) -> None:
    key = office.key()
    for written in (key, key.replace("_", "%5F"), key.replace("_", "%255F")):
        shown = stranger.open(address.format(name=name, key=written))
        secret = key.rsplit("_", 1)[1]
        assert (shown.status, shown.path) == (200, f"/sign-in?next=%2F{address[1:].split('?')[0]}")
        assert secret not in shown.text and secret not in str(shown.answer.url)


def test_a_sign_in_page_does_not_keep_a_key_that_somebody_put_into_its_address(
    office: Office, stranger: Visitor
) -> None:
    key = office.key()
    shown = stranger.open(f"/sign-in?next=%2Fcustomers%3Fapi_key%3D{key}")
    assert key not in shown.answer.text
    assert stranger.send("/sign-in", api_key=key).path == "/customers"


def test_a_password_opens_it_too_by_the_e_mail_address_in_any_case(office: Office, stranger: Visitor) -> None:
    _accountant(office)
    stranger.open("/sign-in")
    shown = stranger.send("/sign-in", sign_in_name="ann@partner.EXAMPLE", password=PASSWORD)
    assert "Ann Accountant" in shown.text
    assert "Keys and users" not in shown.text, "an operator does not administer"


def test_users_of_two_partners_sign_in_by_one_name_and_their_partners_number(
    office: Office, stranger: Visitor, clock: SettableClock
) -> None:
    clock.now += timedelta(seconds=1)
    second = Caller(create_partner(office.installation, "Second Partner").partner_id, Role.ADMIN)
    _accountant(office)
    new = NewUser("Ann at the second", Role.OPERATOR, email="ann@partner.example")
    user_id = create_user(office.installation, second, new).user_id
    set_password(office.installation, second, user_id, f"{PASSWORD} too")
    name = {"sign_in_name": "ann@partner.example"}
    for page, password, user in (
        ("/sign-in", PASSWORD, "Ann Accountant"),
        (f"/sign-in?partner={second.partner_id}", f"{PASSWORD} too", "Ann at the second"),
        (f"/sign-in?partner={office.partner.partner_id}", PASSWORD, "Ann Accountant"),
    ):
        stranger.client.cookies.clear()
        stranger.open(page)
        assert user in stranger.send("/sign-in", **name, password=password).text
    for number, password in ((second.partner_id, PASSWORD), ("", f"{PASSWORD} too"), (1, PASSWORD), ("x", PASSWORD)):
        stranger.client.cookies.clear()
        stranger.open("/sign-in")
        refused = stranger.send("/sign-in", **name, partner_number=str(number), password=password)
        assert (refused.status, "no key or password that opens anything" in refused.text) == (401, True)
        assert ("partner_number", str(number)) in refused.form("/sign-in").fields


def test_a_browser_remembers_whose_user_signed_in_last(office: Office, stranger: Visitor, clock: SettableClock) -> None:
    clock.now += timedelta(seconds=1)
    key = create_partner(office.installation, "Second Partner").api_key
    assert key is not None
    assert ("partner_number", "") in stranger.open("/sign-in").form("/sign-in").fields
    stranger.sign_in(key)
    page = stranger.open("/access").text
    number = re.search(r"They sign in at /sign-in\?partner=(\d+)", page)
    assert number is not None
    assert stranger.send("/sign-out").path == "/sign-in"
    assert ("partner_number", number[1]) in stranger.open("/sign-in").form("/sign-in").fields
    stranger.client.cookies.set("rebill_partner", "<script>", domain="rebill.test")
    assert "<script>" not in stranger.open("/sign-in").answer.text


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann@partner.example", "wrong horse battery staple"), ("nobody@partner.example", PASSWORD), ("", "")],
)
def test_what_is_wrong_of_the_two_is_not_said(office: Office, stranger: Visitor, name: str, password: str) -> None:
    _accountant(office)
    stranger.open("/sign-in")
    shown = stranger.send("/sign-in", sign_in_name=name, password=password)
    assert shown.status == 401
    assert "That is no key or password that opens anything." in shown.text
    assert SESSION_COOKIE not in stranger.client.cookies


def test_only_slow_hashes_of_passwords_and_hashes_of_tokens_are_kept(office: Office, stranger: Visitor) -> None:
    _accountant(office)
    stranger.open("/sign-in")
    stranger.send("/sign-in", sign_in_name="ann@partner.example", password=PASSWORD)
    token = stranger.client.cookies[SESSION_COOKIE]
    with office.installation.database.reading() as connection:
        told = str(connection.execute(passwords.select()).all()) + str(connection.execute(web_sessions.select()).all())
    assert "$argon2id$" in told
    assert PASSWORD not in told
    assert token not in told


def test_after_several_wrong_passwords_the_next_one_has_to_wait(office: Office, clock: SettableClock) -> None:
    _accountant(office)
    for _ in range(FREE_FAILURES):
        assert begin_with_password(office.installation, "ann@partner.example", "wrong password") is None
    with pytest.raises(TooMany):
        begin_with_password(office.installation, "ann@partner.example", PASSWORD)
    clock.now += timedelta(seconds=2)
    assert begin_with_password(office.installation, "ann@partner.example", PASSWORD) is not None


def test_a_password_is_long_enough_and_its_name_nobody_elses(office: Office) -> None:
    _accountant(office)
    other = create_user(office.installation, office.partner, NewUser("Bob", Role.ADMIN)).user_id
    with pytest.raises(Invalid) as refused:
        set_password(office.installation, office.partner, other, "short", "ANN@partner.example")
    assert set(refused.value.fields) == {"password", "sign_in_name"}
    with pytest.raises(Invalid) as refused:
        set_password(office.installation, office.partner, other, PASSWORD)
    assert refused.value.fields == {"sign_in_name": "is required: give the user an e-mail address, or name one"}


def test_each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(office: Office, admin: Visitor) -> None:
    former = admin.client.cookies[SESSION_COOKIE]
    admin.sign_in(office.key())
    assert admin.client.cookies[SESSION_COOKIE] != former
    admin.client.cookies.set(SESSION_COOKIE, former, domain="rebill.test")
    assert admin.open("/").path.startswith("/sign-in")


def test_signing_out_ends_the_session_for_whoever_holds_its_token(admin: Visitor) -> None:
    token = admin.client.cookies[SESSION_COOKIE]
    admin.open("/")
    assert admin.send("/sign-out").path == "/sign-in"
    admin.client.cookies.set(SESSION_COOKIE, token, domain="rebill.test")
    assert admin.open("/").path.startswith("/sign-in")


@pytest.mark.parametrize("rest", [GREATEST_REST, GREATEST_AGE])
def test_a_session_ends_by_itself(rest: timedelta, admin: Visitor, clock: SettableClock) -> None:
    left = rest
    while left > GREATEST_REST:
        clock.now += GREATEST_REST - timedelta(minutes=5)
        left -= GREATEST_REST - timedelta(minutes=5)
        assert admin.open("/").path == "/"
    clock.now += left
    assert admin.open("/").path.startswith("/sign-in")


def test_a_session_ends_with_its_key_and_with_its_user(office: Office, stranger: Visitor) -> None:
    admin, issued = stranger, create_key(office.installation, office.partner, Role.ADMIN, None)
    assert admin.sign_in(issued.api_key).path == "/"
    revoke_key(office.installation, office.partner, issued.key_id)
    assert admin.open("/").path.startswith("/sign-in")
    user_id = _accountant(office)
    admin.open("/sign-in")
    assert admin.send("/sign-in", sign_in_name="ann@partner.example", password=PASSWORD).path == "/"
    change_user(office.installation, office.partner, user_id, UserChange(disabled=True))
    assert admin.open("/").path.startswith("/sign-in")


def test_nobody_is_sent_elsewhere_after_signing_in(office: Office, stranger: Visitor) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        stranger.open("/sign-in")
        shown = stranger.send("/sign-in", api_key=office.key(), next=elsewhere)
        assert shown.path == "/"


def test_a_form_counts_only_in_the_session_that_it_was_shown_in(office: Office, admin: Visitor) -> None:
    form = admin.open("/").form("/sign-out")
    assert admin.send_form(form, form_token="").status == 403
    assert admin.send_form(form, headers={"Origin": "https://evil.example"}).status == 403
    assert admin.send_form(form, headers={"Origin": BASE, "Sec-Fetch-Site": "cross-site"}).status == 403
    admin.sign_in(office.key())
    assert admin.send_form(form).status == 403, "its session was another one"
    assert admin.open("/").status == 200


def test_the_sign_in_form_counts_only_in_the_browser_that_it_was_shown_in(office: Office, stranger: Visitor) -> None:
    form = stranger.open("/sign-in").form("/sign-in")
    stranger.client.cookies.clear()
    assert stranger.send_form(form, api_key=office.key()).status == 403
    assert SESSION_COOKIE not in stranger.client.cookies


def _sent_too_late(visitor: Visitor) -> Shown:
    """The form that takes accounts to Neighbour Ltd, sent after the session that it was shown in has ended."""
    form = visitor.open("/accounts?kind=subscription").form("/accounts/preview")
    visitor.client.cookies.delete(SESSION_COOKIE)
    return visitor.send_form(form, account=[OWN, NOBODYS], customer="Neighbour Ltd", doing="assign", day="")


def test_a_form_that_came_too_late_is_shown_to_whoever_typed_it_in_the_words_of_its_page(
    office: Office, stranger: Visitor
) -> None:
    key = office.key()
    stranger.sign_in(key)
    assert "what you typed is kept" in _sent_too_late(stranger).text
    assert stranger.send("/sign-in", api_key="rebill_00000000_no").status == 401
    shown = stranger.send("/sign-in", api_key=key)
    assert "You are signed in again" in shown.text
    assert f"Account {OWN} {NOBODYS}" in shown.text
    assert "Customer Neighbour Ltd With the chosen accounts assign" in shown.text
    assert not {"after", "owner", "once"} & set(re.findall(r"<dt>(.*?)</dt>", shown.answer.text))
    assert "Nothing is done yet" in stranger.send("/accounts/preview").text


@pytest.mark.parametrize(("role", "is_own"), [(Role.CUSTOMER_READ_ONLY, True), (Role.ADMIN, False)])
def test_nobody_else_is_shown_what_was_typed_before_they_signed_in(
    role: Role, is_own: bool, office: Office, admin: Visitor
) -> None:
    _sent_too_late(admin)
    shown = admin.send("/sign-in", api_key=office.key(role, office.own if is_own else None))
    assert "A form of somebody else had been sent from this browser. It was dropped" in shown.text
    assert NOBODYS not in shown.answer.text and "customer" not in shown.form("/sign-out").names
    if is_own:
        assert shown.path == "/portal"
        assert "Neighbour" not in shown.answer.text


def test_a_customer_who_signs_in_is_not_led_to_the_address_that_a_partner_was_at(
    office: Office, stranger: Visitor
) -> None:
    stranger.open("/accounts?text=Neighbour")
    shown = stranger.send("/sign-in", api_key=office.key(Role.CUSTOMER_READ_ONLY, office.own))
    assert shown.path == "/portal"


def test_every_field_of_a_form_has_words_or_is_the_pages_own() -> None:
    templates = Path(rendering.__file__).parent / "templates"
    written = re.compile(r'(?:name=|(?:field|choice)\("[^"]*", )"([a-z_]+)"')
    texts = [file.read_text(encoding="utf-8") for file in templates.glob("*.html")]
    forms = [part.partition("</form>")[0] for text in texts for part in text.split('<form method="post"')[1:]]
    names = {name for form in forms for name in written.findall(form)}
    assert len(names) > 60
    assert names - LABELS.keys() - UNSEEN == {"api_key"}


def test_every_answer_says_how_it_is_to_be_shown(admin: Visitor) -> None:
    for path in ("/", "/sign-in", "/assets/console.css"):
        headers = admin.open(path).answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "no-store" in admin.open("/").answer.headers["cache-control"]


def test_browsers_find_the_icon_where_they_look_for_it(stranger: Visitor) -> None:
    icon = stranger.open("/favicon.ico").answer
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert icon.headers["cache-control"] == "public, max-age=86400"
    assert icon.content.startswith(b"<svg")


def test_a_new_customer_gets_into_its_portal_as_the_readme_says(office: Office, stranger: Visitor) -> None:
    """Portal `managed with access`, a user of the role `customer read only`, and a password on its page."""
    stranger.sign_in(office.key())
    stranger.open("/customers/new")
    made = stranger.send("/customers/new", name="Lantern Ltd", classification="managed_without_access")
    stranger.open("/access")
    lea = {"role": "customer_read_only", "customer": "Lantern", "email": "lea@lantern.example"}
    user = stranger.send("/access/users", name="Lea", **lea)
    assert "it signs in as lea@lantern.example" in stranger.send(f"{user.path}/password", password=PASSWORD).text
    signing_in = {"sign_in_name": "lea@lantern.example", "password": PASSWORD}
    stranger.open("/sign-in")
    assert stranger.send("/sign-in", **signing_in).path == "/sign-in"
    stranger.sign_in(office.key())
    form = next(one for one in stranger.open(made.path).forms if "classification" in one.names)
    stranger.send_form(form, classification="managed_with_access")
    stranger.open("/sign-in")
    assert stranger.send("/sign-in", **signing_in).path == "/portal"
