"""The pages as an ASGI application: who asks, whether the form is theirs, whether they may, then the page.

A fault anywhere ends in a page that says what to do next; what was typed into a form is never lost by a session's end.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import quote

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Receive, Scope, Send

from rebill.console.answering import (
    Answer,
    of_asset,
    of_download,
    of_failure,
    of_icon,
    of_page,
    of_redirect,
    of_refusal,
)
from rebill.console.asset_files import ICON, PREFIX, assets
from rebill.console.before_visitors import prepare_pages
from rebill.console.form_reading import read_form
from rebill.console.once import done_once
from rebill.console.portal_wording import LANGUAGES
from rebill.console.protection import (
    LANGUAGE_COOKIE,
    SAID_COOKIE,
    SESSION_COOKIE,
    is_form_token,
    is_from_elsewhere,
    own_path,
    unpacked_said,
    without_key,
)
from rebill.console.query_reading import read_query
from rebill.console.route import PageRoute, matching
from rebill.console.routes import ROUTES
from rebill.console.signing_in import SIGN_IN, SIGN_OUT, WAYS, SigningIn
from rebill.console.visit import Download, Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.errors import Forbidden, NotFound, Refusal, Unavailable
from rebill.model.party import Channel, Occasion
from rebill.services.acting.acts_once import ActsOnce
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import allows
from rebill.services.callers.web_sessions import session_of_token
from rebill.services.keeping.audit_sealing import seal_partner

Result = TypeVar("Result")


class RequestLog(Protocol):
    """Where requests are counted and logged: the server's, which both faces share."""

    def answered(
        self, method: str, route: str | None, status: int, seconds: float, facts: Mapping[str, object]
    ) -> None: ...

    def failed(self, error: BaseException, request_id: str, presented_keys: Sequence[str]) -> None: ...


