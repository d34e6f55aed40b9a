"""``rebill azure-customers``: the partner's catalogue of Azure customers."""

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.output import Heading
from rebill.cli.session import changing_session, partner_session
from rebill.cli.syncing import ended, run_sync
from rebill.model.audit import Act
from rebill.model.counting import counted
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
        total = counted(done.total, "Azure customer")
        output.say(f"{total} in the file: {done.new:,} new, {done.changed:,} changed, {done.gone:,} gone.")
        output.next_step("rebill customers create NAME makes a customer to assign them to; rebill assign assigns them.")


@commands.command("sync")
def sync_catalogue(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Bring the catalogue up to date with Partner Center: customers, and subscriptions under their Azure plans."""
    with partner_session(partner, as_json) as session:
        records = run_sync(session, [SyncPart.CATALOGUE])
    ended(records)


@commands.command("subscriptions")
def subscriptions(
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Only of this tenant, under this Azure plan, or this subscription."),
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the Azure subscriptions under the tenants' Azure plans, as syncs of the catalogue saw them."""
    from rebill.services.syncing.read_plan_subscriptions import list_plan_subscriptions

    with partner_session(partner, as_json) as session:
        found = list_plan_subscriptions(session.installation, session.caller, identifier)
        session.output.answer({"subscriptions": [vars(one) for one in found]})
        headings = (
            Heading("azure customer"),
            Heading("plan"),
            Heading("subscription"),
            Heading("name"),
            Heading("state"),
        )
        rows = [
            (one.azure_customer_id, one.plan_id, one.subscription_id, one.subscription_name, one.status)
            for one in found
        ]
        session.output.table(headings, rows)
        session.output.next_step("rebill assign CLIENT_API_ID ID --subscription assigns a subscription.")
