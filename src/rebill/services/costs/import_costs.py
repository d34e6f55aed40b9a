"""Take in one delivery of cost files: all of it, or nothing (``docs/cost-lines.md``)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import Connection

from rebill.lake.cost_data_sets import (
    Delivery,
    MonthContent,
    StagedDataSet,
    confirm_published,
    contents,
    publish,
    read_rejects,
    stage,
    withdraw,
)
from rebill.lake.refused_deliveries import keep_refused
from rebill.lake.session import engine_session, writing_lines
from rebill.lake.workshop import Workshop, workshop
from rebill.model.audit import Act
from rebill.model.currencies import minor_digits
from rebill.model.data_set import (
    REJECTS_SHOWN,
    ConvertedFile,
    CostImport,
    CostImportOrder,
    DataSet,
    FileFault,
    Reject,
    RejectedDelivery,
    refuse_files,
)
from rebill.model.deliveries import UNNAMED_SCOPE
from rebill.model.delivery import CoveredDays, DeliveryOrigin
from rebill.model.errors import Conflict, Invalid, ProgramError, Refusal
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH, AccountKind, greatest_length
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.delivery_order import (
    delivered_before,
    ended_in_favour,
    is_older,
    refuse_narrower,
    source_kind_of,
)
from rebill.services.costs.double_counting import refuse_files_in_force, refuse_overlaps
from rebill.sources.cost_files import CostFile, FileForm, FileMark, mark_of, refusals
from rebill.sources.delivered_files import convert_delivery
from rebill.sources.delivery_source import DeliverySource, GivenFiles
from rebill.sources.fallbacks import Fallbacks
from rebill.sources.layouts import LAYOUT_NAMES
from rebill.sources.reading import RecognisedFile, recognised
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.closed_months import closed_months
from rebill.store.data_sets import (
    add_data_sets,
    data_sets_in_force,
    data_sets_of_delivery,
    raise_version,
    recorded_data_sets,
)
from rebill.store.identity import draw_ids
from rebill.store.microsoft_invoices import invoice_months
from rebill.store.scope import Scope
from rebill.store.tables import data_sets

_GREATEST_SCOPE_LENGTH = 200


@dataclass(frozen=True)
class _Task:
    """One import under way: who asked for what of which source, and what was in force when it began."""

    installation: Installation
    caller: Caller
    order: CostImportOrder
    connection: duckdb.DuckDBPyConnection
    place: Workshop
    in_force: tuple[DataSet, ...]
    moment: datetime
    origin: DeliveryOrigin | None
    source_kind: str
    invoice_months: Mapping[str, BillingMonth]

    @property
    def version(self) -> str | None:
        """How new the source calls the delivery, if it does."""
        return self.origin.version if self.origin else None

    @property
    def covered(self) -> CoveredDays | None:
        """The days that the source says the delivery is of."""
        return self.origin.covered if self.origin else None

    @property
    def fallbacks(self) -> Fallbacks:
        """What is said of files that do not say it themselves."""
        month = self.covered.month if self.covered else None
        view = self.origin.view if self.origin else None
        return Fallbacks(
            period=self.order.period or month,
            currency=self.order.currency,
            layout=self.order.layout,
            view=view,
            date_order=self.order.date_order,
            usual_date_order=self.installation.settings.date_order,
            invoice_months=self.invoice_months,
        )


def list_data_sets(installation: Installation, caller: Caller) -> list[DataSet]:
    """The data sets in force, in order of billing month."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return data_sets_in_force(Scope.of(connection, caller))


def import_costs(installation: Installation, caller: Caller, order: CostImportOrder) -> CostImport:
    """Take the files of ``order`` into the lake, one data set for each billing month they hold.

    Raises ``Invalid`` for files that cannot be read (every fault of every file at once),
    ``RejectedDelivery`` for rows that cannot and were not accepted, ``Conflict`` for charges that
    are in force already, ``ProgramError`` when disk or memory does not suffice. Whatever is raised,
    record and the lake's data sets are as before.
    """
    return import_delivery(installation, caller, order, GivenFiles(tuple(Path(file) for file in order.files)))