class Console:
    """The console and the portal on one installation."""

    def __init__(self, installation: Installation, log: RequestLog, routes: Sequence[PageRoute] = ROUTES) -> None:
        self._installation = installation
        self._log = log
        self._routes = routes
        self._acts_once = ActsOnce(installation)
        self._signing_in = SigningIn(installation)
        self._places = {
            _first_part(one) for one in (SIGN_IN, SIGN_OUT, PREFIX, ICON, *(route.path for route in routes))
        }
        assets()

    def has(self, path: str) -> bool:
        """Whether ``path`` lies among the pages, and not in the API, which takes doubled slashes too."""
        return not path.startswith("//") and _first_part(path) in self._places

    def prepare(self) -> None:
        """Do what the first visitors would wait for; what goes wrong is theirs to be told, if it still does then."""
        try:
            prepare_pages(self._installation)
        except Refusal:
            return
        except Exception as error:  # noqa: BLE001 - a server that answers slowly at first is better than none
            self._log.failed(error, "", ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = secrets.token_hex(16)
        method, path = scope["method"], scope["path"]
        found = matching(self._routes, path)
        try:
            answer = await self._answer(scope, receive, request_id)
        except Refusal as refusal:
            answer = of_refusal(refusal, Visit(self._installation, method, path, language=_language(scope)))
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged with its trace, answered as 500
            self._log.failed(error, request_id, ())
            answer = of_failure(request_id)
        template = found[0][0].path if found else f"/{_first_part(path)}" if self.has(path) else None
        seconds = time.perf_counter() - started
        facts = {"request_id": request_id, "face": "console", **answer.facts}
        self._log.answered(method, template, answer.status, seconds, facts)
        await answer.send(send, method == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        headers, path = Headers(scope=scope), scope["path"]
        if path.startswith(PREFIX):
            return of_asset(path.removeprefix(PREFIX))
        if path == ICON:
            return of_icon()
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        cookies = cookie_parser(headers.get("cookie", ""))
        query_string = scope.get("query_string", b"").decode("latin-1")
        visit = Visit(
            self._installation,
            method,
            without_key(path + (f"?{query_string}" if query_string else "")),
            read_query(query_string),
            request_id=request_id,
            is_partial="hx-request" in headers,
            language=_language(scope),
        )
        is_secure = scope.get("scheme") == "https"
        token = cookies.get(SESSION_COOKIE, "")
        if path in WAYS:
            form = await _form(scope, receive, method, takes_files=False)
            visit = replace(visit, form=form)
            return await _in_thread(lambda: self._signing_in.answer(visit, headers, cookies, is_secure))
        session = await _in_thread(lambda: session_of_token(self._installation, token))
        if session is None and method == "GET":
            return of_redirect(f"{SIGN_IN}?next={quote(visit.path, safe='')}", is_secure, partial=visit.is_partial)
        visit = replace(visit, session=session)
        try:
            route, ids = _chosen(matching(self._routes, path), method)
        except NotFound as refusal:
            return await _in_thread(partial(of_refusal, refusal, visit))
        form = await _form(scope, receive, method, route.takes_files)
        visit = replace(visit, form=form, ids=ids)
        if session is None:
            # What another site sent is not kept: nobody here typed it.
            kept = Fields() if is_from_elsewhere(headers) else form
            return await _in_thread(
                lambda: self._signing_in.after_the_end(replace(visit, form=kept), is_secure, cookies)
            )
        occasion = Occasion(Channel.CONSOLE, request_id=request_id, reason=form.text("reason"))
        visit = replace(visit, caller_with_occasion=replace(session.caller, occasion=occasion))
        said = unpacked_said(cookies.get(SAID_COOKIE, ""))
        try:
            self._require_allowed(visit, route)
            if method == "POST":
                _require_own_form(visit, headers)
            answer = await _in_thread(lambda: self._handled(visit, route))
        except Refusal as refusal:
            await _in_thread(partial(self._record, visit, route, refusal))
            return await _in_thread(partial(of_refusal, refusal, visit))
        finally:
            if method == "POST":
                await _in_thread(lambda: self._seal(visit))
        return await _in_thread(lambda: _told(answer, visit, route, said, is_secure))

    def _handled(self, visit: Visit, route: PageRoute) -> PageAnswer:
        is_once = visit.method == "POST" and not route.long and visit.form.has("once")
        if is_once and route.ahead is not None:
            visit = replace(visit, found_ahead=route.ahead(visit))
        answer = done_once(self._acts_once, visit, route) if is_once else route.handler(visit)
        # A form that is shown again says itself why it was refused.
        refusal = answer.values.get("refusal") if isinstance(answer, Page) else None
        if isinstance(refusal, Refusal):
            self._record(visit, route, refusal)
        return answer

    @staticmethod
    def _require_allowed(visit: Visit, route: PageRoute) -> None:
        role = visit.caller.role
        if route.for_customers is not visit.is_customers and route.path != "/":
            # Where the other face has its pages looks like nothing at all.
            raise _no_page()
        if not allows(role, route.permission):
            words = role.value.replace("_", " ")
            raise Forbidden("forbidden", f"Your role ({words}) does not allow this: ask an administrator.")

    def _record(self, visit: Visit, route: PageRoute, refusal: Refusal) -> None:
        """Tell the audit trail of an act that was refused."""
        if route.act is None or visit.method != "POST" or isinstance(refusal, Unavailable):
            return
        subject = next(reversed(list(visit.ids.values())), None)
        try:
            record_refused(self._installation, visit.caller, route.act, subject, refusal, visit.ids.get("customer_id"))
        except Exception as error:  # noqa: BLE001 - whatever fails here must not take the place of the refusal
            self._log.failed(error, visit.request_id, ())

    def _seal(self, visit: Visit) -> None:
        try:
            seal_partner(self._installation, visit.caller.partner_id)
        except Unavailable:
            return  # whoever comes next seals it
        except Exception as error:  # noqa: BLE001 - sealing must never take the place of the answer
            self._log.failed(error, visit.request_id, ())


def is_from_browser(scope: Scope) -> bool:
    """Whether somebody wants to see a page: programs that call the API do not ask for HTML."""
    return scope["method"] in ("GET", "HEAD") and "text/html" in Headers(scope=scope).get("accept", "").lower()


def _told(answer: PageAnswer, visit: Visit, route: PageRoute, said: str, is_secure: bool) -> Answer:
    match answer:
        case Page():
            return of_page(answer, visit, route.section, said, is_secure)
        case Redirect():
            return of_redirect(own_path(answer.to), is_secure, answer.said, visit.is_partial)
        case Download():
            return of_download(answer)


def _require_own_form(visit: Visit, headers: Headers) -> None:
    token = "" if visit.session is None else visit.session.token
    if is_from_elsewhere(headers) or not is_form_token(token, visit.form.text("form_token")):
        raise Forbidden(
            "form_not_ours",
            "Nothing was done: this form was not shown in your present session. Go back, load the page anew, and "
            "send it again.",
        )


def _chosen(found: Sequence[tuple[PageRoute, Mapping[str, int]]], method: str) -> tuple[PageRoute, Mapping[str, int]]:
    if not found:
        raise _no_page()
    for route, ids in found:
        if route.method == method:
            return route, ids
    raise NotFound("page_not_found", "This address only takes a form: go to its page and send it from there.")


def _first_part(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else path


def _no_page() -> NotFound:
    return NotFound("page_not_found", "There is no such page: the navigation leads to those that there are.")


def _language(scope: Scope) -> str:
    kept = cookie_parser(Headers(scope=scope).get("cookie", "")).get(LANGUAGE_COOKIE, "")
    return kept if kept in LANGUAGES else ""


async def _form(scope: Scope, receive: Receive, method: str, takes_files: bool) -> Fields:
    if method != "POST":
        return Fields()
    return await read_form(scope, receive, takes_files)


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await anyio.to_thread.run_sync(work)
