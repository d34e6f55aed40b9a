"""``rebill azure-customers``: the partner's catalogue of Azure customers."""

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.session import changing_session, partner_session
from rebill.cli.syncing import ended, run_sync
from rebill.model.audit import Act
from rebill.model.sync import SyncPart

commands = typer.Typer(help="The catalogue: the Azure customers that Partner Center lists.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """The catalogue: the Azure customers that Partner Center lists."""


@commands.command("import")
def import_catalogue(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A Partner Center customers answer (JSON), or CSV azure_customer_id,name,domain."
        ),
    ],
    partial: Annotated[
        bool, typer.Option("--partial", help="The file lists only some customers: who is missing is not marked gone.")
    ] = False,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the catalogue from a file; who is no longer listed becomes gone and is never deleted."""
    from rebill.services.parties import catalogue

    with changing_session(Act.IMPORT_CATALOGUE, partner, as_json, reason) as session:
        done = catalogue.import_catalogue(session.installation, session.caller, file, partial=partial)
        output = session.output
        output.answer({"total": done.total, "new": done.new, "changed": done.changed, "gone": done.gone})
        output.say(
            f"{done.total} Azure customers in the file: {done.new} new, {done.changed} changed, {done.gone} gone."
        )
        output.next_step("rebill customers create NAME makes a customer to assign them to; rebill assign assigns them.")


@commands.command("sync")
def sync_catalogue(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Bring the catalogue up to date with Partner Center: customers, and subscriptions under their Azure plans."""
    with partner_session(partner, as_json) as session:
        records = run_sync(session, [SyncPart.CATALOGUE])
    ended(records)
