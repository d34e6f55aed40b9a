"""A command at work: its output, the installation, and the partner it acts for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rebill.cli.output import Output
from rebill.model.errors import NotFound, RebillError, Refusal

if TYPE_CHECKING:
    from rebill.model.party import Caller
    from rebill.services.installation import Installation


@dataclass(frozen=True)
class Session:
    """What a command of one partner works with: ``caller`` is that partner's administrator."""

    installation: Installation
    caller: Caller
    output: Output


@contextmanager
def reporting(as_json: bool) -> Iterator[Output]:
    """An output; a refusal raised inside is said on it and ends the command with exit code 1."""
    output = Output(as_json)
    try:
        yield output
    except RebillError as error:
        output.fault(error.message, error.code, error.fields if isinstance(error, Refusal) else None)
        raise typer.Exit(1) from error


@contextmanager
def partner_session(partner: str | None, as_json: bool) -> Iterator[Session]:
    """A session for the partner named (by name or id), or for the first one of the installation."""
    from rebill.services.initialise import find_partner

    with reporting(as_json) as output:
        installation = standing_installation()
        try:
            yield Session(installation, find_partner(installation, partner), output)
        finally:
            installation.database.close()


def standing_installation() -> Installation:
    """The environment's installation. Raises ``NotFound`` when its SQLite file was never made."""
    from rebill.wiring import open_installation

    installation = open_installation()
    file = installation.database.engine.url.database
    # SQLite would make an empty file here, or complain of a folder: neither says what to do.
    if installation.database.is_sqlite and file and not Path(file).exists():
        raise NotFound("database_not_initialised", f"There is no record of rebill in {file} yet: run `rebill init`.")
    return installation