def import_delivery(
    installation: Installation, caller: Caller, order: CostImportOrder, source: DeliverySource
) -> CostImport:
    """Take what ``source`` delivers into the lake, as ``import_costs`` takes the files of its order.

    A delivery that its source calls older than what is in force of its name is kept, and not put in force.
    """
    require(caller, Permission.CHANGE)
    _check_order(order)
    settings = installation.settings
    with workshop(settings.lake_folder, caller.partner_id) as place:
        _sweep(installation, caller, place)
        with engine_session(settings.engine_memory_limit, place.staging / "spill") as connection:
            in_force = tuple(list_data_sets(installation, caller))
            _check_scope(order.scope, in_force)
            kind = source_kind_of(in_force, order.scope, source.origin)
            moment = installation.clock()
            with installation.database.reading() as reading:
                months = invoice_months(Scope.of(reading, caller))
            task = _Task(installation, caller, order, connection, place, in_force, moment, source.origin, kind, months)
            try:
                known = _of_this_version(task)
                done = CostImport(known) if known else _take_in(task, source.files(place.fetched()))
                return _with_closed_months(task, done)
            except (duckdb.Error, OSError) as error:
                raise ProgramError(
                    "import_engine_failed",
                    f"The import was stopped and nothing was stored: {str(error).splitlines()[0]}. Look at the free "
                    "disk space and at REBILL_ENGINE_MEMORY_LIMIT, then import again.",
                ) from error


def _with_closed_months(task: _Task, done: CostImport) -> CostImport:
    with task.installation.database.reading() as connection:
        closed = closed_months(Scope.of(connection, task.caller))
    return replace(done, closed=closed.of_months({data_set.billing_month for data_set in done.data_sets}))


def _check_order(order: CostImportOrder) -> None:
    if order.layout not in LAYOUT_NAMES:
        raise Invalid(
            FileFault.UNKNOWN_LAYOUT, f"{order.layout!r} is no layout; write one of {', '.join(LAYOUT_NAMES)}."
        )
    if order.currency is not None:
        try:
            minor_digits(order.currency)
        except ValueError as error:
            raise Invalid(FileFault.CURRENCY_MISSING, f"--currency: {error}.") from None


def _check_scope(scope: str | None, in_force: Sequence[DataSet]) -> None:
    """A name of the caller's own, or the one that a delivery without a scope was given: so it can be replaced."""
    if scope is None or scope in {data_set.scope for data_set in in_force}:
        return
    printable = scope.isprintable() and scope == scope.strip()
    if not printable or not 0 < len(scope) <= _GREATEST_SCOPE_LENGTH or scope.startswith(UNNAMED_SCOPE):
        raise Invalid(
            FileFault.INVALID_SCOPE,
            f"A scope has 1 to {_GREATEST_SCOPE_LENGTH} printable characters and no {UNNAMED_SCOPE!r} in front, but "
            "for that of a data set in force (`rebill costs list`).",
        )


def _sweep(installation: Installation, caller: Caller, place: Workshop) -> None:
    pending = place.pending_data_sets()
    if pending:
        with installation.database.reading() as connection:
            recorded = recorded_data_sets(Scope.of(connection, caller), pending)
        place.sweep(recorded)


def _of_this_version(task: _Task) -> tuple[DataSet, ...]:
    """The data sets of this delivery, known by what its source calls it, if bringing it again changes nothing."""
    if task.origin is None or task.order.scope is not None:
        return ()
    name = (task.source_kind, task.origin.scope, task.origin.view)
    with task.installation.database.reading() as connection:
        recorded = data_sets_of_delivery(Scope.of(connection, task.caller), *name, version=task.version)
    return delivered_before(recorded, task.in_force, task.version)


