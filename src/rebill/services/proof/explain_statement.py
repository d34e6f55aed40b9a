"""Derive the lines of a statement or note, down to single charges (``docs/proof.md``)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rebill.model.counting import counted
from rebill.model.derivation import Operand, Step, added
from rebill.model.document import DocumentKind
from rebill.model.errors import Invalid, NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.source_row import SourceRow
from rebill.model.statement import CARRY_KINDS, LineKey, LineKind, StatementLine
from rebill.rating.explained import LineOfRun
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.services.proof.carry_steps import carry_steps, whole_total_steps
from rebill.services.proof.charge_steps import ChargeSteps, not_derived
from rebill.services.proof.minor_unit_steps import DealtLines, of_note, of_statement
from rebill.services.proof.rule_line_steps import ChargedMonth, charged_month, exact_now, rule_line_steps
from rebill.services.proof.run_charges import ExplainedCharge, PricedAlike, RunCharges
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recorded_run import RunInputs, data_sets_of_run, run_inputs
from rebill.services.runs.run_files import opened_run, run_files
from rebill.store.closing import RecordedRun
from rebill.store.scope import Scope
from rebill.store.stored_documents import (
    StoredDocument,
    blocks_on,
    carried_before,
    issued_before,
    runs_by_id,
    stored_document,
)

SHOWN_CHARGES: Final = 20


@dataclass(frozen=True)
class ExplainedLine:
    """A line in its place on the document. ``totals`` add up to what its charges come to; ``steps`` go on from there.

    ``charges``: the first of ``charge_count``, or the one that was asked for. ``corrects``: the month of its block.
    """

    number: int
    line: StatementLine
    corrects: BillingMonth | None
    steps: tuple[Step, ...]
    totals: tuple[PricedAlike, ...] = ()
    charges: tuple[ExplainedCharge, ...] = ()

    @property
    def charge_count(self) -> int:
        return sum(total.charges for total in self.totals)


@dataclass(frozen=True)
class Explanation:
    """A document explained: ``steps`` lead to its total and to the units that are dealt over its lines."""

    document: StoredDocument
    minor_digits: int
    steps: tuple[Step, ...]
    lines: tuple[ExplainedLine, ...]


def explain_statement(
    installation: Installation,
    caller: Caller,
    statement_id: int,
    line_number: int | None = None,
    charge: SourceRow | None = None,
    shown_charges: int = SHOWN_CHARGES,
) -> Explanation:
    """Every line of a statement or note with its minor units; one line with its rules and first charges; one charge.

    However many charges a line has, only ``shown_charges`` of them are derived one by one; the others stand in its
    totals. Raises ``Forbidden``, ``NotFound``, ``Invalid`` for a row that several files have, ``TooMany`` while
    too many months are worked on, and ``ProgramError`` where the derivation does not come to what is recorded.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        document = stored_document(scope, statement_id)
        if document is None:
            raise unknown_statement(statement_id)
        parts = [_part(scope, found) for found in (document, *blocks_on(scope, statement_id))]
        carried = carried_before(scope, document) if document.carried else []
    with place_of_proof(installation, caller) as folder:
        return _Explaining(installation, parts, carried, folder, shown_charges).explanation(line_number, charge)


@dataclass(frozen=True)
class _Part:
    """A document or one of its blocks, with what was issued before it and its run."""

    document: StoredDocument
    before: tuple[StoredDocument, ...]
    run: RecordedRun

    @property
    def own_lines(self) -> list[StatementLine]:
        return [line for line in self.document.lines if line.priced.kind not in CARRY_KINDS]


def _part(scope: Scope, document: StoredDocument) -> _Part:
    before = () if document.kind is DocumentKind.STATEMENT else tuple(issued_before(scope, document))
    return _Part(document, before, runs_by_id(scope, [document.run_id])[document.run_id])


class _Explaining:
    def __init__(
        self,
        installation: Installation,
        parts: Sequence[_Part],
        carried_before: Sequence[StoredDocument],
        folder: Path,
        shown_charges: int,
    ) -> None:
        self._installation = installation
        self._parts = parts
        self._carried_before = carried_before
        self._folder = folder
        self._shown_charges = shown_charges

    def explanation(self, line_number: int | None, charge: SourceRow | None) -> Explanation:
        main = self._parts[0]
        lines: list[ExplainedLine] = []
        dealt: list[DealtLines] = []
        for part in self._parts:
            run = run_inputs(self._installation, part.run, part.document.customer_id)
            explained = _ExplainedPart(self._installation, part, run, self._folder, len(lines))
            lines += explained.lines(line_number, charge, self._shown_charges)
            dealt.append(explained.dealt)
        blocks = [part.document for part in self._parts[1:]]
        lines += self._carried(main, blocks, dealt[0].digits, len(lines))
        if line_number is not None and not 1 <= line_number <= len(lines):
            sentence = f"The document has lines 1 to {len(lines)}: rebill statements show ID lists them."
            raise NotFound("line_not_found", sentence)
        wanted = [line for line in lines if line_number in (None, line.number)]
        if charge is not None:
            wanted = _of_charge(wanted, charge)
        steps = (*dealt[0].steps, *whole_total_steps(main.document, blocks))
        return Explanation(main.document, dealt[0].digits, steps, tuple(wanted))

    def _carried(
        self, part: _Part, blocks: Sequence[StoredDocument], digits: int, lines_before: int
    ) -> list[ExplainedLine]:
        carried = [line for line in part.document.lines if line.priced.kind in CARRY_KINDS]
        steps = carry_steps(part.document, blocks, self._carried_before, digits) if carried else ()
        return [ExplainedLine(lines_before + place, line, None, steps) for place, line in enumerate(carried, 1)]


