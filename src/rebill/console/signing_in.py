"""Signing in and out; and a form that was sent after its session ended, kept until its sender is back."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote

from starlette.datastructures import Headers

from rebill.console.answering import Answer, of_departure, of_page, of_redirect, of_refusal
from rebill.console.field_labels import LABELS, labelled
from rebill.console.portal_wording import LANGUAGES, refusal_words
from rebill.console.protection import (
    LANGUAGE_COOKIE,
    OPENID_COOKIE,
    PARTNER_COOKIE,
    SESSION_COOKIE,
    SIGN_IN_COOKIE,
    cookie,
    form_token,
    is_form_of,
    is_form_token,
    is_from_elsewhere,
    own_path,
)
from rebill.console.route import matching
from rebill.console.routes import ROUTES
from rebill.console.visit import Fields, Page, Visit
from rebill.documents.wording import wording_of
from rebill.model.errors import Forbidden, TooMany, Unavailable
from rebill.model.party import Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.openid_sign_in import OpenIdSignIn, SeveralPartners
from rebill.services.callers.web_sessions import (
    GREATEST_AGE,
    WebSession,
    begin_with_key,
    begin_with_password,
    end_session_of_token,
    session_of_token,
)
from rebill.services.parties.portal_look import portal_look

SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
OPENID: Final = "/sign-in/openid"
OPENID_BACK: Final = "/sign-in/openid/back"
WAYS: Final = (SIGN_IN, SIGN_OUT, OPENID, OPENID_BACK)
"""The paths that are answered whoever asks."""
_OPENID_SECONDS: Final = 600
_YEAR_SECONDS: Final = 365 * 24 * 3600
KEPT: Final = "kept:"
"""Before the names of the fields of a form that waits for its sender to sign in."""
KEPT_FILE: Final = "kept-file:"
"""Before the names of its fields with files: of a file its name alone can be kept."""
_NOBODYS_NUMBER: Final = 0
"""Of no partner: what was typed is no number at all."""
_TYPED: Final = "typed"
"""In place of where somebody wants to go: a form waits for them in another tab."""
_NOT_KEPT: Final = ("once", "password")
"""What belongs to the form that was sent, and what is typed again rather than shown."""
_OF_SOMEBODY_ELSE: Final = (
    "A form of somebody else had been sent from this browser. It was dropped, and nothing of it was done."
)
_TYPED_WAITS: Final = "You are signed in. What you typed waits in the other tab: go on there."


class SigningIn:
    """The sign-in page, and the way out."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._openid = OpenIdSignIn(installation)

    def answer(self, visit: Visit, headers: Headers, cookies: Mapping[str, str], is_secure: bool) -> Answer:
        """The answer to one of ``WAYS``."""
        path = visit.path.split("?")[0]
        if path == SIGN_OUT:
            return self._signed_out(visit, headers, cookies, is_secure)
        if path in (OPENID, OPENID_BACK):
            return self._by_openid(visit, cookies, is_secure, is_back=path == OPENID_BACK)
        if visit.method != "POST":
            return self._shown(visit, is_secure, cookies, own_path(visit.query.text("next", "/")))
        return self._signed_in(visit, headers, cookies, is_secure)

    def after_the_end(self, visit: Visit, is_secure: bool, cookies: Mapping[str, str]) -> Answer:
        """The sign-in page for a form whose session ended: what was typed stays in it."""
        sentence = "Your session has ended. Sign in again: what you typed is kept."
        if visit.form.files:
            sentence += " Files are not: choose them again."
        names = [name for name in visit.form.values if name not in _NOT_KEPT]
        kept = {f"{KEPT}{name}": visit.form.values[name] for name in names}
        kept |= {f"{KEPT_FILE}{name}": [file.name] for name, file in visit.form.files.items()}
        kept_visit = replace(visit, form=Fields(kept))
        return self._shown(kept_visit, is_secure, cookies, visit.path, sentence, 401)

    def _shown(
        self,
        visit: Visit,
        is_secure: bool,
        cookies: Mapping[str, str],
        next_path: str,
        sentence: str = "",
        status: int = 200,
    ) -> Answer:
        secret = cookies.get(SIGN_IN_COOKIE) or secrets.token_hex(16)
        kept = [
            (name, value)
            for name, values in visit.form.values.items()
            if name.startswith((KEPT, KEPT_FILE))
            for value in values
        ]
        values = {
            "next": next_path,
            "sentence": sentence,
            "sign_in_token": form_token(secret),
            "kept": kept,
            "sign_in_name": visit.form.text("sign_in_name"),
            "partner_number": _partner_number(visit, cookies),
            # Who only signed in here before is asked there: one person may be a user of several partners.
            "openid_partner": visit.query.number("partner") or "",
            "openid_label": self._openid.label if self._openid.is_offered else "",
        }
        answer = of_page(Page("sign_in.html", values, status), replace(visit, session=None))
        return _with_cookie(answer, cookie(SIGN_IN_COOKIE, secret, is_secure))

    def _signed_in(self, visit: Visit, headers: Headers, cookies: Mapping[str, str], is_secure: bool) -> Answer:
        form = visit.form
        next_path = own_path(form.text("next", "/"))
        secret = cookies.get(SIGN_IN_COOKIE, "")
        if is_from_elsewhere(headers) or not is_form_token(secret, form.text("sign_in_token")):
            return self._shown(visit, is_secure, cookies, next_path, "Please sign in here.", 403)
        try:
            session = self._begin(form, cookies.get(SESSION_COOKIE, ""))
        except TooMany as refusal:
            sentence = refusal_words(refusal) if visit.language else refusal.message
            return self._shown(visit, is_secure, cookies, next_path, sentence, 429)
        if session is None:
            sentence = "That is no key or password that opens anything. Nothing else is said, for safety."
            if form.has("go_on"):
                sentence = "You are not signed in here yet: what you typed is kept."
            return self._shown(visit, is_secure, cookies, next_path, sentence, 401)
        kept = _kept_fields(form, KEPT)
        if not kept.values:
            answer = of_redirect(_place_of(session, next_path), is_secure)
        elif is_form_of(session.holder, kept.text("form_token")):
            chosen = _kept_fields(form, KEPT_FILE)
            answer = _continued(replace(visit, session=session, form=kept, path=next_path), chosen)
        else:
            answer = of_redirect("/", is_secure, _OF_SOMEBODY_ELSE)
        return _with_cookie(self._known(answer, session, is_secure), cookie(SIGN_IN_COOKIE, "", is_secure, 0))

    def _by_openid(self, visit: Visit, cookies: Mapping[str, str], is_secure: bool, is_back: bool) -> Answer:
        """To the identity provider, or back from it; whatever goes wrong there is said on the sign-in page."""
        try:
            return self._back(visit, cookies, is_secure) if is_back else self._sent(visit, is_secure)
        except Forbidden as refusal:
            sentence, status = refusal.message, 403
        except Unavailable as refusal:
            sentence, status = refusal.message, 503
        answer = self._shown(visit, is_secure, cookies, "/", sentence, status)
        return _with_cookie(answer, cookie(OPENID_COOKIE, "", is_secure, 0))

    def _sent(self, visit: Visit, is_secure: bool) -> Answer:
        secret, address = self._openid.begin()
        wanted = visit.query.text("next", "/")
        place = _TYPED if wanted == _TYPED else quote(own_path(wanted), safe="")
        kept = f"{secret}.{visit.query.number('partner') or ''}.{place}"
        return _with_cookie(of_departure(address), cookie(OPENID_COOKIE, kept, is_secure, _OPENID_SECONDS))

    def _back(self, visit: Visit, cookies: Mapping[str, str], is_secure: bool) -> Answer:
        secret, _, wanted = cookies.get(OPENID_COOKIE, "").partition(".")
        partner, _, next_path = wanted.partition(".")
        query, former = visit.query, cookies.get(SESSION_COOKIE, "")
        partner_id = Fields({"partner": [partner]}).number("partner")
        state, code, issuer = query.text("state"), query.text("code"), query.text("iss")
        session = self._openid.end(secret, state, code, issuer, former, partner_id)
        if isinstance(session, SeveralPartners):
            values = {"partners": session.names, "next": unquote(next_path)}
            answer = of_page(Page("choose_partner.html", values), replace(visit, session=None))
            return _with_cookie(answer, cookie(OPENID_COOKIE, "", is_secure, 0))
        if session is None:
            raise Forbidden(
                "openid_nobody",
                "You are known there, but no user here has your address: ask an administrator of the partner.",
            )
        said = _TYPED_WAITS if next_path == _TYPED else ""
        answer = of_redirect(_place_of(session, own_path(unquote(next_path))), is_secure, said)
        return _with_cookie(self._known(answer, session, is_secure), cookie(OPENID_COOKIE, "", is_secure, 0))

    def _known(self, answer: Answer, session: WebSession, is_secure: bool) -> Answer:
        """With the session's cookie, its partner's number, and the language of the customer whose it is."""
        lasts = int(GREATEST_AGE.total_seconds())
        answer = _with_cookie(answer, cookie(SESSION_COOKIE, session.token, is_secure, lasts))
        caller, language = session.caller, ""
        answer = _with_cookie(answer, cookie(PARTNER_COOKIE, str(caller.partner_id), is_secure, _YEAR_SECONDS))
        if caller.customer_id is not None:
            language = wording_of(portal_look(self._installation, caller, caller.customer_id).language).language
        lasts = _YEAR_SECONDS if language in LANGUAGES else 0
        return _with_cookie(answer, cookie(LANGUAGE_COOKIE, language if lasts else "", is_secure, lasts))

    def _begin(self, form: Fields, former_token: str) -> WebSession | None:
        if form.has("go_on"):
            return session_of_token(self._installation, former_token)
        if form.has("api_key"):
            return begin_with_key(self._installation, form.text("api_key"), former_token)
        password = form.values.get("password", ("",))[-1]
        partner_id = form.number("partner_number")
        if partner_id is None and form.has("partner_number"):
            partner_id = _NOBODYS_NUMBER
        return begin_with_password(self._installation, form.text("sign_in_name"), password, former_token, partner_id)

    def _signed_out(self, visit: Visit, headers: Headers, cookies: Mapping[str, str], is_secure: bool) -> Answer:
        token = cookies.get(SESSION_COOKIE, "")
        session = session_of_token(self._installation, token)
        if visit.method != "POST" or session is None:
            return of_redirect(SIGN_IN if session is None else "/", is_secure)
        if is_from_elsewhere(headers) or not is_form_token(token, visit.form.text("form_token")):
            return of_refusal(Forbidden("form_not_ours", "Sign out from a page of this session."), visit)
        end_session_of_token(self._installation, token)
        return _with_cookie(of_redirect(SIGN_IN, is_secure), cookie(SESSION_COOKIE, "", is_secure, 0))