def _take_in(task: _Task, files: Sequence[CostFile]) -> CostImport:
    marks = _marks(files)
    found = _recognised(task, files, marks)
    view = _view(found)
    sha256 = _sha256_of(marks)
    own_scope = task.origin.scope if task.origin else UNNAMED_SCOPE + sha256[:16]
    scope = task.order.scope or own_scope
    known = _of_these_bytes(task, scope, view, sha256)
    if known and not _is_of_other_months(task, known):
        return CostImport(known)
    replaceable = _ids(
        data_set
        for data_set in task.in_force
        if (data_set.scope, data_set.view) == (scope, view) or data_set.scope == task.order.in_place_of
    )
    standing = [data_set for data_set in task.in_force if data_set.data_set_id not in replaceable]
    refuse_files_in_force(standing, [mark.sha256 for mark in marks])
    delivery = Delivery(
        source_kind=task.source_kind,
        scope=scope,
        view=view,
        sha256=sha256,
        imported_at=task.moment,
        overlap_reason=task.order.overlap_reason,
        files=_convert(task, found),
        period=task.fallbacks.period,
        source_version=task.version,
        covered=task.covered,
    )
    return _keep(task, delivery)


def _marks(files: Sequence[CostFile]) -> list[FileMark]:
    faults: list[tuple[str, FileFault, str]] = []
    marks: dict[str, FileMark] = {}
    names: dict[str, str] = {}
    for file in files:
        with refusals(file, faults):
            mark = marks[file.name] = mark_of(file)
            if mark.sha256 in names and mark.byte_count:
                faults.append((file.name, FileFault.SAME_FILE_TWICE, f"has the same bytes as {names[mark.sha256]}"))
            names.setdefault(mark.sha256, file.name)
    refuse_files(faults)
    return [marks[file.name] for file in files]


def _sha256_of(marks: Sequence[FileMark]) -> str:
    return hashlib.sha256("\n".join(sorted(mark.sha256 for mark in marks)).encode()).hexdigest()


def _of_these_bytes(task: _Task, scope: str, view: str, sha256: str) -> tuple[DataSet, ...]:
    """The data sets of these very bytes, if bringing them again changes nothing but how new they are."""
    with task.installation.database.reading() as connection:
        scoped = Scope.of(connection, task.caller)
        recorded = data_sets_of_delivery(scoped, task.source_kind, scope, view, sha256=sha256)
    known = delivered_before([one for one in recorded if _is_read_so(task, one)], task.in_force, task.version)
    aged = [found for found in known if task.version and not found.superseded and not is_older(task.version, found)]
    if any(found.source_version != task.version for found in aged):
        task.installation.database.write(lambda connection: _raise_version(task, connection, aged))
    return known


def _is_read_so(task: _Task, data_set: DataSet) -> bool:
    """Whether a data set of the same bytes can stand: nobody wants it read anew, or its dates in another order."""
    return not task.order.read_anew and task.order.date_order in (None, data_set.date_order)


def _is_of_other_months(task: _Task, known: Sequence[DataSet]) -> bool:
    """Whether the order is of a month for which the same bytes are not known: it may want them to be of that."""
    period = task.order.period
    return period is not None and any(data_set.billing_month != period for data_set in known)


def _raise_version(task: _Task, connection: Connection, found: Sequence[DataSet]) -> None:
    scope = Scope.of(connection, task.caller)
    version = task.version or ""
    raise_version(scope, _ids(found), version)
    before = {str(one.data_set_id): {"source_version": one.source_version} for one in found}
    after = {str(one.data_set_id): {"source_version": version} for one in found}
    record_change(scope, task.caller, Act.IMPORT_COSTS, None, task.moment, before=before, after=after)


def _recognised(task: _Task, files: Sequence[CostFile], marks: Sequence[FileMark]) -> list[RecognisedFile]:
    faults: list[tuple[str, FileFault, str]] = []
    found: list[RecognisedFile] = []
    for file, mark in zip(files, marks, strict=True):
        with refusals(file, faults):
            found.append(recognised(task.connection, file, mark, task.fallbacks, task.place.staging))
    refuse_files(faults)
    return found


def _view(found: Sequence[RecognisedFile]) -> str:
    """What the delivery's files hold, all of them alike: data sets of two kinds are two deliveries."""
    first = found[0].recognition
    others = [file for file in found if file.recognition.view != first.view]
    refuse_files(
        [
            (
                file.file.name,
                FileFault.MIXED_VIEWS,
                f"holds {file.recognition.view} cost ({file.recognition.name}) but {found[0].file.name} holds "
                f"{first.view} cost ({first.name}); import them one after the other",
            )
            for file in others
        ]
    )
    return first.view


