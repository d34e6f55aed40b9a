"""``rebill init`` and ``rebill partners``: the database, its partners and their first keys."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, ReasonOption
from rebill.cli.output import Output
from rebill.cli.session import occasion_of_command, reporting, seal_quietly, standing_installation

if TYPE_CHECKING:
    from rebill.services.initialise import Initialised

partners = typer.Typer(help="The partners of this installation.", no_args_is_help=True)


def init(
    partner: Annotated[str | None, typer.Option("--partner", metavar="NAME", help="Name of the first partner.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create or upgrade the database, the first partner and its admin key (shown once)."""
    from rebill.services.initialise import initialise
    from rebill.wiring import open_installation

    with reporting(as_json) as output:
        with closing(open_installation()) as installation:
            initialised = initialise(installation, partner, occasion_of_command())
            seal_quietly(installation, initialised.partner_id)
        if initialised.created:
            _show(output, initialised, f"The installation stands in {installation.settings.home}.")
            output.next_step(
                "rebill azure-customers import FILE takes in your Azure customers; rebill serve starts the API."
            )
            return
        _show(output, initialised, "The database is up to date; the partner stood already and nothing was created.")
        output.next_step("rebill serve starts the API; rebill keys create --role admin makes another key.")


@partners.command("create")
def create_another(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique name of the partner.")],
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="Its home currency.")] = "USD",
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Create another partner in the same database, with its admin key (shown once)."""
    from rebill.services.initialise import create_partner

    with reporting(as_json) as output:
        with closing(standing_installation()) as installation:
            initialised = create_partner(installation, name, currency, occasion_of_command(reason))
            seal_quietly(installation, initialised.partner_id)
        _show(output, initialised, f"The partner {name} stands.")
        output.next_step(
            f"give --partner {initialised.partner_id} (or set REBILL_PARTNER) to act for it on this command line."
        )


def _show(output: Output, initialised: "Initialised", sentence: str) -> None:
    output.answer({"partner_id": initialised.partner_id, "api_key": initialised.api_key})
    output.say(sentence)
    output.say(f"partner id  {initialised.partner_id}")
    if initialised.api_key is not None:
        output.say(f"API key     {initialised.api_key}")
        output.say("Keep the key now: only its hash is stored, it is never shown again.")