def _of_charge(lines: Sequence[ExplainedLine], charge: SourceRow) -> list[ExplainedLine]:
    """The lines that hold the charge of a source row."""
    found = [line for line in lines if line.charges]
    files = sorted({explained.charge.file for line in found for explained in line.charges})
    if not found:
        of_file = f" of {charge.file}" if charge.file else ""
        raise NotFound(
            "charge_not_found",
            f"Row {charge.row}{of_file} is no charge of this document, or not of this line; rebill explain "
            "STATEMENT_ID --line N shows those of a line.",
        )
    if len(files) > 1:
        raise Invalid(
            "charge_ambiguous",
            f"Row {charge.row} stands in {counted(len(files), 'file')} of this document: name its file too.",
            {file: f"has one: {file}:{charge.row}" for file in files[:10]},
        )
    return found


class _ExplainedPart:
    """The lines of a document, or of a block on it."""

    def __init__(
        self, installation: Installation, part: _Part, run: RunInputs, folder: Path, lines_before: int
    ) -> None:
        self._installation = installation
        self._part = part
        self._run = run
        self._folder = folder
        self._lines_before = lines_before
        self._is_note = part.document.kind is not DocumentKind.STATEMENT
        self.dealt: DealtLines = self._dealt()

    def _dealt(self) -> DealtLines:
        document, lines = self._part.document, self._part.own_lines
        digits = self._run.digits_of(document.currency)
        if not self._is_note:
            return of_statement(lines, digits)
        if document.voids:
            return of_note(lines, {}, self._part.before, digits)
        now = exact_now(self._run.inputs, document.customer_id, document.currency, self._charged())
        return of_note(lines, now, self._part.before, digits)

    def _charged(self) -> ChargedMonth:
        with opened_run(self._installation, self._run, self._folder) as engine:
            return charged_month(engine, self._part.document.customer_id)

    def lines(self, number: int | None, charge: SourceRow | None, shown_charges: int) -> list[ExplainedLine]:
        corrects = self._part.document.month if self._part.document.kind is DocumentKind.BLOCK else None
        found = [
            ExplainedLine(self._lines_before + place, line, corrects, self.dealt.line_steps(place - 1))
            for place, line in enumerate(self._part.own_lines, 1)
        ]
        if number is None and charge is None:
            return found
        wanted = [one for one in found if number in (None, one.number)]
        if not wanted or self._part.document.voids:
            return found
        by_rules = [one for one in wanted if one.line.priced.kind is not LineKind.CHARGES]
        of_charges = [one for one in wanted if one.line.priced.kind is LineKind.CHARGES]
        explained = self._of_rules(by_rules) if charge is None and by_rules else []
        explained += self._of_charges(of_charges, charge, shown_charges) if of_charges else []
        by_number = {one.number: one for one in explained}
        return [by_number.get(one.number, one) for one in found]

    def _of_rules(self, wanted: Sequence[ExplainedLine]) -> list[ExplainedLine]:
        document, charged = self._part.document, self._charged()
        found = []
        for one in wanted:
            steps = rule_line_steps(self._run.inputs, document.customer_id, document.currency, one.line.priced, charged)
            found.append(replace(one, steps=_led_by(one.steps, steps)))
        return found

    def _of_charges(
        self, wanted: Sequence[ExplainedLine], charge: SourceRow | None, shown_charges: int
    ) -> list[ExplainedLine]:
        document = self._part.document
        steps = ChargeSteps(self._run.inputs, document.customer_id, document.customer_name)
        data_sets = data_sets_of_run(self._installation, self._run)
        of_parts = [data_set for data_set in data_sets for _ in data_set.parts]
        with run_files(self._installation, self._run, self._folder) as engine:
            charges = RunCharges(engine, steps, of_parts)
            if charge is not None:
                return self._with_charge(wanted, charges.of_row(document.customer_id, document.currency, charge))
            return [self._with_charges(one, charges, shown_charges) for one in wanted]

    @staticmethod
    def _with_charge(lines: Sequence[ExplainedLine], found: Sequence[ExplainedCharge]) -> list[ExplainedLine]:
        by_line: dict[LineKey, list[ExplainedCharge]] = defaultdict(list)
        for explained in found:
            charge = explained.charge
            four = (charge.provider, charge.account.subscription, charge.service, charge.category)
            by_line[LineKey(LineKind.CHARGES, None, *four)].append(explained)
        return [replace(one, charges=tuple(by_line[one.line.priced.key])) for one in lines]

    def _with_charges(self, found: ExplainedLine, charges: RunCharges, shown_charges: int) -> ExplainedLine:
        key = found.line.priced.key
        four = (key.provider, key.subscription, key.service, key.charge_category)
        line = LineOfRun(self._part.document.customer_id, self._part.document.currency, *four)
        totals, first = charges.of_line(line, shown_charges)
        return replace(found, steps=_with(found.steps, totals), totals=totals, charges=first)


def _with(steps: Sequence[Step], totals: Sequence[PricedAlike]) -> tuple[Step, ...]:
    """The steps of a line, led to by what its charges come to."""
    operands = [Operand(f"priced alike {place}", total.price) for place, total in enumerate(totals, 1)]
    charges = added("charges", "The prices of the line's charges, summed by how they are priced.", operands)
    return _led_by(steps, (charges,))


def _led_by(steps: Sequence[Step], before: tuple[Step, ...]) -> tuple[Step, ...]:
    said = steps[0].operands[0].value
    if said != before[-1].amount:
        raise not_derived(f"the line comes to {before[-1].amount}, its exact amount starts from {said}")
    return (*before, *steps)
