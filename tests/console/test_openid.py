"""Signing in at a real identity provider: who is let in, as whom, and what is not believed."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from rebill.console.protection import SESSION_COOKIE
from rebill.model.callers import NewUser, UserChange
from rebill.model.errors import Forbidden, Invalid, Unavailable
from rebill.model.party import Caller, Role
from rebill.openid.provider import Provider, _derived
from rebill.services.callers.change_user import change_user
from rebill.services.callers.create_user import create_user
from rebill.services.callers.openid_sign_in import link_subject
from rebill.services.keeping.initialise import create_partner
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.settings import OpenIdSettings, Settings
from rebill.store.audit_entries import AuditFilter
from tests.console.conftest import Office
from tests.console.visitor import BASE, Form, Visitor, visiting
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, running_identity_provider, signed_in_there

BACK = f"{BASE}/sign-in/openid/back"
ANN = "Ann@Partner.example"
SECRET = "5" * 64


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_identity_provider(BACK) as address:
        yield address


@pytest.fixture
def openid(issuer: str) -> OpenIdSettings:
    return OpenIdSettings(issuer, CLIENT_ID, CLIENT_SECRET, BACK, "Partner ID")


@pytest.fixture
def with_provider(office: Office, openid: OpenIdSettings) -> Office:
    settings = replace(office.installation.settings, openid=openid)
    # The provider has a clock of its own, so that theirs must be the real one.
    installation = replace(office.installation, settings=settings, clock=lambda: datetime.now(UTC))
    return replace(office, installation=installation)


@pytest.fixture
def person(with_provider: Office) -> Iterator[Visitor]:
    with visiting(with_provider.installation) as visitor:
        yield visitor


def _user(office: Office, email: str = ANN, role: Role = Role.OPERATOR, customer_id: int | None = None) -> int:
    new = NewUser("Ann Accountant", role, customer_id=customer_id, email=email)
    return create_user(office.installation, office.partner, new).user_id


def _there_and_back(person: Visitor, name: str, start: str = "/sign-in/openid?next=%2Fcustomers") -> str:
    """The text of the page where a person ends who signs in there as ``name``."""
    sent = person.ask(start)
    assert sent.status_code == 303, sent.text
    back = signed_in_there(sent.headers["location"], name)
    assert back.startswith(BACK)
    return person.open(back).answer.text


def test_a_user_signs_in_by_the_address_that_the_provider_verified(
    with_provider: Office, person: Visitor, openid: OpenIdSettings
) -> None:
    _user(with_provider)
    assert "Partner ID" in person.open("/sign-in").answer.text
    page = _there_and_back(person, "ann@partner.example")
    assert "Ann Accountant" in page
    assert "New customer" in page, "the page that was wanted"
    entry = newest_audit_entries(with_provider.installation, with_provider.partner, AuditFilter(), 1)[0].entry
    assert entry.act == "link_subject"
    assert json.loads(entry.after or "") == {"issuer": openid.issuer, "subject": "ann@partner.example"}


def test_from_then_on_the_subject_counts_and_not_the_address(with_provider: Office, person: Visitor) -> None:
    ann = _user(with_provider)
    _there_and_back(person, "ann@partner.example")
    installation, partner = with_provider.installation, with_provider.partner
    change_user(installation, partner, ann, UserChange(email="ann@elsewhere.example"))
    other = _user(with_provider, "ann@partner.example")
    with visiting(installation) as later:
        assert "Ann Accountant" in _there_and_back(later, "ann@partner.example")
    change_user(installation, partner, ann, UserChange(disabled=True))
    with visiting(installation) as later:
        assert "no user here has your address" in _there_and_back(later, "ann@partner.example")
    assert other != ann


@pytest.mark.parametrize("name", ["nobody@partner.example", "ann@partner.example+unverified"])
def test_whom_nobody_vouches_for_is_nobody(with_provider: Office, person: Visitor, name: str) -> None:
    _user(with_provider)
    page = _there_and_back(person, name)
    assert "no user here has your address" in page
    assert person.open("/").path.startswith("/sign-in")


def test_an_address_that_two_users_bear_lets_nobody_in(with_provider: Office, person: Visitor) -> None:
    _user(with_provider)
    _user(with_provider, ANN.upper())
    assert "no user here has your address" in _there_and_back(person, "ann@partner.example")


def test_a_subject_that_was_linked_by_hand_needs_no_address(with_provider: Office, person: Visitor) -> None:
    ann, bob = _user(with_provider), _user(with_provider, "bob@partner.example")
    installation, partner = with_provider.installation, with_provider.partner
    subject = "ann@partner.example+unverified"
    link_subject(installation, partner, ann, subject)
    assert "Ann Accountant" in _there_and_back(person, subject)
    with pytest.raises(Invalid, match="Nothing was changed"):
        link_subject(installation, partner, bob, subject)


def _second_partner(office: Office) -> Office:
    """The same installation, as a partner that was created after the first one has it."""
    created = create_partner(office.installation, "Second & Partner").partner_id
    return replace(office, partner=Caller(created, Role.ADMIN))


def _signed_in(office: Office, start: str = "/sign-in/openid?next=%2Fcustomers") -> str:
    """The page where Ann ends in a browser of her own."""
    with visiting(office.installation) as visitor:
        return _there_and_back(visitor, "ann@partner.example", start)


def test_a_person_who_is_a_user_of_two_partners_says_of_which(with_provider: Office, person: Visitor) -> None:
    second = _second_partner(with_provider)
    _user(with_provider)
    _user(second)
    page = _there_and_back(person, "ann@partner.example")
    assert "You are a user of several partners." in page
    assert person.open("/").path.startswith("/sign-in"), "nobody is signed in yet"
    for office, name in ((second, "Second &amp; Partner"), (with_provider, "First Partner")):
        link = f"/sign-in/openid?partner={office.partner.partner_id}&amp;next=/customers"
        assert f'<a role="button" href="{link}">{name}</a>' in page
        opened = _signed_in(office, link.replace("&amp;", "&"))
        assert "Ann Accountant" in opened and "New customer" in opened
        entry = newest_audit_entries(office.installation, office.partner, AuditFilter(), 1)[0].entry
        assert entry.act == "link_subject"
        with visiting(office.installation) as later:
            _there_and_back(later, "ann@partner.example", f"/sign-in/openid?partner={office.partner.partner_id}")
            shown = later.open("/customers").text
            assert ("Indigo" in shown) is (office is with_provider)
    assert "You are a user of several partners." in _signed_in(with_provider)


def test_a_partner_that_makes_somebody_a_user_changes_nothing_for_them_elsewhere(with_provider: Office) -> None:
    _user(with_provider)
    assert "Ann Accountant" in _signed_in(with_provider)
    second = _second_partner(with_provider)
    ann = _user(second)
    assert "Indigo" in _signed_in(with_provider), "she is known by her subject, not asked"
    change_user(second.installation, second.partner, ann, UserChange(disabled=True))
    for number in (second.partner.partner_id, 1, "x"):
        assert "Indigo" in _signed_in(with_provider, f"/sign-in/openid?partner={number}&next=%2Fcustomers")


def _linked(office: Office) -> int:
    """A user without an address, whom the partner's administrator says that Ann is."""
    user_id = _user(office, "")
    link_subject(office.installation, office.partner, user_id, "ann@partner.example")
    return user_id


