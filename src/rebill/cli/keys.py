"""``rebill keys``: API keys of the partner and of its customers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import JsonOption, PartnerOption, ReasonOption, instant_from_text
from rebill.cli.output import Heading, Output
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.months import instant_text
from rebill.model.party import Role

if TYPE_CHECKING:
    from rebill.model.callers import ApiKey
    from rebill.services.callers.keys import IssuedKey

commands = typer.Typer(help="API keys of the partner and of its customers.", no_args_is_help=True)

KeyArgument = Annotated[int, typer.Argument(metavar="KEY_ID", help="As rebill keys list shows it.")]
ExpiryOption = Annotated[
    datetime | None,
    typer.Option("--expires", parser=instant_from_text, metavar="TIME", help="When it dies: a time in UTC, or a day."),
]


class KeyRole(StrEnum):
    """What a new key's holder may do; with ``--customer`` only to read, under either name."""

    ADMIN = "admin"
    OPERATOR = "operator"
    READ_ONLY = "read_only"
    CUSTOMER_READ_ONLY = "customer_read_only"


@commands.command("create")
def create(
    role: Annotated[KeyRole, typer.Option("--role", help="What its holder may do.")],
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="A key of this customer itself; only to read.")
    ] = None,
    user: Annotated[
        int | None, typer.Option("--user", metavar="USER_ID", help="Whose key it is; without, a user is made with it.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What it is for, for the list.")] = "",
    expires: ExpiryOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key; it is shown once."""
    from rebill.model.callers import NewKey
    from rebill.services.callers.keys import create_key, create_key_of_user

    if customer is not None and role in (KeyRole.ADMIN, KeyRole.OPERATOR):
        raise typer.BadParameter("a customer's key can only be read_only", param_hint="--role")
    if customer is None and user is None and role is KeyRole.CUSTOMER_READ_ONLY:
        raise typer.BadParameter("of which customer? give it with --customer ID", param_hint="--role")
    wanted = Role(role.value) if customer is None else Role.CUSTOMER_READ_ONLY
    with changing_session(Act.CREATE_KEY, partner, as_json, reason) as session:
        if user is None:
            issued = create_key(session.installation, session.caller, wanted, customer, name, expires)
        else:
            new = NewKey(user, name, wanted, expires)
            issued = create_key_of_user(session.installation, session.caller, new, customer)
        _show(session.output, issued)


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from rebill.services.callers.keys import list_keys

    with partner_session(partner, as_json) as session:
        keys = every_item(lambda page: list_keys(session.installation, session.caller, page))
        documents = [_document(key) for key in keys]
        session.output.answer({"keys": documents})
        names = ("key_id", "role", "customer_id", "user_id", "name", "usable", "expires_at", "revoked_at")
        rows = [[_text(document[name]) for name in (*names, "last_used_at")] for document in documents]
        headings = [Heading(name.replace("_", " "), right=name == "key_id") for name in (*names, "last_used_at")]
        session.output.table(headings, rows)
        session.output.next_step("rebill keys revoke KEY_ID ends one; rebill keys create --role ROLE makes one.")


@commands.command("revoke")
def revoke(
    key_id: KeyArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """End a key at once."""
    from rebill.services.callers.keys import revoke_key

    with changing_session(Act.REVOKE_KEY, partner, as_json, reason, key_id) as session:
        revoke_key(session.installation, session.caller, key_id)
        session.output.answer({"key_id": key_id, "revoked": True})
        session.output.say(f"Key {key_id} no longer opens anything.")
        session.output.next_step("rebill keys list shows what is left.")


@commands.command("rotate")
def rotate(
    key_id: KeyArgument,
    overlap: Annotated[
        int, typer.Option("--overlap", min=0, max=30 * 86400, metavar="SECONDS", help="How long the old key lives on.")
    ] = 0,
    expires: ExpiryOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key in place of another one; the old one ends at once, or after an overlap."""
    from datetime import timedelta

    from rebill.services.callers.keys import rotate_key

    with changing_session(Act.ROTATE_KEY, partner, as_json, reason, key_id) as session:
        issued = rotate_key(session.installation, session.caller, key_id, timedelta(seconds=overlap), expires)
        _show(session.output, issued)


def _show(output: Output, issued: IssuedKey) -> None:
    """Show a new key, this once."""
    output.answer(
        {
            "key_id": issued.key_id,
            "api_key": issued.api_key,
            "usable": issued.usable,
            "user_id": issued.key.user_id,
            "expires_at": _instant_or_none(issued.key.expires_at),
        }
    )
    output.say(f"key id   {issued.key_id}")
    output.say(f"API key  {issued.api_key}")
    output.say("Keep the key now: only its hash is stored, it is never shown again.")
    if issued.usable:
        output.next_step("send it as the header Authorization: Bearer KEY to the API that rebill serve starts.")
    elif issued.key.customer_id is None:
        output.next_step(f"give it to nobody yet: it opens nothing now, because user {issued.key.user_id} is disabled.")
    else:
        output.next_step(
            f"give it to nobody yet: it opens nothing now, because customer {issued.key.customer_id} is"
            " managed_without_access or its trial is over, or the user is disabled."
        )


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "role": key.role.value,
        "customer_id": key.customer_id,
        "user_id": key.user_id,
        "name": key.name,
        "usable": key.usable,
        "created_at": instant_text(key.created_at),
        "expires_at": _instant_or_none(key.expires_at),
        "revoked_at": _instant_or_none(key.revoked_at),
        "last_used_at": _instant_or_none(key.last_used_at),
    }


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _instant_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(moment)
