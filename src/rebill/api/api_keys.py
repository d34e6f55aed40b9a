"""API keys: create, list, show, rotate, revoke. A key is shown when it is made, and never again."""

from collections.abc import Mapping
from datetime import timedelta

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.caller_shapes import IssuedKeyAnswer, KeyAnswer, KeyList, NewKeyBody, RotationBody
from rebill.api.paging import list_answer, page_of
from rebill.api.resource import Resource
from rebill.api.route import Route
from rebill.model.audit import Act
from rebill.services.acting.permission import Permission
from rebill.services.callers.keys import (
    create_key_of_user,
    expiry_faults,
    get_key,
    list_keys,
    new_key_faults,
    revoke_key,
    rotate_key,
)

_KEY_ID = "api_key_id"


def create(call: Call) -> Answer:
    """A key of a user. The answer is the only one that ever shows `api_key`: keep it.

    Without `role` it may what its user may; it cannot be stronger than that, nor than the key that asks.
    """
    new = call.body_as(NewKeyBody).new_key()
    issued = create_key_of_user(call.installation, call.caller, new, call.filter_customer_id)
    return Answer.json(201, IssuedKeyAnswer.of_issued(issued))


def list_all(call: Call) -> Answer:
    """The keys without their secrets, dead ones too."""
    listing = list_keys(call.installation, call.caller, page_of(call.parameters), call.filter_customer_id)
    return list_answer(call, KeyList(api_keys=[KeyAnswer.of(key) for key in listing.items]), listing)


def get(call: Call) -> Answer:
    """One key without its secret."""
    key = get_key(call.installation, call.caller, call.ids[_KEY_ID], call.filter_customer_id)
    return Answer.json(200, KeyAnswer.of(key))


def rotate(call: Call) -> Answer:
    """A new key of the same user, with the same name and role, in place of this one.

    `overlap_seconds` is how long the old key lives on beside it. A key that has ended cannot be rotated (409).
    """
    asked = call.body_as(RotationBody)
    issued = rotate_key(
        call.installation,
        call.caller,
        call.ids[_KEY_ID],
        timedelta(seconds=asked.overlap_seconds),
        asked.expires_at,
        call.filter_customer_id,
    )
    return Answer.json(201, IssuedKeyAnswer.of_issued(issued))


def revoke(call: Call) -> Answer:
    """The key is dead at once. What would leave the partner no admin key is 409."""
    revoke_key(call.installation, call.caller, call.ids[_KEY_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _new_faults(call: Call) -> Mapping[str, str]:
    return new_key_faults(call.installation, call.caller, call.body_as(NewKeyBody).new_key())


def _rotation_faults(call: Call) -> Mapping[str, str]:
    return expiry_faults(call.installation, call.caller, call.body_as(RotationBody).expires_at)


KEYS = Resource(
    "/v1/api_keys",
    _KEY_ID,
    KeyAnswer,
    KeyList,
    "/api_keys/0/id",
    Permission.READ_ADMINISTRATION,
    Permission.ADMINISTER,
    found=get_key,
)
ROUTES = (
    KEYS.created(
        create,
        "Create an API key",
        Act.CREATE_KEY,
        NewKeyBody,
        answers={201: IssuedKeyAnswer},
        shows_key=True,
        value_faults=_new_faults,
    ),
    KEYS.listed(list_all, "List API keys"),
    KEYS.shown(get, "Show an API key"),
    Route(
        "POST",
        f"{KEYS.one}/rotate",
        KEYS.changes,
        rotate,
        "Create an API key in place of another",
        {201: IssuedKeyAnswer},
        body=RotationBody,
        act=Act.ROTATE_KEY,
        may_conflict=True,
        shows_key=True,
        body_optional=True,
        value_faults=_rotation_faults,
        path_check=KEYS.path_check,
    ),
    KEYS.deleted(revoke, "Revoke an API key", Act.REVOKE_KEY, may_conflict=True),
)
