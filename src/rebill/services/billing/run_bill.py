"""Bill a month: rate its imported cost, check the balance, draw up Estimated statements, keep the proof."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from rebill.engines.engine import Engine
from rebill.engines.opening import open_engine
from rebill.lake.runs import (
    MANIFEST,
    SCRATCH,
    ProgressNotes,
    Workplace,
    disk_faults_said,
    keep_run,
    only_run,
    run_folder,
    sha256_of_files,
    sweep_runs,
)
from rebill.model.attention import LineToAccept
from rebill.model.audit import Act
from rebill.model.bill_run import RunOrder
from rebill.model.correction import PendingCorrection
from rebill.model.data_set import DataSet
from rebill.model.engine_name import EngineName
from rebill.model.errors import Conflict, NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.passed_over import RatePassedOver
from rebill.model.rating import Attention, RatedMonth, RatingInputs
from rebill.model.run_progress import RunProgress, RunStep
from rebill.model.statement import Balance, Statement
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.correct_month import pending_corrections
from rebill.services.runs.attention_lines import keep_attention_lines
from rebill.services.runs.draw_up import draw_up
from rebill.services.runs.imported_cost import imported_cost
from rebill.services.runs.rate_month import ImportedCost, rate_month
from rebill.services.runs.refund_months import month_inputs
from rebill.services.runs.run_manifest import canonical_json, manifest_inputs, sha256_of_inputs, sha256_of_outcome
from rebill.store.accepted_lines import accepted_lines_of, open_counts
from rebill.store.carrying import settle_estimated
from rebill.store.closing import hold_closing
from rebill.store.customers import customer_name
from rebill.store.data_sets import data_sets_in_force
from rebill.store.identity import draw_id
from rebill.store.scope import Scope
from rebill.store.statements import (
    StatementRecord,
    recorded_run_ids,
    replace_estimated_statements,
    save_run,
    statements_of_month,
)
from rebill.store.tables import runs


@dataclass(frozen=True)
class BillRun:
    """A run that balanced: the statements it drew up, where the cost went, and what needs attention.

    Statements that are issued stay as they were; ``pending``: those whose totals this run says are others.
    ``open_attention``: how many lines of ``attention`` nobody accepted, by kind. ``took_over``: the run before it was
    interrupted, and it took its place. ``passed_over``: fixed rates that do not price lines which their rules are for.
    """

    run_id: int
    month: BillingMonth
    statements: tuple[StatementRecord, ...]
    balance: tuple[Balance, ...]
    attention: tuple[tuple[Attention, int], ...]
    open_attention: Mapping[str, int]
    pending: tuple[PendingCorrection, ...] = ()
    took_over: bool = False
    passed_over: tuple[RatePassedOver, ...] = ()


@dataclass(frozen=True)
class _Recorded:
    """What the record says of the month at the moment the run began.

    ``was_interrupted``: a run before it was killed between writing what it made and recording it.
    """

    run_id: int
    data_sets: tuple[DataSet, ...]
    inputs: RatingInputs
    was_interrupted: bool


def run_bill(
    installation: Installation,
    caller: Caller,
    month: BillingMonth,
    customer_id: int | None = None,
    engine: EngineName | None = None,
) -> BillRun:
    """Rebuild the Estimated statements of ``month``, whole; with ``customer_id`` only that customer's.

    The whole month is classified and balanced either way. Every rated line and a manifest of all
    inputs stay in the lake. All or nothing: a run that is refused, or killed, changes nothing.
    Raises ``Invalid``, ``NotFound`` or ``Conflict`` (another run of the month works), and
    ``ProgramError`` when the run does not balance, or disk or memory does not suffice. Rules: ``docs/rating.md``.
    """
    require(caller, Permission.CHANGE)
    with only_run(installation.lake_folder, caller.partner_id, month) as workplace:
        return run_in(installation, caller, RunOrder(month, customer_id, engine), workplace)


def run_in(
    installation: Installation, caller: Caller, order: RunOrder, workplace: Workplace, run_id: int | None = None
) -> BillRun:
    """The run of ``run_bill``, for who holds the month's ``workplace``; ``run_id``: what it is called, drawn if not."""
    with disk_faults_said():
        done = _run_in(installation, caller, order, workplace.folder, run_id)
    return replace(done, took_over=workplace.was_interrupted or done.took_over)


