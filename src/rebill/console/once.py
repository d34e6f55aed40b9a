"""A form that is sent twice, by a double click or by going back, acts once."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Final

from rebill.console.route import PageRoute
from rebill.console.visit import PageAnswer, Redirect, Visit
from rebill.model.errors import Conflict, Invalid
from rebill.model.kept_answer import KeptAnswer
from rebill.services.acting.acts_once import ActsOnce

_REDIRECT = "rebill/redirect"
_NOT_HASHED = ("form_token", "password")
"""A password is never kept but by its slow hash."""
_UNDER_WAY: Final = "request_under_way"
_WAITED_SECONDS: Final = 10.0
_BETWEEN_SECONDS: Final = 0.1
_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    _UNDER_WAY: (
        "form_under_way",
        "This form was sent before and is still at work: load the page that shows its outcome in a few seconds.",
    ),
    "answer_shown_once": (
        "done_already",
        "This form was sent before and did its work, whose answer is shown once only.",
    ),
    "idempotency_key_reused": (
        "done_already",
        "This form was sent before, filled in otherwise, and did its work: to do more, load its page anew.",
    ),
}
"""What is said of a form, code and sentence, for each refusal that speaks of requests and their keys."""


class _NotDone(Exception):
    """The handler shows its page again: nothing was stored, and nothing is to be kept."""


def done_once(acts: ActsOnce, visit: Visit, route: PageRoute) -> PageAnswer:
    """What the handler answers, or answered when this very form was sent before.

    Only what went on elsewhere is kept: a handler that shows a page has done nothing, or shows a secret.
    """
    told: list[PageAnswer] = []

    def act() -> KeptAnswer:
        answer = route.handler(visit)
        told.append(answer)
        if isinstance(answer, Redirect):
            return KeptAnswer(_body_sha256(visit), 303, {"to": answer.to}, _REDIRECT, answer.said.encode())
        if not route.shows_secret or getattr(answer, "status", 200) != 200:
            raise _NotDone
        return KeptAnswer(_body_sha256(visit), 200, {}, _REDIRECT, None)

    try:
        kept = _waited_for(lambda: acts.do(visit.caller, _request_sha256(visit), _body_sha256(visit), act))
    except _NotDone:
        return told[0]
    except (Conflict, Invalid) as refusal:
        if refusal.code not in _REFUSALS:
            raise
        raise type(refusal)(*_REFUSALS[refusal.code]) from refusal
    if kept is None:
        return told[0]
    return Redirect(kept.headers["to"], (kept.body or b"").decode())


def _waited_for(do: Callable[[], KeptAnswer | None]) -> KeptAnswer | None:
    """What ``do`` answers once the same form, sent before, has ended: who clicked twice sees what came of it.

    Raises ``Conflict`` where that takes longer than somebody waits.
    """
    until = time.monotonic() + _WAITED_SECONDS
    while True:
        try:
            return do()
        except Conflict as refusal:
            if refusal.code != _UNDER_WAY or time.monotonic() > until:
                raise
        time.sleep(_BETWEEN_SECONDS)


def _request_sha256(visit: Visit) -> str:
    caller = visit.caller
    parts = [caller.partner_id, caller.user_id, visit.path, "form", visit.form.text("once")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _body_sha256(visit: Visit) -> str:
    told = {name: list(values) for name, values in visit.form.values.items() if name not in _NOT_HASHED}
    for name, file in visit.form.files.items():
        told[f"file {name}"] = [file.name, hashlib.sha256(file.content).hexdigest()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