@pytest.mark.parametrize("own_by_hand", [False, True])
@pytest.mark.parametrize("others_by_hand", [False, True])
def test_a_partner_counts_once_the_person_came_by_its_page(
    with_provider: Office, own_by_hand: bool, others_by_hand: bool
) -> None:
    second = _second_partner(with_provider)
    (_linked if own_by_hand else _user)(second)
    by_page = f"/sign-in/openid?partner={second.partner.partner_id}&next=%2Fcustomers"
    entered = _signed_in(second)
    assert "New customer" in entered and "Indigo" not in entered, "the only partner of which she is a user"
    (_linked if others_by_hand else _user)(with_provider)
    for start in ("/sign-in/openid?next=%2Fcustomers", by_page):
        entered = _signed_in(second, start)
        assert "New customer" in entered and "Indigo" not in entered, "another partner changes nothing for her"
    others_page = f"/sign-in/openid?partner={with_provider.partner.partner_id}&next=%2Fcustomers"
    assert "Indigo" in _signed_in(second, others_page)
    assert "You are a user of several partners." in _signed_in(second), "she herself came for either"


def test_who_is_linked_again_need_not_confirm_it(with_provider: Office) -> None:
    second = _second_partner(with_provider)
    ann = _linked(with_provider)
    assert "Indigo" in _signed_in(with_provider)
    _linked(second)
    link_subject(with_provider.installation, with_provider.partner, ann, "ann@partner.example")
    assert "Indigo" in _signed_in(with_provider)


