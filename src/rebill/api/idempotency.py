"""``Idempotency-Key``: a POST that is repeated with its key is done once, and answered alike each time."""

import hashlib
import json
import re
from collections.abc import Callable

from starlette.datastructures import Headers

from rebill.api.answers import Answer
from rebill.api.authentication import KEY_PARAMETER
from rebill.api.errors import refusal_answer
from rebill.api.exchange import Exchange
from rebill.api.route import Route
from rebill.model.errors import Invalid
from rebill.model.kept_answer import KeptAnswer
from rebill.model.party import Caller
from rebill.services.acting.acts_once import ActsOnce

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_faults(headers: Headers) -> dict[str, str]:
    """What is wrong with the key of a request that has one."""
    given = headers.getlist(HEADER)
    if len(given) > 1:
        return {HEADER: "is given twice"}
    if given and _KEY.fullmatch(given[0]) is None:
        return {HEADER: "must be 1 to 255 visible characters of ASCII"}
    return {}


def is_done_once(exchange: Exchange, route: Route) -> bool:
    """Whether the request has a key that counts: PUT and DELETE can be repeated without."""
    return route.takes_idempotency_key and HEADER in exchange.headers and not idempotency_faults(exchange.headers)


def answer_once(
    acts: ActsOnce, exchange: Exchange, route: Route, caller: Caller, body: bytes, act: Callable[[], Answer]
) -> Answer:
    """What ``act`` answers, or answered to the same request before.

    Kept is what says done, and what says that something is wrong with the request (422, which ``act`` raises).
    """
    told: list[Answer | Invalid] = []
    body_sha256 = _sha256(body)

    def kept() -> KeptAnswer:
        try:
            answer = act()
            told.append(answer)
            shown = None if route.shows_key else answer.body
        except Invalid as refusal:
            answer = refusal_answer(refusal, exchange.request_id, exchange.presented.everything)
            told.append(refusal)
            shown = answer.body
        return KeptAnswer(body_sha256, answer.status, answer.headers, answer.media_type, shown)

    before = acts.do(caller, _request_sha256(exchange, caller), body_sha256, kept)
    if before is not None and before.body is not None:
        return Answer(before.status, before.body, {**before.headers, REPLAYED: "true"}, before.media_type)
    (outcome,) = told
    if isinstance(outcome, Invalid):
        raise outcome
    return outcome


def _request_sha256(exchange: Exchange, caller: Caller) -> str:
    """What makes a request the same: who asks, for what, and the key. The API key and the order of the query do not."""
    query = sorted(pair for pair in exchange.pairs if pair[0] != KEY_PARAMETER)
    parts = [caller.partner_id, caller.user_id, exchange.method, exchange.path, query, exchange.headers[HEADER]]
    return _sha256(json.dumps(parts).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