def _run_in(installation: Installation, caller: Caller, order: RunOrder, folder: Path, run_id: int | None) -> BillRun:
    customer_id, chosen = order.customer_id, order.engine or installation.settings.engine
    tell = ProgressNotes(folder)
    tell(RunProgress(RunStep.READ))
    recorded = _read_record(installation, caller, order, run_id)
    imported = imported_cost(installation, recorded.data_sets)
    with (
        open_engine(chosen, folder / SCRATCH, installation.settings) as opened,
        ThreadPoolExecutor(1) as aside,
    ):
        kept: list[Future[_KeptFiles]] = []

        def keep_files(attention: Sequence[tuple[Attention, int]]) -> None:
            # Meanwhile statements are drawn up: that takes one processor, and this the others.
            work = partial(_keep_files, opened.beside(), recorded.data_sets, imported, attention, folder)
            kept.append(aside.submit(work))

        rated = rate_month(opened, recorded.inputs, imported, folder, keep_files, tell)
        drawn_up = _drawn_up(recorded, rated, tell)
        files = kept[0].result() if kept else _KeptFiles((), {})
        engine_version = opened.version
    statements = drawn_up.statements
    proof = _write_manifest(folder, rated, drawn_up, files.sha256, f"{chosen} {engine_version}")
    wanted = _only(statements, customer_id)
    tell(RunProgress(RunStep.STORE, 0, len(wanted)))
    done = _keep(installation, caller, recorded, rated, files.attention, wanted, proof, folder, customer_id, chosen)
    return replace(done, took_over=recorded.was_interrupted, passed_over=rated.passed_over)


def _read_record(installation: Installation, caller: Caller, order: RunOrder, run_id: int | None) -> _Recorded:
    month, customer_id = order.month, order.customer_id
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        # A deleted customer's days are still billed.
        if customer_id is not None and customer_name(scope, customer_id, even_deleted=True) is None:
            raise NotFound("customer_not_found", "There is no such customer; `rebill customers list` shows them.")
        was_interrupted = sweep_runs(installation.lake_folder, caller.partner_id, month, recorded_run_ids(scope, month))
        data_sets = tuple(data_sets_in_force(scope, month))
        inputs = month_inputs(installation, scope, month, data_sets)
        return _Recorded(run_id or draw_id(connection, runs.c.run_id), data_sets, inputs, was_interrupted)


def _only(statements: list[Statement], customer_id: int | None) -> list[Statement]:
    return [statement for statement in statements if customer_id in (None, statement.customer_id)]


@dataclass(frozen=True)
class _Proof:
    """SHA-256 of the manifest's inputs, of the canonical form of all statements, and of the manifest itself."""

    inputs_sha256: str
    outcome_sha256: str
    manifest_file_sha256: str


@dataclass(frozen=True)
class _DrawnUp:
    """The statements of a run, what they were computed from, and the hashes of both (of statements: all, canonical)."""

    statements: list[Statement]
    inputs: dict[str, Any]
    inputs_sha256: str
    outcome_sha256: str


def _drawn_up(recorded: _Recorded, rated: RatedMonth, tell: ProgressNotes) -> _DrawnUp:
    statements = draw_up(rated, recorded.inputs.month, tell=tell)
    inputs = manifest_inputs(recorded.inputs, recorded.data_sets)
    inputs_sha256 = sha256_of_inputs(inputs)
    return _DrawnUp(statements, inputs, inputs_sha256, sha256_of_outcome(statements, inputs_sha256))


@dataclass(frozen=True)
class _KeptFiles:
    """The lines that need attention, and the SHA-256 of every file of the run by its name."""

    attention: Sequence[LineToAccept]
    sha256: Mapping[str, str]


