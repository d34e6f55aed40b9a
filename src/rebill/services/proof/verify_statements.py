"""Compute statements again from what their runs recorded, and compare them byte for byte (``docs/proof.md``)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rebill.model.correction import MonthSum, corrected, sum_of_lines
from rebill.model.counting import counted
from rebill.model.document import DocumentKind
from rebill.model.engine_name import EngineName
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO, text_of, text_of_minor_units
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import CARRY_KINDS, Statement, StatementLine
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.services.runs.month_state import month_not_run
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recomputed_runs import RecomputedRun, RecomputedRuns
from rebill.services.runs.run_manifest import StatementKey, canonical_json, canonical_lines
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.scope import Scope
from rebill.store.stored_documents import (
    StoredDocument,
    blocks_on,
    issued_before,
    runs_by_id,
    stored_document,
    stored_documents,
)


@dataclass(frozen=True)
class Verification:
    """A document and the first thing in which it differs from what its run's inputs give; ``""``: it does not."""

    document: StoredDocument
    difference: str = ""


@dataclass(frozen=True)
class VerifiedMonth:
    """``missing``: statements that the last run gives and the record does not hold, as sentences."""

    verifications: tuple[Verification, ...]
    missing: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        return not self.missing and not any(found.difference for found in self.verifications)


def verify_statement(
    installation: Installation, caller: Caller, statement_id: int, engine: EngineName | None = None
) -> Verification:
    """Verify one statement or note, with the blocks that stand on it.

    ``engine``: where it is computed again, if not where the settings say. Raises ``Forbidden``, ``NotFound``, and
    ``TooMany`` while too many months are recomputed.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        document = stored_document(scope, statement_id)
        if document is None:
            raise unknown_statement(statement_id)
        recorded = _read(scope, [document])
    with place_of_proof(installation, caller) as folder:
        return _verified(recorded[0], RecomputedRuns(installation, folder, engine))


def verify_month(
    installation: Installation,
    caller: Caller,
    month: BillingMonth,
    engine: EngineName | None = None,
    customer_id: int | None = None,
) -> VerifiedMonth:
    """Verify every statement and note of a month (of one customer), and that none is missing.

    Raises as ``verify_statement``, and ``Conflict`` for a month that was not run.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        runs = runs_of_month(scope, month)
        documents = stored_documents(scope, month)
        recorded = _read(scope, [one for one in documents if customer_id in (None, one.customer_id)])
    if not runs:
        raise month_not_run(month)
    with place_of_proof(installation, caller) as folder:
        recomputed = RecomputedRuns(installation, folder, engine)
        verifications = tuple(_verified(found, recomputed) for found in recorded)
        return VerifiedMonth(verifications, _missing(runs, recorded, recomputed, customer_id))


@dataclass(frozen=True)
class _Recorded:
    """A document, what was issued before it, its runs by id, and the blocks on it."""

    document: StoredDocument
    before: tuple[StoredDocument, ...]
    runs: Mapping[int, RecordedRun]
    blocks: tuple["_Recorded", ...] = ()


def _read(scope: Scope, documents: Iterable[StoredDocument]) -> list[_Recorded]:
    found = []
    for document in documents:
        is_statement = document.kind is DocumentKind.STATEMENT
        before = () if is_statement else tuple(issued_before(scope, document))
        blocks = _read(scope, blocks_on(scope, document.statement_id)) if is_statement else []
        runs = runs_by_id(scope, [document.run_id])
        found.append(_Recorded(document, before, runs, tuple(blocks)))
    return found


def _verified(recorded: _Recorded, runs: RecomputedRuns) -> Verification:
    return Verification(recorded.document, _difference(recorded, runs))


def _difference(recorded: _Recorded, runs: RecomputedRuns) -> str:
    document = recorded.document
    own = tuple(line for line in document.lines if line.priced.kind not in CARRY_KINDS)
    try:
        run = runs.of(recorded.runs[document.run_id])
    except ProgramError as error:
        return error.message
    digits = run.run.digits_of(document.currency)
    expected = _expected(recorded, run, digits)
    lines = () if expected is None else expected.lines
    found = first_difference(own, lines, digits) or _not_canonical(document, own, lines, digits, run)
    return found or _row_difference(recorded, expected, digits) or _block_difference(recorded, runs)


def _expected(recorded: _Recorded, run: RecomputedRun, digits: int) -> Statement | None:
    document = recorded.document
    computed = run.statements.get((document.customer_id, document.currency))
    if document.kind is DocumentKind.STATEMENT:
        return computed
    wanted = MonthSum()
    if computed is not None and not document.voids:
        lines = tuple(line.priced for line in computed.lines)
        wanted = MonthSum(lines, computed.total_minor_units, computed.statement_cost)
    return corrected(document.customer_id, document.month, document.currency, wanted, _issued(recorded.before), digits)


