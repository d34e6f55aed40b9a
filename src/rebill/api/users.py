"""Users of the partner and of its customers: create, list, show, change, delete."""

from collections.abc import Mapping

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.caller_shapes import NewUserBody, UserAnswer, UserChangeBody, UserList
from rebill.api.paging import list_answer, page_of
from rebill.api.resource import Resource
from rebill.model.audit import Act
from rebill.services.acting.permission import Permission
from rebill.services.callers.change_user import change_user, user_change_faults
from rebill.services.callers.create_user import create_user
from rebill.services.callers.delete_user import delete_user
from rebill.services.callers.read_users import get_user, list_users
from rebill.services.callers.user_rules import new_user_faults

USER_ID = "user_id"
"""A user, in paths."""


def create(call: Call) -> Answer:
    """A person or a program that is to call the API, of the partner or, with `customer_read_only`, of a customer."""
    new = call.body_as(NewUserBody).new_user()
    return Answer.json(201, UserAnswer.of(create_user(call.installation, call.caller, new)))


def list_all(call: Call) -> Answer:
    """The partner's users and its customers' users; `client_api_id` keeps the list to a customer's."""
    listing = list_users(call.installation, call.caller, page_of(call.parameters), call.filter_customer_id)
    return list_answer(call, UserList(users=[UserAnswer.of(user) for user in listing.items]), listing)


def get(call: Call) -> Answer:
    """One user."""
    user = get_user(call.installation, call.caller, call.ids[USER_ID], call.filter_customer_id)
    return Answer.json(200, UserAnswer.of(user))


def change(call: Call) -> Answer:
    """What is given changes. While a user is disabled its keys are dead, and no key opens more than its user's role.

    What would leave the partner no admin key is 409.
    """
    wanted = call.body_as(UserChangeBody).change()
    user = change_user(call.installation, call.caller, call.ids[USER_ID], wanted, call.filter_customer_id)
    return Answer.json(200, UserAnswer.of(user))


def delete(call: Call) -> Answer:
    """The user is gone, and every key of it is revoked. What would leave the partner no admin key is 409."""
    delete_user(call.installation, call.caller, call.ids[USER_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _new_faults(call: Call) -> Mapping[str, str]:
    return new_user_faults(call.caller, call.body_as(NewUserBody).new_user())


def _change_faults(call: Call) -> Mapping[str, str]:
    wanted = call.body_as(UserChangeBody).change()
    return user_change_faults(call.installation, call.caller, call.ids[USER_ID], wanted)


USERS = Resource(
    "/v1/users",
    USER_ID,
    UserAnswer,
    UserList,
    "/users/0/id",
    Permission.READ_ADMINISTRATION,
    Permission.ADMINISTER,
    found=get_user,
)
ROUTES = (
    USERS.created(create, "Create a user", Act.CREATE_USER, NewUserBody, value_faults=_new_faults),
    USERS.listed(list_all, "List users"),
    USERS.shown(get, "Show a user"),
    USERS.changed(
        change, "Change a user", Act.CHANGE_USER, UserChangeBody, may_conflict=True, value_faults=_change_faults
    ),
    USERS.deleted(delete, "Delete a user", Act.DELETE_USER, may_conflict=True),
)
