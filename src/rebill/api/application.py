"""The partner API as an ASGI application: one place that asks every question in the promised order.

Key 401, path 404, method 405, rate 429, role 403, id in the path 404, size 413, media type and body 422, then
what the call means. The first that fails answers.
"""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebill.api.answers import WITHOUT_BODY, Answer
from rebill.api.audit_keeping import AuditKeeping
from rebill.api.authentication import presented_key
from rebill.api.call_limit import allowance_headers, too_many_calls
from rebill.api.call_reading import read_call
from rebill.api.compression import Compression
from rebill.api.delivery_keeping import DeliveryKeeping
from rebill.api.entity_tags import revalidated
from rebill.api.errors import (
    AddressTooLong,
    BodyTooLarge,
    MethodNotAllowed,
    Unauthorised,
    failure_answer,
    refusal_answer,
)
from rebill.api.exchange import CUSTOMER_ID, Exchange
from rebill.api.idempotency import answer_once, is_done_once
from rebill.api.openapi import openapi_document
from rebill.api.query import query_pairs
from rebill.api.route import Route
from rebill.api.routes import ROUTES, Match, RouteTable, unknown_path
from rebill.api.shapes import require_shape
from rebill.api.surroundings import Surroundings
from rebill.api.telemetry import Telemetry
from rebill.api.texts import read_id
from rebill.api.threads import in_thread
from rebill.api.wire_reading import CallerGone, ComingBody
from rebill.model.errors import Forbidden, Invalid, NotFound, Refusal, Unavailable
from rebill.model.party import Caller
from rebill.services.acting.acts_once import ActsOnce
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import allows
from rebill.services.callers.count_calls import CallCount
from rebill.services.callers.key_use import KeyUses
from rebill.services.callers.sign_in import caller_of
from rebill.services.parties.read_customers import get_customer, require_customer_ever, unknown_customer
from rebill.services.trials.dry_run_price_book import interrupt_dry_runs

GREATEST_ADDRESS_LENGTH = 4000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def application(
    installation: Installation, routes: Sequence[Route] = ROUTES, telemetry: Telemetry | None = None
) -> ASGIApp:
    """The partner API (or other ``routes``) on ``installation``: an ASGI application for any server.

    ``telemetry``: where its requests are logged and counted, where that is shared.
    """
    surroundings = Surroundings(installation, telemetry or Telemetry(), cache(lambda: openapi_document(routes)))
    return Compression(PartnerApi(surroundings, RouteTable(routes)))