def _issued(documents: Sequence[StoredDocument]) -> MonthSum:
    own = [line.priced for one in documents for line in one.lines if line.priced.kind not in CARRY_KINDS]
    total, cost = sum(one.own_total for one in documents), sum((one.own_cost for one in documents), ZERO)
    return MonthSum(sum_of_lines(own), total, cost)


def _not_canonical(
    document: StoredDocument,
    stored: Sequence[StatementLine],
    expected: Sequence[StatementLine],
    digits: int,
    run: RecomputedRun,
) -> str:
    key = StatementKey(document.customer_id, document.month, document.currency)
    forms = [
        canonical_json(canonical_lines(key, lines, run.run.run.inputs_sha256, digits)) for lines in (stored, expected)
    ]
    return "" if forms[0] == forms[1] else f"its canonical form is {forms[0]!r}, recomputed {forms[1]!r}"


def first_difference(stored: Sequence[StatementLine], expected: Sequence[StatementLine], digits: int) -> str:
    """In what the first line that differs does, as a sentence; ``""`` where no line does."""
    for place, (one, other) in enumerate(zip_longest(stored, expected), 1):
        if one is None or other is None:
            found = other if one is None else one
            said = "is missing" if one is None else "stands there, but is not in what was recomputed"
            return f"line {place} ({_named(found)}) {said}"
        for name, seen, wanted in _compared(one, other, digits):
            if seen != wanted:
                return f"line {place} ({_named(other)}): its {name} is {seen}, recomputed {wanted}"
    return ""


def _compared(one: StatementLine, other: StatementLine, digits: int) -> Iterable[tuple[str, object, object]]:
    yield "key", _named(one), _named(other)
    yield "number", one.number, other.number
    seen, wanted = one.priced, other.priced
    yield "exact amount", text_of(seen.exact_amount), text_of(wanted.exact_amount)
    amounts = (text_of_minor_units(line.amount_minor_units, digits) for line in (one, other))
    yield "amount", next(amounts), next(amounts)
    yield "quantity", seen.quantity, wanted.quantity
    yield "unit", seen.pricing_unit, wanted.pricing_unit
    yield "number of charges", seen.charges, wanted.charges
    yield "description", seen.description, wanted.description


def _named(line: StatementLine | None) -> str:
    return "" if line is None else line.priced.key.told


def _row_difference(recorded: _Recorded, expected: Statement | None, digits: int) -> str:
    document = recorded.document
    carried = [line for line in document.lines if line.priced.kind in CARRY_KINDS]
    own = sum(line.amount_minor_units for line in document.lines) - sum(line.amount_minor_units for line in carried)
    amounts = (
        ("total", document.own_total, own),
        ("total of what is carried", document.carried, sum(line.amount_minor_units for line in carried)),
        ("total of its blocks", document.blocks, sum(found.document.own_total for found in recorded.blocks)),
    )
    for name, seen, wanted in amounts:
        if seen != wanted:
            texts = (text_of_minor_units(seen, digits), text_of_minor_units(wanted, digits))
            return f"its {name} is {texts[0]}, its lines add up to {texts[1]}"
    cost = ZERO if expected is None else expected.statement_cost
    if document.own_cost != cost:
        return f"its statement cost is {text_of(document.own_cost)}, recomputed {text_of(cost)}"
    if document.line_count != len(document.lines):
        return f"it has {counted(len(document.lines), 'line')}, recorded {counted(document.line_count, 'is', 'are')}"
    return ""


def _block_difference(recorded: _Recorded, runs: RecomputedRuns) -> str:
    for block in recorded.blocks:
        found = _difference(block, runs)
        if found:
            return f"in its correction of {block.document.month}, {found}"
    cost = sum((block.document.own_cost for block in recorded.blocks), ZERO)
    if recorded.document.block_cost != cost:
        return f"the cost of its blocks is {text_of(recorded.document.block_cost)}, theirs is {text_of(cost)}"
    return ""


def _missing(
    runs: Sequence[RecordedRun], recorded: Sequence[_Recorded], again: RecomputedRuns, only: int | None
) -> tuple[str, ...]:
    """What the last run of the whole month gives, for customers that were not run by themselves since; ``only`` one."""
    whole = next((run for run in runs if run.customer_id is None), None)
    if whole is None:
        return ()
    try:
        computed = again.of(whole).statements
    except ProgramError as error:
        return (error.message,)
    since = {run.customer_id for run in runs if run.number > whole.number}
    held = {
        (found.document.customer_id, found.document.currency)
        for found in recorded
        if found.document.kind is DocumentKind.STATEMENT
    }
    return tuple(
        f"customer {customer_id} has no statement in {currency}, which run {whole.run_id} gives"
        for customer_id, currency in sorted(computed.keys() - held)
        if customer_id not in since and only in (None, customer_id)
    )
