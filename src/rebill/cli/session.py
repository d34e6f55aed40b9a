"""A command at work: its output, the installation, and the partner it acts for."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rebill.cli.output import Output
from rebill.model.errors import NotFound, RebillError, Refusal, Unavailable

if TYPE_CHECKING:
    from rebill.model.audit import Act
    from rebill.model.party import Caller, Occasion
    from rebill.services.acting.installation import Installation


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
    from rebill.services.keeping.initialise import find_partner

    with reporting(as_json) as output:
        installation = standing_installation()
        try:
            yield Session(installation, find_partner(installation, partner), output)
        finally:
            installation.close()


@contextmanager
def changing_session(
    act: Act,
    partner: str | None,
    as_json: bool,
    reason: str,
    subject_id: int | None = None,
    dry_run: bool = False,
) -> Iterator[Session]:
    """A session of a command that changes something: the audit trail tells of it, also where it is refused.

    ``act`` is what it does, ``subject_id`` to what, where that is known beforehand. A dry run leaves no entry.
    """
    with partner_session(partner, as_json) as opened:
        caller = replace(opened.caller, occasion=occasion_of_command(reason))
        session = replace(opened, caller=caller)
        try:
            yield session
        except Refusal as refusal:
            if not dry_run and not isinstance(refusal, Unavailable):
                _record_refused(session, act, subject_id, refusal)
            raise
        finally:
            seal_quietly(session.installation, caller.partner_id)


def occasion_of_command(reason: str = "") -> Occasion:
    """What the audit trail keeps of a command: who is signed in to the machine, and why it is run."""
    from rebill.model.party import Channel, Occasion

    return Occasion(Channel.COMMAND_LINE, operating_system_user=_operating_system_user(), reason=reason)


def seal_quietly(installation: Installation, partner_id: int) -> None:
    """Seal what this command recorded; where the database is busy, whoever comes next does."""
    from rebill.services.keeping.audit_sealing import seal_partner

    with suppress(Unavailable):
        seal_partner(installation, partner_id)


def _record_refused(session: Session, act: Act, subject_id: int | None, refusal: Refusal) -> None:
    from rebill.services.acting.audit_trail import record_refused

    try:
        record_refused(session.installation, session.caller, act, subject_id, refusal)
    except Exception as error:  # noqa: BLE001 - whatever fails here must not take the place of the refusal
        session.output.warn(f"The audit trail could not be told of this refusal: {error}")


def _operating_system_user() -> str:
    # Not from the environment, which anybody can set.
    try:
        import pwd
    except ImportError:
        return getpass.getuser()
    user_id = os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user id {user_id}"


def standing_installation() -> Installation:
    """The environment's installation, with a record that this version of rebill may work on.

    Raises ``NotFound`` when its SQLite file was never made, and ``Unavailable`` where the record cannot be reached or
    has another schema.
    """
    from rebill.services.acting.readiness import require_ready
    from rebill.wiring import open_installation

    installation = open_installation()
    file = installation.database.engine.url.database
    # SQLite would make an empty file here, or complain of a folder: neither says what to do.
    if installation.database.is_sqlite and file and not Path(file).exists():
        raise NotFound("database_not_initialised", f"There is no record of rebill in {file} yet: rebill init makes it.")
    try:
        require_ready(installation)
    except RebillError:
        installation.close()
        raise
    return installation