def _partner_number(visit: Visit, cookies: Mapping[str, str]) -> str:
    """What stands in the form: what was typed, else whose page it is, else whose user signed in here last."""
    if "partner_number" in visit.form.values:
        return visit.form.text("partner_number")
    number = visit.query.number("partner") if visit.path.split("?")[0] == SIGN_IN else None
    return str(number or Fields({"partner": [cookies.get(PARTNER_COOKIE, "")]}).number("partner") or "")


def _kept_fields(form: Fields, prefix: str) -> Fields:
    return Fields({name.removeprefix(prefix): given for name, given in form.values.items() if name.startswith(prefix)})


def _continued(visit: Visit, chosen: Fields) -> Answer:
    """Nothing is done by signing in: its sender looks at what was typed, chooses files again, and sends it."""
    sent = [(name, value) for name, values in visit.form.values.items() if name != "form_token" for value in values]
    files = [(name, LABELS.get(name, name), chosen.text(name)) for name in chosen.values]
    values = {"sent": sent, "typed": labelled(visit.form), "files": files, "next": visit.path}
    return of_page(Page("continue.html", values), visit)


def _place_of(session: WebSession, path: str) -> str:
    """``path``, or the start where it lies among the pages of others: its address may name what is theirs."""
    found = matching(ROUTES, path.partition("?")[0])
    is_customers = session.caller.role is Role.CUSTOMER_READ_ONLY
    return path if all(route.for_customers is is_customers for route, _ in found) else "/"


def _with_cookie(answer: Answer, text: str) -> Answer:
    return replace(answer, headers=(*answer.headers, ("Set-Cookie", text)))