def _convert(task: _Task, found: Sequence[RecognisedFile]) -> tuple[ConvertedFile, ...]:
    faults: list[tuple[str, FileFault, str]] = []
    with writing_lines(task.connection, of_text=any(file.form is not FileForm.PARQUET for file in found)):
        converted = convert_delivery(task.connection, found, task.fallbacks, task.place.staging, faults)
    refuse_files(faults)
    return converted


def _keep(task: _Task, delivery: Delivery) -> CostImport:
    reject_files = [Path(file.rejects) for file in delivery.files if file.rejects]
    reject_count = sum(file.reject_count for file in delivery.files)
    row_count = sum(file.row_count for file in delivery.files)
    rejects = read_rejects(task.connection, reject_files, REJECTS_SHOWN)
    if rejects and not task.order.accept_rejects:
        raise RejectedDelivery(rejects, reject_count, row_count + reject_count, _kept_as(task, reject_files))
    if not row_count:
        refuse_files([(file.name, FileFault.NO_ROWS, _no_rows(file, rejects)) for file in delivery.files])
    months = contents(task.connection, delivery)
    kept = _unchanged(task, delivery, months)
    if len(kept) == len(months):
        return CostImport(tuple(kept[content.month] for content in months), rejects, reject_count)
    staged = _stage(task, delivery, months, [content for content in months if content.month not in kept])
    staged = [_as_it_stands(task, entry) for entry in staged]
    wanted = [entry for entry in staged if not entry.data_set.superseded]
    replaced = _replaced(task, delivery, wanted)
    refuse_narrower([entry.data_set for entry in wanted], [one for one in task.in_force if one.data_set_id in replaced])
    # An older delivery that comes late shares files with the newer one of its name.
    of_name = _named_as(task, staged)
    apart = replaced | of_name | _ids(kept.values())
    sha256s = [file.sha256 for file in delivery.files]
    refuse_files_in_force([one for one in task.in_force if one.data_set_id not in apart], sha256s)
    if not task.order.overlap_reason:
        standing = [one for one in task.in_force if one.data_set_id not in replaced]
        refuse_overlaps(task.connection, task.place.lake_folder, wanted, standing)
    _publish(task, staged, replaced)
    imported = {**kept, **{entry.data_set.billing_month: entry.data_set for entry in staged}}
    return CostImport(tuple(imported[content.month] for content in months), rejects, reject_count)


def _kept_as(task: _Task, reject_files: Sequence[Path]) -> int | None:
    if not task.order.keep_rejects:
        return None
    return keep_refused(task.installation.settings.lake_folder, task.caller.partner_id, reject_files)


def _no_rows(file: ConvertedFile, rejects: Sequence[Reject]) -> str:
    first = next((reject for reject in rejects if reject.file == file.name), None)
    if first is None:
        return "has a header but no row of a charge"
    column = f", {first.column}" if first.column else ""
    return f"has no row that can be read: row {first.row}{column}: {first.reason}"


def _as_it_stands(task: _Task, entry: StagedDataSet) -> StagedDataSet:
    """A data set that its source calls older than the one of its name in force is never in force itself."""
    data_set = entry.data_set
    if not any(other.name == data_set.name and is_older(task.version, other) for other in task.in_force):
        return entry
    return replace(entry, data_set=replace(data_set, replaced_at=task.moment, superseded=True))


def _unchanged(task: _Task, delivery: Delivery, months: Sequence[MonthContent]) -> dict[BillingMonth, DataSet]:
    """Months of the delivery for which these very bytes are in force (others of it were replaced since)."""
    wanted = {content.month for content in months}
    return {
        data_set.billing_month: replace(data_set, already_imported=True)
        for data_set in task.in_force
        if _is_of(delivery, data_set)
        and data_set.delivery_sha256 == delivery.sha256
        and data_set.billing_month in wanted
        and _is_read_so(task, data_set)
    }


