"""From exact amounts to what is shown, as steps: the total is rounded once and its units are dealt over the lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from rebill.model.derivation import Operand, Operation, Step, added, multiplied, taken
from rebill.model.money import ZERO
from rebill.model.statement import CARRY_KINDS, LineKey, StatementLine
from rebill.services.proof.charge_steps import not_derived
from rebill.store.stored_documents import StoredDocument


@dataclass(frozen=True)
class DealtLines:
    """The lines of a document with their units.

    ``steps`` lead to the units to deal. ``first_steps``: of each line, to its exact amount.
    """

    steps: tuple[Step, ...]
    first_steps: tuple[tuple[Step, ...], ...]
    lines: tuple[StatementLine, ...]
    digits: int

    def line_steps(self, index: int) -> tuple[Step, ...]:
        """From the exact amount of a line to what is shown. Raises ``ProgramError`` where that is another amount."""
        line, first = self.lines[index], self.first_steps[index]
        scaled = _scaled("in minor units", first[-1].operand, self.digits)
        floor = _floor(scaled)
        remainder = Step("remainder", "The part above the floor.", Operation.SUBTRACT, (scaled.operand, floor.operand))
        unit = self._unit(index)
        units = added("shown in minor units", "What is shown, in minor units.", (floor.operand, unit.operand))
        unit_value = Operand("one minor unit", Decimal(1).scaleb(-self.digits))
        shown = multiplied("shown", "What is shown.", units.operand, unit_value, decimals=self.digits)
        if units.amount != line.amount_minor_units:
            raise not_derived(f"line {index + 1} derives to {shown.amount}, shown is {line.amount_minor_units} units")
        return (*first, scaled, floor, remainder, unit, units, shown)

    def _unit(self, index: int) -> Step:
        missing = int(self.steps[-1].amount)
        place = self._places[index]
        if missing == -1:
            gets = -1 if index == 0 else 0
            sentence = "The total lies one unit below the floors: the first line loses it."
        else:
            gets = 1 if place <= missing else 0
            sentence = (
                f"Units to deal: {missing}, one each to the lines with the greatest remainders, ties to the earlier "
                f"line; this line is number {place} of {len(self.lines)}."
            )
        return taken("unit", sentence, Decimal(gets), place=place, of=len(self.lines), units_to_deal=missing)

    @cached_property
    def _places(self) -> dict[int, int]:
        """Each line's place, from 1, in the order in which units are dealt."""
        scaled = [_scaled("", steps[-1].operand, self.digits) for steps in self.first_steps]
        remainders = [one.amount - _floor(one).amount for one in scaled]
        order = sorted(range(len(remainders)), key=lambda index: (-remainders[index], index))
        return {index: place for place, index in enumerate(order, 1)}


def of_statement(lines: Sequence[StatementLine], digits: int) -> DealtLines:
    """The lines of a statement: its total is the rounded sum of their exact amounts."""
    first = tuple((_exact(line),) for line in lines)
    exact = added("exact total", "The exact amounts of all lines.", _operands(lines, first))
    total = _rounded("total in minor units", exact.operand, digits)
    return DealtLines((exact, total, *_to_deal(total, first, digits)), first, tuple(lines), digits)


def _exact(line: StatementLine) -> Step:
    operand = Operand(line.priced.kind.value, line.priced.exact_amount)
    return Step("exact", "The exact amount of the line.", Operation.TAKE, (operand,))


def of_note(
    lines: Sequence[StatementLine], now: Mapping[LineKey, Decimal], before: Sequence[StoredDocument], digits: int
) -> DealtLines:
    """The lines of a correction: what the month is ``now`` less everything issued ``before``, line by line."""
    first = tuple((_difference(line, now, before),) for line in lines)
    exact = added(
        "exact total of the month",
        "The exact amounts of the month as it was computed for the correction.",
        [Operand(key.told, amount) for key, amount in now.items()],
    )
    month = _rounded("month in minor units", exact.operand, digits)
    issued = [Operand(f"{one.kind.value} {one.statement_id} in minor units", Decimal(one.own_total)) for one in before]
    total = Step(
        "total in minor units", "Less everything issued for the month.", Operation.SUBTRACT, (month.operand, *issued)
    )
    return DealtLines((exact, month, total, *_to_deal(total, first, digits)), first, tuple(lines), digits)


def _difference(line: StatementLine, now: Mapping[LineKey, Decimal], before: Sequence[StoredDocument]) -> Step:
    key = line.priced.key
    issued = [
        Operand(f"{one.kind.value} {one.statement_id}", issued_line.priced.exact_amount)
        for one in before
        for issued_line in one.lines
        if issued_line.priced.key == key and issued_line.priced.kind not in CARRY_KINDS
    ]
    operands = (Operand(line.priced.kind.value, now.get(key, ZERO)), *issued)
    found = Step("exact", "What the line is now, less what was issued of it.", Operation.SUBTRACT, operands)
    if found.amount != line.priced.exact_amount:
        raise not_derived(f"{key.told} derives to {found.amount}, recorded is {line.priced.exact_amount}")
    return found


def _to_deal(total: Step, first: Sequence[Sequence[Step]], digits: int) -> tuple[Step, Step]:
    floors = [_floor(_scaled("", steps[-1].operand, digits)) for steps in first]
    operands = [Operand(f"line {place} floor", floor.amount) for place, floor in enumerate(floors, 1)]
    together = added("floors", "The floors of all lines, in minor units.", operands)
    sentence = "The units by which the floors fall short of the total."
    return together, Step("units to deal", sentence, Operation.SUBTRACT, (total.operand, together.operand))


def _operands(lines: Sequence[StatementLine], first: Sequence[Sequence[Step]]) -> list[Operand]:
    return [Operand(f"line {place}", steps[-1].amount) for place, steps in enumerate(first, 1)]


def _scaled(name: str, exact: Operand, digits: int) -> Step:
    return multiplied(name, "In minor units of the currency.", exact, _in_one(digits), decimals=None)


def _in_one(digits: int) -> Operand:
    return Operand("minor units in one", Decimal(10**digits))


def _rounded(name: str, exact: Operand, digits: int) -> Step:
    sentence = "In minor units of the currency, rounded once, half away from zero."
    return multiplied(name, sentence, exact, _in_one(digits), decimals=0)


def _floor(scaled: Step) -> Step:
    return Step("floor", "The whole units at or below it.", Operation.FLOOR, (scaled.operand,))
