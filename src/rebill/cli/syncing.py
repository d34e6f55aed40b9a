"""``rebill sync``: what Microsoft and storage have, brought by itself."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import Session, occasion_of_command, partner_session, seal_quietly
from rebill.model.errors import RebillError
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord
from rebill.settings import GREATEST_SYNC_MINUTES

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from rebill.model.party import Caller
    from rebill.model.sync import MovedCustomer
    from rebill.services.acting.installation import Installation
    from rebill.services.syncing.sync import Progress

_SHOWN_NEWCOMERS = 20
_SHOWN_MOVED = 20


def sync(
    only: Annotated[
        SyncPart | None, typer.Option("--only", help="Sync this part alone; by default everything.")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            "--every",
            min=1,
            max=GREATEST_SYNC_MINUTES,
            metavar="MINUTES",
            help="Sync again and again, until told to stop.",
        ),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Show the latest syncs instead of syncing.")] = False,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring catalogue and cost up to date with all sources of the settings; safe to run from cron, one at a time."""
    with partner_session(partner, as_json) as session:
        if history:
            show_history(session)
            return
        parts = [only] if only else list(SyncPart)
        if every is not None:
            _keep_syncing(session, parts, every)
            return
        records = run_sync(session, parts)
    ended(records)


def _keep_syncing(session: Session, parts: Sequence[SyncPart], minutes: int) -> None:
    """Sync now and every so many minutes, until the process is told to stop: then a sync ends at its next step."""
    from rebill.cli.stopping import stopped_by_signals
    from rebill.services.syncing.schedule import keep_syncing, seconds_until_due

    stopped = stopped_by_signals()

    def sync_now() -> None:
        try:
            run_sync(session, parts, stopped)
        except RebillError as error:
            session.output.warn(error.message)

    sync_now()
    keep_syncing(sync_now, lambda: seconds_until_due(session.installation, session.caller, minutes), stopped)


def ended(records: Sequence[SyncRecord]) -> None:
    """End the command with exit code 1 where a part was not synced."""
    if any(record.outcome is not SyncOutcome.DONE for record in records):
        raise typer.Exit(1)


def run_sync(session: Session, parts: Sequence[SyncPart], stopped: threading.Event | None = None) -> list[SyncRecord]:
    """Sync ``parts``, say what they brought, and log what an operator should know."""
    from dataclasses import replace

    caller = replace(session.caller, occasion=occasion_of_command("sync"))
    with ExitStack() as shown:
        progress = _progress(session.output, shown)
        if stopped is not None:
            progress = stopping_progress(stopped, progress)
        records = sync_and_log(session.installation, caller, progress, parts)
    _show(session, records)
    return records


def sync_and_log(
    installation: Installation, caller: Caller, progress: Progress, parts: Sequence[SyncPart]
) -> list[SyncRecord]:
    """Sync ``parts`` and log how each of them ended, where no person looks on."""
    from rebill.api.telemetry import Telemetry
    from rebill.services.syncing.sync import sync as sync_parts

    try:
        records = sync_parts(installation, caller, progress, parts)
    finally:
        seal_quietly(installation, caller.partner_id)
    if not sys.stderr.isatty():
        telemetry = Telemetry()
        for record in records:
            telemetry.synced(caller.partner_id, record)
    return records


def stopping_progress(stopped: threading.Event, progress: Progress | None = None) -> Progress:
    """A progress that stops the sync at its next step once ``stopped`` is set, and else is shown as ``progress``."""
    from rebill.services.syncing.sync import SyncStopped

    def told(part: SyncPart, done: int, total: int) -> None:
        if stopped.is_set():
            raise SyncStopped
        if progress is not None:
            progress(part, done, total)

    return told


def _progress(output: Output, shown: ExitStack) -> Progress:
    """Shows each part's progress, one after the other."""
    bars: dict[SyncPart, Callable[[int, int], None]] = {}

    def progress(part: SyncPart, done: int, total: int) -> None:
        if part not in bars:
            shown.close()
            bars[part] = shown.enter_context(output.counting(f"Syncing {part}"))
        bars[part](done, total)

    return progress


def _show(session: Session, records: Sequence[SyncRecord]) -> None:
    from rebill.services.syncing.newcomers import unassigned_newcomers

    output = session.output
    newcomers = unassigned_newcomers(session.installation, session.caller, _SHOWN_NEWCOMERS)
    output.answer(
        {
            "syncs": [sync_document(record) for record in records],
            "new_and_unassigned": [
                {"azure_customer_id": one.identifier, "name": one.name, "domain": one.domain} for one in newcomers
            ],
        }
    )
    _show_records(output, records)
    for record in records:
        for alarm in record.result.alarms:
            output.say(f"Look at this: {alarm.sentence}")
        if record.fault:
            output.warn(f"{record.part}: {record.fault}")
    _show_moved(output, [one for record in records for one in record.result.moved])
    if newcomers:
        output.say("\nNew since last month began, and assigned to nobody:")
        headings = (Heading("azure customer"), Heading("name"), Heading("domain"))
        output.table(headings, [(one.identifier, one.name, one.domain) for one in newcomers])
        output.next_step("rebill assign CLIENT_API_ID AZURE_CUSTOMER_ID… assigns them.")
    elif any(record.result.counts.get("deliveries") for record in records):
        output.next_step("rebill bill run bills what came.")


def _show_moved(output: Output, moved: Sequence[MovedCustomer]) -> None:
    """The first Azure customers that changed or are gone; the table above counts all."""
    if moved:
        output.say("\nChanged at Microsoft, or gone from there:")
        headings = (Heading("azure customer"), Heading("name"), Heading("what"))
        shown = moved[:_SHOWN_MOVED]
        output.table(headings, [(one.azure_customer_id, one.name, one.told) for one in shown])
        if len(moved) > len(shown):
            output.say("rebill sync --history --json and the audit trail name more of them.")


def show_history(session: Session) -> None:
    """The latest syncs of the partner."""
    from rebill.services.syncing.sync import list_syncs

    records = list_syncs(session.installation, session.caller)
    session.output.answer({"syncs": [sync_document(record) for record in records]})
    _show_records(session.output, records)
    session.output.next_step("rebill sync brings what is new.")


def sync_document(record: SyncRecord) -> Document:
    """A sync as JSON shows it."""
    from rebill.api.syncs import SyncAnswer

    return SyncAnswer.of(record).model_dump()


def _show_records(output: Output, records: Sequence[SyncRecord]) -> None:
    headings = (
        Heading("sync", right=True),
        Heading("part"),
        Heading("began"),
        Heading("seconds", right=True),
        Heading("outcome"),
        Heading("brought"),
    )
    rows = []
    for record in records:
        took = "" if record.duration_seconds is None else f"{record.duration_seconds:.0f}"
        began = record.started_at.strftime("%Y-%m-%d %H:%M")
        rows.append((str(record.sync_id), record.part.value, began, took, record.outcome.value, record.result.told))
    output.table(headings, rows)
