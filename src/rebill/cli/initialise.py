"""``rebill init``: the database, the first partner and its first key."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption
from rebill.cli.output import Output
from rebill.cli.session import occasion_of_command, reporting, seal_quietly

if TYPE_CHECKING:
    from rebill.services.keeping.initialise import Initialised


def init(
    partner: Annotated[str | None, typer.Option("--partner", metavar="NAME", help="Name of the first partner.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create or upgrade the database, the first partner and its admin key (shown once)."""
    from rebill.services.keeping.initialise import initialise
    from rebill.wiring import open_installation

    with reporting(as_json) as output:
        with closing(open_installation()) as installation:
            initialised = initialise(installation, partner, occasion_of_command())
            seal_quietly(installation, initialised.partner_id)
        if initialised.created:
            show_initialised(output, initialised, f"The installation stands in {installation.settings.home}.")
            output.next_step(
                "rebill azure-customers import FILE takes in your Azure customers; rebill serve starts the API."
            )
            return
        show_initialised(
            output, initialised, "The database is up to date; the partner stood already and nothing was created."
        )
        output.next_step("rebill serve starts the API; rebill keys create --role admin makes another key.")


def show_initialised(output: Output, initialised: "Initialised", sentence: str) -> None:
    """Say what stands now, and the key where one was made."""
    output.answer({"partner_id": initialised.partner_id, "api_key": initialised.api_key})
    output.say(sentence)
    output.say(f"partner id  {initialised.partner_id}")
    if initialised.api_key is not None:
        output.say(f"API key     {initialised.api_key}")
        output.say("Keep the key now: only its hash is stored, it is never shown again.")