def test_a_user_that_becomes_another_person_is_confirmed_anew(with_provider: Office) -> None:
    second = _second_partner(with_provider)
    _linked(with_provider)
    assert "Indigo" in _signed_in(with_provider)
    bob = _user(second, "bob@partner.example")
    with visiting(second.installation) as visitor:
        assert "New customer" in _there_and_back(visitor, "bob@partner.example")
    link_subject(second.installation, second.partner, bob, "ann@partner.example")
    assert "Indigo" in _signed_in(with_provider)


def test_a_subject_may_be_linked_at_two_partners_without_either_noticing(with_provider: Office) -> None:
    second = _second_partner(with_provider)
    for office in (with_provider, second):
        link_subject(office.installation, office.partner, _user(office, ""), "ann@partner.example")
        with pytest.raises(Invalid, match="Nothing was changed"):
            link_subject(office.installation, office.partner, _user(office, ""), "ann@partner.example")
    assert "You are a user of several partners." in _signed_in(with_provider)


def test_an_address_that_two_users_of_a_partner_bear_is_no_matter_at_another(with_provider: Office) -> None:
    second = _second_partner(with_provider)
    _user(second)
    _user(second, ANN.upper())
    assert "no user here has your address" in _signed_in(with_provider)
    _user(with_provider)
    assert "Indigo" in _signed_in(with_provider)


def test_a_customers_user_comes_to_its_portal(with_provider: Office, person: Visitor) -> None:
    _user(with_provider, ANN, Role.CUSTOMER_READ_ONLY, with_provider.own)
    page = _there_and_back(person, "ann@partner.example", "/sign-in/openid?next=https://evil.example/")
    assert "Neighbour" not in page
    assert "Azure accounts" not in page


def _typed_too_late(person: Visitor, name: str) -> Form:
    """What goes on with a new customer that ``name`` typed, who signed in there, and whose session has ended since."""
    _there_and_back(person, name)
    form = person.open("/customers/new").form("/customers/new")
    person.client.cookies.delete(SESSION_COOKIE)
    late = person.send_form(form, name="Lantern Ltd")
    assert (late.status, "what you typed is kept" in late.text) == (401, True)
    assert 'href="/sign-in/openid?next=typed" target="_blank" rel="noopener"' in late.answer.text
    assert "then go on here with what you typed" in late.text
    return next(one for one in late.forms if "go_on" in one.names)


def test_what_was_typed_waits_while_its_sender_signs_in_there_in_another_tab(
    with_provider: Office, person: Visitor
) -> None:
    _user(with_provider)
    go_on = _typed_too_late(person, "ann@partner.example")
    early = person.send_form(go_on)
    assert (early.status, "You are not signed in here yet: what you typed is kept." in early.text) == (401, True)
    go_on = next(one for one in early.forms if "go_on" in one.names)
    there = _there_and_back(person, "ann@partner.example", "/sign-in/openid?next=typed")
    assert "You are signed in. What you typed waits in the other tab: go on there." in there
    session = person.client.cookies[SESSION_COOKIE]
    shown = person.send_form(go_on)
    assert "You are signed in again" in shown.text and "Lantern Ltd" in shown.text
    assert person.client.cookies[SESSION_COOKIE] == session
    made = person.send("/customers/new")
    assert (made.status, "Lantern Ltd" in made.text) == (200, True)


def test_what_was_typed_is_not_shown_to_somebody_else_who_signs_in_there(
    with_provider: Office, person: Visitor
) -> None:
    _user(with_provider)
    _user(with_provider, "bob@partner.example")
    go_on = _typed_too_late(person, "ann@partner.example")
    _there_and_back(person, "bob@partner.example", "/sign-in/openid?next=typed")
    assert person.send_form(go_on, headers={"Origin": "https://evil.example"}).status == 403
    shown = person.send_form(go_on)
    assert "A form of somebody else had been sent from this browser. It was dropped" in shown.text
    assert "Lantern" not in shown.answer.text
    with visiting(with_provider.installation) as stranger:
        _there_and_back(stranger, "ann@partner.example")
        assert stranger.send_form(go_on).status == 403, "it was shown in another browser"


