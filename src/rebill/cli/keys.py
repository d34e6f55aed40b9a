"""``rebill keys``: API keys of the partner and of its customers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.output import Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.months import instant_text
from rebill.model.party import Role

commands = typer.Typer(help="API keys of the partner and of its customers.", no_args_is_help=True)


class KeyRole(StrEnum):
    """What a new key's holder may do; with ``--customer`` only ``read_only``."""

    ADMIN = "admin"
    OPERATOR = "operator"
    READ_ONLY = "read_only"


@commands.command("create")
def create(
    role: Annotated[KeyRole, typer.Option("--role", help="What its holder may do.")],
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="A key of this customer itself; only with read_only.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Whose key it is, for the list.")] = "",
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key; it is shown once."""
    from rebill.services.keys import create_key

    if customer is not None and role is not KeyRole.READ_ONLY:
        raise typer.BadParameter("a customer's key can only be read_only", param_hint="--role")
    wanted = Role(role.value) if customer is None else Role.CUSTOMER_READ_ONLY
    with changing_session(Act.CREATE_KEY, partner, as_json, reason) as session:
        key = create_key(session.installation, session.caller, wanted, customer, name)
        output = session.output
        output.answer({"key_id": key.key_id, "api_key": key.api_key, "usable": key.usable})
        output.say(f"key id   {key.key_id}")
        output.say(f"API key  {key.api_key}")
        output.say("Keep the key now: only its hash is stored, it is never shown again.")
        if not key.usable:
            output.next_step(
                f"give it to nobody yet: it opens nothing now, because customer {customer} is managed_without_access"
                " or its trial is over."
            )
            return
        output.next_step("send it as the header Authorization: Bearer KEY to the API that rebill serve starts.")


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from rebill.services.keys import list_keys

    with partner_session(partner, as_json) as session:
        documents = [
            {
                "key_id": key.key_id,
                "role": key.role.value,
                "customer_id": key.customer_id,
                "name": key.name,
                "created_at": instant_text(key.created_at),
                "expires_at": _instant_or_none(key.expires_at),
                "revoked_at": _instant_or_none(key.revoked_at),
            }
            for key in list_keys(session.installation, session.caller)
        ]
        session.output.answer({"keys": documents})
        names = ("key_id", "role", "customer_id", "name", "created_at", "expires_at", "revoked_at")
        rows = [["" if document[name] is None else str(document[name]) for name in names] for document in documents]
        session.output.table([Heading(name.replace("_", " "), right=name == "key_id") for name in names], rows)
        session.output.next_step("rebill keys revoke KEY_ID ends one; rebill keys create --role ROLE makes one.")


@commands.command("revoke")
def revoke(
    key_id: Annotated[int, typer.Argument(metavar="KEY_ID", help="As rebill keys list shows it.")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key at once."""
    from rebill.services.keys import revoke_key

    with changing_session(Act.REVOKE_KEY, partner, as_json, reason, key_id) as session:
        revoke_key(session.installation, session.caller, key_id)
        session.output.answer({"key_id": key_id, "revoked": True})
        session.output.say(f"Key {key_id} no longer opens anything.")
        session.output.next_step("rebill keys list shows what is left.")


def _instant_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(moment)