class PartnerApi:
    """Answers every request, whatever happens."""

    def __init__(self, surroundings: Surroundings, table: RouteTable) -> None:
        self._surroundings = surroundings
        self._installation = surroundings.installation
        self._table = table
        self._key_uses = KeyUses(surroundings.installation)
        self._call_count = CallCount(surroundings.installation)
        self._acts_once = ActsOnce(surroundings.installation)
        self._audit = AuditKeeping(surroundings.installation, surroundings.telemetry)
        self._deliveries = DeliveryKeeping(surroundings.installation, surroundings.telemetry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        exchange = self._begin(scope)
        try:
            answer = await self._answer_to(exchange, receive)
        except CallerGone:
            return
        self._audit.answered(exchange)
        await self._send(exchange, answer, send)
        await self._remember_use(exchange)

    async def _remember_use(self, exchange: Exchange) -> None:
        """Remember that the caller's key was used: after the answer is sent, so that nobody waits for it."""
        caller, uses = exchange.caller, self._key_uses
        if caller is None or not uses.is_due(caller):
            return
        try:
            await in_thread(lambda: uses.remember(caller))
        except Unavailable as refusal:
            self._surroundings.telemetry.refused(refusal, exchange.request_id, exchange.presented.everything)
        except Exception as error:  # noqa: BLE001 - the call is answered; whatever went wrong beside it is only logged
            self._surroundings.telemetry.failed(error, exchange.request_id, exchange.presented.everything)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        with self._installation.database.watched():
            async with self._audit.sealing(), self._deliveries.delivering():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await in_thread(lambda: interrupt_dry_runs(self._installation))
            self._installation.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _begin(self, scope: Scope) -> Exchange:
        headers = Headers(scope=scope)
        pairs = query_pairs(scope.get("query_string", b""))
        key_in_query = self._installation.settings.api_key_in_query
        presented = presented_key(headers.getlist("authorization"), pairs, key_in_query)
        wanted_id = headers.get("x-request-id", "")
        is_kept = _REQUEST_ID.fullmatch(wanted_id) is not None and not presented.is_part(wanted_id)
        return Exchange(scope, headers, pairs, presented, wanted_id if is_kept else secrets.token_hex(16))

    async def _answer_to(self, exchange: Exchange, receive: Receive) -> Answer:
        keys = exchange.presented.everything
        telemetry = self._surroundings.telemetry
        try:
            return await self._checked_answer(exchange, receive)
        except Refusal as refusal:
            if isinstance(refusal, Unavailable):
                telemetry.refused(refusal, exchange.request_id, keys)
            await self._audit.refused(exchange, refusal)
            return refusal_answer(refusal, exchange.request_id, keys)
        except CallerGone:
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged with its trace, answered as 500
            telemetry.failed(error, exchange.request_id, keys)
            return failure_answer(exchange.request_id)

    async def _checked_answer(self, exchange: Exchange, receive: Receive) -> Answer:
        match = None if exchange.hides_slash else self._table.match(exchange.scope["path"])
        exchange.path_template = match.path if match else None
        route = match.route(exchange.method) if match else None
        body = ComingBody(receive, exchange.headers)
        if route is None or route.body is None or await body.is_there():
            # One turn of a thread for all of it: every further one waits among those of the other callers.
            sent = await self._body(exchange, route, body)
            answer = await in_thread(lambda: self._carry_out_once(exchange, self._admit(exchange, match), sent))
        else:
            admitted = await in_thread(lambda: self._admit(exchange, match))
            sent = await self._body(exchange, admitted, body)
            answer = await in_thread(lambda: self._carry_out_once(exchange, admitted, sent))
        if exchange.caller is None or exchange.route is None or exchange.route.changes:
            return answer
        return revalidated(answer, exchange.caller, exchange.headers.getlist("if-none-match"))

    async def _body(self, exchange: Exchange, route: Route | None, body: ComingBody) -> bytes:
        if route is None or route.body is None:
            return b""
        try:
            return await body.taken_in(route.greatest_body_bytes)
        except BodyTooLarge:
            await in_thread(lambda: self._require_ids_of_path(exchange, route))
            raise

    def _admit(self, exchange: Exchange, match: Match | None) -> Route:
        """The route of a request that passes every check before its body; what each finds stands in ``exchange``."""
        if match is None or not match.is_open:
            exchange.caller = replace(self._sign_in(exchange.presented.key), occasion=exchange.occasion)
        self._require_short_address(exchange)
        if match is None:
            raise unknown_path(exchange.scope["path"])
        route = match.route(exchange.method)
        if route is None:
            raise MethodNotAllowed(match.allowed)
        exchange.route = route
        exchange.asked_ids = {name: read_id(text) for name, text in match.id_texts.items()}
        self._count(exchange)
        self._require_role(exchange.caller, route)
        exchange.ids = _path_ids(match, exchange.caller)
        self._read_filter(exchange, route)
        return route

    def _sign_in(self, key: str) -> Caller:
        """Who calls. What is no key at all takes the same way, and so the same time, as a wrong one."""
        try:
            caller = caller_of(self._installation, key)
        except Unavailable:
            if key:
                raise
            caller = None
        if caller is None:
            raise Unauthorised
        return caller

    def _count(self, exchange: Exchange) -> None:
        """Count the call against the limit of its key, where there is one."""
        caller, count = exchange.caller, self._call_count
        if caller is None or not count.is_limited:
            return
        exchange.allowance = count.count(caller)
        if exchange.allowance is not None and exchange.allowance.is_refused:
            raise too_many_calls(exchange.allowance)

    def _require_short_address(self, exchange: Exchange) -> None:
        query = exchange.scope.get("query_string", b"")
        if len(exchange.raw_path) + (len(query) + 1 if query else 0) > GREATEST_ADDRESS_LENGTH:
            raise AddressTooLong(GREATEST_ADDRESS_LENGTH)

    @staticmethod
    def _require_role(caller: Caller | None, route: Route) -> None:
        if route.permission is None or caller is None or allows(caller.role, route.permission):
            return
        words = caller.role.replace("_", " ")
        article = "An" if words.startswith(("a", "o")) else "A"
        raise Forbidden("forbidden", f"{article} {words} key may not make this call: use a key with a stronger role.")

    def _read_filter(self, exchange: Exchange, route: Route) -> None:
        """Read ``?client_api_id=``: of a customer of this caller, and the path's where that names one."""
        given = [value for name, value in exchange.pairs if name == CUSTOMER_ID]
        if not given or exchange.caller is None:
            return
        self._require_customer_of_path(exchange, route)
        wanted = read_id(given[-1])
        of_path = exchange.ids.get(CUSTOMER_ID)
        if wanted is None:
            raise unknown_customer(None, exchange.caller.customer_id)
        if wanted != of_path:
            # What a deleted customer was billed for can still be asked for.
            require_customer_ever(self._installation, exchange.caller, wanted)
        if of_path is not None and wanted != of_path:
            require_shape({CUSTOMER_ID: "differs from the customer in the path"})
        exchange.filter_customer_id = wanted

    def _carry_out_once(self, exchange: Exchange, route: Route, body: bytes) -> Answer:
        """Carry out the call, unless its ``Idempotency-Key`` says that it was already."""
        caller = exchange.caller
        if caller is None or not is_done_once(exchange, route):
            return self._carry_out(exchange, route, body)
        return answer_once(
            self._acts_once, exchange, route, caller, body, lambda: self._carry_out(exchange, route, body)
        )

    def _carry_out(self, exchange: Exchange, route: Route, body: bytes) -> Answer:
        try:
            return route.handler(read_call(self._surroundings, exchange, route, body))
        except Invalid:
            # An id in the path that names nothing comes before what is wrong with parameters or body. It is asked
            # for only now, so that a sound call needs no further question to the database.
            self._require_ids_of_path(exchange, route)
            raise

    def _require_ids_of_path(self, exchange: Exchange, route: Route) -> None:
        self._require_customer_of_path(exchange, route)
        if route.path_check is not None and exchange.caller is not None:
            route.path_check(self._installation, exchange.caller, exchange.ids)

    def _require_customer_of_path(self, exchange: Exchange, route: Route) -> None:
        if CUSTOMER_ID not in exchange.ids:
            return
        if exchange.caller is None:
            raise AssertionError("an open route names no customer")
        customer_id = exchange.ids[CUSTOMER_ID]
        if route.knows_deleted:
            require_customer_ever(self._installation, exchange.caller, customer_id)
        else:
            get_customer(self._installation, exchange.caller, customer_id, exchange.asks_for_deleted)

    async def _send(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": answer.status, "headers": []}
        headers = MutableHeaders(scope=start)
        if answer.status not in WITHOUT_BODY:
            headers["Content-Type"] = answer.media_type
            headers["Content-Length"] = str(len(answer.body))
        headers["X-Request-Id"] = exchange.request_id
        headers["Cache-Control"] = "private, no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        headers.update(allowance_headers(exchange.allowance))
        for name, value in answer.headers.items():
            headers[name] = value
        # Logged before it is sent: who has the answer can rely on the line being there.
        seconds = time.perf_counter() - exchange.started
        telemetry = self._surroundings.telemetry
        facts = {**exchange.facts, **answer.facts}
        telemetry.answered(exchange.method, exchange.path_template, answer.status, seconds, facts)
        await send(start)
        # Also to HEAD: its headers are those of GET, and who compresses takes the body out.
        await send({"type": "http.response.body", "body": answer.body})


def _path_ids(match: Match, caller: Caller | None) -> dict[str, int]:
    ids = {}
    for name, text in match.id_texts.items():
        number = read_id(text)
        if number is None and name == CUSTOMER_ID:
            raise unknown_customer(None, None if caller is None else caller.customer_id)
        if number is None:
            raise NotFound("not_found", "There is nothing of this id.")
        ids[name] = number
    return ids