def _keep_files(
    engine: Engine,
    data_sets: Sequence[DataSet],
    imported: ImportedCost,
    counted: Sequence[tuple[Attention, int]],
    folder: Path,
) -> _KeptFiles:
    """Write what needs attention, of which rating ``counted`` so much, beside the rated lines, and hash all of it."""
    attention = keep_attention_lines(engine, data_sets, imported, folder, counted)
    return _KeptFiles(attention, sha256_of_files(folder))


def _write_manifest(
    folder: Path, rated: RatedMonth, drawn_up: _DrawnUp, files: Mapping[str, str], engine: str
) -> _Proof:
    manifest = {
        "engine": engine,
        "inputs": drawn_up.inputs,
        "inputs_sha256": drawn_up.inputs_sha256,
        "line_count": rated.line_count,
        "attention": dict(rated.attention),
        "balance": [balance.as_text() for balance in rated.balance],
        "statements": len(drawn_up.statements),
        "outcome_sha256": drawn_up.outcome_sha256,
        "files": files,
    }
    content = canonical_json(manifest) + b"\n"
    (folder / MANIFEST).write_bytes(content)
    return _Proof(drawn_up.inputs_sha256, drawn_up.outcome_sha256, hashlib.sha256(content).hexdigest())


def _keep(
    installation: Installation,
    caller: Caller,
    recorded: _Recorded,
    rated: RatedMonth,
    attention: Sequence[LineToAccept],
    statements: list[Statement],
    proof: _Proof,
    folder: Path,
    customer_id: int | None,
    engine: EngineName,
) -> BillRun:
    month, run_id = recorded.inputs.month, recorded.run_id
    place = run_folder(caller.partner_id, month, run_id)
    now = installation.clock()
    read = {data_set.data_set_id for data_set in recorded.data_sets}

    def record(connection: Connection) -> tuple[list[StatementRecord], list[PendingCorrection], dict[str, int]]:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        standing = _totals(statements_of_month(scope, month))
        if {found.data_set_id for found in data_sets_in_force(scope, month)} != read:
            raise Conflict("cost_changed", f"The cost of {month} changed during this run; run it again.")
        left_open = open_counts(attention, accepted_lines_of(scope, month)) if attention else {}
        save_run(
            scope,
            run_id=run_id,
            billing_month=str(month),
            customer_id=customer_id,
            engine=engine.value,
            finished_at=now,
            manifest_sha256=proof.inputs_sha256,
            outcome_sha256=proof.outcome_sha256,
            folder=place,
            balance=[balance.as_text() for balance in rated.balance],
            attention={kind.value: count for kind, count in rated.attention},
            open_attention=left_open,
            manifest_file_sha256=proof.manifest_file_sha256,
            notices=[one.sentence(month) for one in rated.passed_over],
        )
        replace_estimated_statements(scope, month, statements, run_id, now, customer_id)
        settle_estimated(scope, month, now, customer_id)
        drawn_up = statements_of_month(scope, month)
        record_change(
            scope,
            caller,
            Act.RUN_BILL,
            run_id,
            now,
            before={"statements": standing},
            after={"period": month, "engine": engine.value, "statements": _totals(drawn_up)},
            customer_id=customer_id,
        )
        return drawn_up, pending_corrections(scope, month, customer_id), left_open

    keep_run(installation.lake_folder, folder, place)
    # When this raises, the transaction may have been stored all the same: the next run looks, and settles it.
    records, pending, left_open = installation.database.write(record)
    shown = tuple(found for found in records if customer_id in (None, found.statement.customer_id))
    return BillRun(run_id, month, shown, rated.balance, rated.attention, left_open, tuple(pending))


def _totals(found: Sequence[StatementRecord]) -> dict[str, str]:
    """What the audit trail keeps of statements: what each comes to, by its id."""
    return {str(one.statement_id): f"{one.statement.price_text} {one.statement.currency}" for one in found}


__all__ = ["BillRun", "StatementRecord", "run_bill", "run_in"]