def _is_of(delivery: Delivery, data_set: DataSet) -> bool:
    """Whether the data set has the delivery's name, of whatever month."""
    return data_set.name[:3] == (delivery.source_kind, delivery.scope, delivery.view)


def _ids(found: Iterable[DataSet]) -> set[int]:
    return {data_set.data_set_id for data_set in found}


def _stage(
    task: _Task, delivery: Delivery, months: Sequence[MonthContent], wanted: Sequence[MonthContent]
) -> list[StagedDataSet]:
    with task.installation.database.reading() as connection:
        ids = draw_ids(connection, data_sets.c.data_set_id, len(wanted))
    return [
        stage(task.connection, task.place, delivery, months, content, data_set_id)
        for content, data_set_id in zip(wanted, ids, strict=True)
    ]


def _named_as(task: _Task, staged: Sequence[StagedDataSet]) -> set[int]:
    names = {entry.data_set.name for entry in staged}
    return _ids(data_set for data_set in task.in_force if data_set.name in names)


def _replaced(task: _Task, delivery: Delivery, staged: Sequence[StagedDataSet]) -> set[int]:
    names = {entry.data_set.name for entry in staged}
    if task.order.read_anew:
        # What the same bytes were read as before, whatever months that was of.
        names |= {one.name for one in task.in_force if _is_of(delivery, one) and one.delivery_sha256 == delivery.sha256}
    for ended in task.origin.ends if task.origin else ():
        names |= {replace(entry.data_set, scope=ended).name for entry in staged}
    given_way = ended_in_favour(task.in_force, task.order.in_place_of, [entry.data_set for entry in staged])
    return _ids(data_set for data_set in task.in_force if data_set.name in names) | _ids(given_way)


def _publish(task: _Task, staged: Sequence[StagedDataSet], replaced: set[int]) -> None:
    publish(task.place, staged)
    try:
        task.installation.database.write(lambda connection: _record(task, connection, staged, replaced))
    except Refusal as refusal:
        # Unavailable may hide a transaction that was stored after all: the next import looks and settles it.
        if isinstance(refusal, Conflict):
            withdraw(task.place, staged)
        raise
    confirm_published(task.place, staged)


def _record(task: _Task, connection: Connection, staged: Sequence[StagedDataSet], replaced: set[int]) -> None:
    scope = Scope.of(connection, task.caller)
    if _ids(data_sets_in_force(scope)) != _ids(task.in_force):
        raise Conflict(FileFault.CHANGED_MEANWHILE, "The cost in force changed during this import; import again.")
    added = [entry.data_set for entry in staged]
    add_data_sets(scope, added, replaced, task.moment)
    record_change(
        scope,
        task.caller,
        Act.IMPORT_COSTS,
        added[0].data_set_id if len(added) == 1 else None,
        task.moment,
        before=_told_of(one for one in task.in_force if one.data_set_id in replaced),
        after=_told_of(added),
    )
    names = {
        identifier: SeenAccount(identifier, name=name)
        for entry in staged
        for identifier, name in entry.subscriptions
        if len(identifier) <= GREATEST_IDENTIFIER_LENGTH
    }
    remember_accounts(scope, AccountKind.SUBSCRIPTION, list(names.values()), task.moment)
    allocatable = sorted({found for entry in staged for found in entry.allocatable})
    for kind in (AccountKind.COMMITMENT, AccountKind.CHARGE_KIND):
        seen = [
            SeenAccount(one) for of_kind, one in allocatable if of_kind is kind and len(one) <= greatest_length(kind)
        ]
        if seen:
            remember_accounts(scope, kind, seen, task.moment)


def _told_of(found: Iterable[DataSet]) -> dict[str, object]:
    """What the audit trail keeps of data sets, by their ids."""
    return {
        str(one.data_set_id): {
            "period": one.billing_month,
            "scope": one.scope,
            "delivery_sha256": one.delivery_sha256,
            "rows": one.rows,
            "rejects": one.reject_count,
            "overlap_reason": one.overlap_reason,
            "source_version": one.source_version,
            "superseded": one.superseded,
            "sums": one.sums,
        }
        for one in found
    }
