"""``rebill users``: who the API keys belong to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.output import Document, Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.callers import NewUser, UserChange
from rebill.model.errors import Invalid, NotFound
from rebill.model.party import Role

if TYPE_CHECKING:
    from rebill.model.callers import User

commands = typer.Typer(help="Users of the partner and of its customers.", no_args_is_help=True)

UserArgument = Annotated[int, typer.Argument(metavar="USER_ID", help="As rebill users list shows it.")]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is: a person or a program.")],
    role: Annotated[Role, typer.Option("--role", help="The most that its keys may do.")],
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="Of this customer; with customer_read_only only.")
    ] = None,
    email: Annotated[str, typer.Option("--email", help="Its e-mail address.")] = "",
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a user, for whom keys can then be made."""
    from rebill.services.callers.create_user import create_user

    with changing_session(Act.CREATE_USER, partner, as_json, reason) as session:
        user = create_user(session.installation, session.caller, NewUser(name, role, customer, email))
        session.output.answer(_document(user))
        session.output.say(f"User {user.name} stands; its id is {user.user_id}.")
        session.output.next_step(f"rebill keys create --user {user.user_id} --role ROLE makes a key of it.")


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the users in the order of their creation."""
    from rebill.services.callers.read_users import list_users

    with partner_session(partner, as_json) as session:
        users = list(every_item(lambda page: list_users(session.installation, session.caller, page)))
        session.output.answer({"users": [_document(user) for user in users]})
        headings = [Heading("user id", right=True), *map(Heading, ("name", "role", "customer id", "email", "disabled"))]
        rows = [
            (
                str(user.user_id),
                user.name,
                user.role.value,
                str(user.customer_id or ""),
                user.email,
                "" if user.disabled_at is None else "disabled",
            )
            for user in users
        ]
        session.output.table(headings, rows)
        session.output.next_step("rebill users create NAME --role ROLE makes one; rebill keys list shows their keys.")


@commands.command("change")
def change(
    user_id: UserArgument,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    role: Annotated[Role | None, typer.Option("--role", help="The most that its keys may do from now on.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Its new e-mail address; empty: none.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether all its keys are dead, until it is enabled.")
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a user; its keys never open more than its role."""
    from rebill.services.callers.change_user import change_user

    with changing_session(Act.CHANGE_USER, partner, as_json, reason, user_id) as session:
        wanted = UserChange(name, email, role, disabled)
        user = change_user(session.installation, session.caller, user_id, wanted)
        session.output.answer(_document(user))
        state = "disabled: its keys open nothing" if user.disabled_at is not None else "enabled"
        session.output.say(f"User {user.name} is {state}; its role is {user.role}.")
        session.output.next_step("rebill keys list shows what its keys open now.")


@commands.command("set-password")
def set_its_password(
    user_id: UserArgument,
    sign_in_name: Annotated[
        str, typer.Option("--sign-in-name", metavar="NAME", help="What it signs in by; left out, its e-mail address.")
    ] = "",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", metavar="FILE", help="Its first line is the password.")
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a user a password for the pages: asked for here, or the first line of a file."""
    from rebill.services.callers.passwords import set_password

    with changing_session(Act.SET_PASSWORD, partner, as_json, reason, user_id) as session:
        named = set_password(session.installation, session.caller, user_id, _password(password_file), sign_in_name)
        session.output.answer({"id": user_id, "sign_in_name": named.name, "partner_id": named.partner_id})
        session.output.say(f"The user signs in to the pages as {named.name}; sessions that it had are ended.")
        session.output.next_step(f"rebill serve shows the pages; this partner's users sign in at {named.page}.")


@commands.command("clear-password")
def clear_its_password(
    user_id: UserArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Take a user's password away and end its sessions."""
    from rebill.services.callers.passwords import clear_password

    with changing_session(Act.CLEAR_PASSWORD, partner, as_json, reason, user_id) as session:
        clear_password(session.installation, session.caller, user_id)
        session.output.answer({"id": user_id, "cleared": True})
        session.output.say(f"User {user_id} has no password any more; sessions that it had are ended.")
        session.output.next_step("rebill users set-password USER_ID gives it another.")


@commands.command("link-subject")
def link(
    user_id: UserArgument,
    subject: Annotated[str, typer.Argument(help="The identity provider's own name for the user (`sub`).")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who a user is at the identity provider, where that vouches for no e-mail address."""
    from rebill.services.callers.openid_sign_in import link_subject

    with changing_session(Act.LINK_SUBJECT, partner, as_json, reason, user_id) as session:
        link_subject(session.installation, session.caller, user_id, subject)
        session.output.answer({"id": user_id, "subject": subject})
        session.output.say("The user signs in at the identity provider; sessions that it had are ended.")
        session.output.next_step("rebill serve shows the pages at /.")


@commands.command("unlink-subject")
def unlink(
    user_id: UserArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Take away who a user is at the identity provider, and end its sessions."""
    from rebill.services.callers.openid_sign_in import unlink_subject

    with changing_session(Act.UNLINK_SUBJECT, partner, as_json, reason, user_id) as session:
        unlink_subject(session.installation, session.caller, user_id)
        session.output.answer({"id": user_id, "unlinked": True})
        session.output.say(f"User {user_id} is nobody at the identity provider any more; its sessions are ended.")
        session.output.next_step("rebill users link-subject USER_ID SUBJECT says who it is.")


def _password(file: Path | None) -> str:
    if file is None:
        if not sys.stdin.isatty():
            raise Invalid(
                "no_password_typed",
                "There is no terminal to type a password at: name a file that holds it with --password-file.",
            )
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound("password_file_not_read", f"{file} cannot be read: name a text file.") from error


@commands.command("delete")
def delete(
    user_id: UserArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Delete a user and end its keys at once."""
    from rebill.services.callers.delete_user import delete_user

    with changing_session(Act.DELETE_USER, partner, as_json, reason, user_id) as session:
        delete_user(session.installation, session.caller, user_id)
        session.output.answer({"id": user_id, "deleted": True})
        session.output.say(f"User {user_id} is deleted, and its keys open nothing any more.")
        session.output.next_step("rebill users list shows who is left.")


def _document(user: User) -> Document:
    from rebill.api.caller_shapes import UserAnswer

    return UserAnswer.of(user).model_dump(by_alias=True)
