"""How users sign in to the pages: passwords and subjects of the identity provider are set and cleared, never read."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, Nothing
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.route import Route
from rebill.api.shapes import UNREAD, StrictBody, Text
from rebill.api.users import USER_ID, USERS
from rebill.model.audit import Act
from rebill.services.acting.permission import Permission
from rebill.services.callers.openid_sign_in import link_subject, subject_faults, unlink_subject
from rebill.services.callers.passwords import (
    GREATEST_PASSWORD_LENGTH,
    LEAST_PASSWORD_LENGTH,
    clear_password,
    password_faults,
    set_password,
)

_Password = Annotated[
    Text,
    Field(description=f"{LEAST_PASSWORD_LENGTH} to {GREATEST_PASSWORD_LENGTH:,} characters; only a slow hash is kept."),
]


class PasswordBody(StrictBody):
    """A user's password."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"password": UNREAD}
    password: _Password
    sign_in_name: Annotated[Text, Field(description="What the user signs in by; its e-mail address unless given.")] = ""


class SubjectBody(StrictBody):
    """Who a user is at the identity provider."""

    subject: Annotated[Text, Field(description="The provider's own name for the user (`sub`).")]


class SignInNameAnswer(AnswerShape):
    """By which name a user signs in."""

    id: int
    sign_in_name: str
    partner_id: Annotated[int, Field(description="The partner's number: the sign-in page takes both.")]


class SubjectAnswer(AnswerShape):
    """Which subject of the identity provider a user is."""

    id: int
    subject: str


def give_password(call: Call) -> Answer:
    """The user signs in to the pages with this password from now on; sessions that it had are ended.

    A password is never answered, logged or kept as it is.
    """
    body = call.body_as(PasswordBody)
    user_id = call.ids[USER_ID]
    named = set_password(
        call.installation, call.caller, user_id, body.password, body.sign_in_name, call.filter_customer_id
    )
    return Answer.json(200, SignInNameAnswer(id=user_id, sign_in_name=named.name, partner_id=named.partner_id))


def take_password(call: Call) -> Answer:
    """The user has no password any more: its sessions are ended, and its sign-in name is free."""
    clear_password(call.installation, call.caller, call.ids[USER_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def link(call: Call) -> Answer:
    """The user is this subject of the identity provider from now on; sessions that it had are ended.

    For providers that vouch for no e-mail address; 422 where the installation has no provider.
    """
    user_id, subject = call.ids[USER_ID], call.body_as(SubjectBody).subject
    link_subject(call.installation, call.caller, user_id, subject, call.filter_customer_id)
    return Answer.json(200, SubjectAnswer(id=user_id, subject=subject))


def unlink(call: Call) -> Answer:
    """The user is no subject of the identity provider any more, and its sessions are ended."""
    unlink_subject(call.installation, call.caller, call.ids[USER_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _password_faults(call: Call) -> dict[str, str]:
    body = call.body_as(PasswordBody)
    return password_faults(call.installation, call.caller, call.ids[USER_ID], body.password, body.sign_in_name)


def _subject_faults(call: Call) -> dict[str, str]:
    return subject_faults(call.installation, call.caller, call.ids[USER_ID], call.body_as(SubjectBody).subject)


def _sign_in_routes() -> tuple[Route, ...]:
    password, subject, check = f"{USERS.one}/password", f"{USERS.one}/subject", USERS.path_check
    may, gone = Permission.ADMINISTER, {200: Nothing, 204: None}
    named, known = {200: SignInNameAnswer}, {200: SubjectAnswer}
    return (
        Route(
            "PUT",
            password,
            may,
            give_password,
            "Set a user's password",
            named,
            body=PasswordBody,
            value_faults=_password_faults,
            act=Act.SET_PASSWORD,
            path_check=check,
        ),
        Route(
            "DELETE",
            password,
            may,
            take_password,
            "Clear a user's password",
            gone,
            act=Act.CLEAR_PASSWORD,
            path_check=check,
        ),
        Route(
            "PUT",
            subject,
            may,
            link,
            "Link a user to the identity provider",
            known,
            body=SubjectBody,
            value_faults=_subject_faults,
            act=Act.LINK_SUBJECT,
            path_check=check,
        ),
        Route(
            "DELETE",
            subject,
            may,
            unlink,
            "Unlink a user from the identity provider",
            gone,
            act=Act.UNLINK_SUBJECT,
            path_check=check,
        ),
    )


ROUTES = _sign_in_routes()