def test_another_browser_or_a_code_that_is_used_again_opens_nothing(with_provider: Office, person: Visitor) -> None:
    _user(with_provider)
    sent = person.ask("/sign-in/openid")
    back = signed_in_there(sent.headers["location"], "ann@partner.example")
    with visiting(with_provider.installation) as stranger:
        answer = stranger.ask(back)
        assert (answer.status_code, "not begun in this browser" in answer.text) == (403, True)
    assert "Ann Accountant" in person.open(back).answer.text
    secret_cookie = sent.headers["set-cookie"].partition(";")[0]
    with visiting(with_provider.installation) as thief:
        answer = thief.ask(back, secret_cookie)
        assert (answer.status_code, "did not confirm" in answer.text) == (403, True)


def test_a_token_is_believed_only_whole(openid: OpenIdSettings) -> None:
    provider, now = Provider(openid), datetime.now(UTC)
    back = signed_in_there(provider.address_for(SECRET), "ann@partner.example")
    code = parse_qs(urlsplit(back).query)["code"][0]
    token = provider._id_token(code, _derived(SECRET, "verifier"))
    head, body, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    stranger = RSAKey.generate_key(2048, {"kid": json.loads(urlsafe_b64decode(head + "=="))["kid"]})
    forged = jwt.encode({"alg": "RS256", "kid": stranger.kid}, claims, stranger)
    changed = urlsafe_b64encode(json.dumps({**claims, "sub": "boss"}).encode()).rstrip(b"=").decode()
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for given in (forged, f"{head}.{changed}.{signature}", f"{unsigned}.{body}.", f"{head}.{body}.", "", "a.b.c"):
        with pytest.raises(Forbidden):
            provider._claims(given, _derived(SECRET, "nonce"), now)
    assert provider._claims(token, _derived(SECRET, "nonce"), now)["sub"] == "ann@partner.example"
    for secret, at in (("6" * 64, now), (SECRET, now + timedelta(hours=3))):
        with pytest.raises(Forbidden):
            provider._claims(token, _derived(secret, "nonce"), at)
    others = Provider(replace(openid, client_id="another"))
    with pytest.raises(Forbidden):
        others._claims(token, _derived(SECRET, "nonce"), now)


def test_a_provider_that_is_gone_or_another_is_said_on_the_page(office: Office, openid: OpenIdSettings) -> None:
    installation = office.installation
    for issuer in ("http://127.0.0.1:1", f"{openid.issuer}/"):
        settings = replace(installation.settings, openid=replace(openid, issuer=issuer))
        with visiting(replace(installation, settings=settings)) as person:
            answer = person.ask("/sign-in/openid?next=/")
            assert (answer.status_code, "cannot be used now" in answer.text) == (503, True)
        with pytest.raises(Unavailable):
            Provider(replace(openid, issuer=issuer)).address_for(SECRET)


def test_without_settings_no_provider_is_offered(office: Office) -> None:
    with visiting(office.installation) as person:
        assert "/sign-in/openid" not in person.open("/sign-in").answer.text
        assert person.ask("/sign-in/openid").status_code == 403


def test_a_provider_is_named_whole_and_its_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    named = {"REBILL_OPENID_ISSUER": "https://identity.example", "REBILL_OPENID_CLIENT_ID": "rebill"}
    with pytest.raises(Invalid, match="REBILL_OPENID_REDIRECT_URL, REBILL_OPENID_CLIENT_SECRET"):
        Settings.from_environment(named)
    file = tmp_path / "secret"
    file.write_text("of the file\n", encoding="utf-8")
    whole = {**named, "REBILL_OPENID_REDIRECT_URL": BACK, "REBILL_OPENID_CLIENT_SECRET_FILE": str(file)}
    settings = Settings.from_environment(whole)
    assert settings.openid == OpenIdSettings("https://identity.example", "rebill", "of the file", BACK)
    assert "of the file" not in repr(settings)
    for address in ("http://identity.example", "ftp://identity.example", "https://", "identity.example"):
        with pytest.raises(Invalid, match="https address"):
            Settings.from_environment({**whole, "REBILL_OPENID_ISSUER": address})
    with pytest.raises(Invalid, match="cannot be read"):
        Settings.from_environment({**whole, "REBILL_OPENID_CLIENT_SECRET_FILE": str(tmp_path / "missing")})
