"""Derivations: numbers that follow from one another step by step, each with the sentence that says why.

Every step computes its result itself, from the operands that it shows, so that a derivation cannot say one thing and
mean another; a reader with a pocket calculator gets the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from enum import StrEnum
from typing import Any, Final

from rebill.model.counting import counted
from rebill.model.money import AMOUNT_DECIMALS, ZERO, round_half_away, text_of

_EXACT: Final = Context(prec=90)
_WRITTEN_OPERANDS: Final = 30
"""Operands that are written out in a text; a longer sum is told by its length."""


class Operation(StrEnum):
    """What a step does with its operands."""

    TAKE = "take"
    """One operand, as it is."""
    MULTIPLY = "multiply"
    ADD = "add"
    SUBTRACT = "subtract"
    """The first operand less all others."""
    GREATER = "greater"
    """The greatest operand."""
    LESSER = "lesser"
    """The least operand."""
    FLOOR = "floor"
    """The greatest whole number not above the one operand."""


@dataclass(frozen=True)
class Operand:
    """A number that a step computes with; where an earlier step bears its ``name``, it is that step's result."""

    name: str
    value: Decimal


@dataclass(frozen=True)
class Step:
    """A step of a derivation. ``decimals``: what its result is rounded to, half away from zero; ``None`` = exact.

    A step without an operation states a fact (where a charge comes from, whose it is): ``facts`` are its parts.
    """

    name: str
    sentence: str
    operation: Operation | None = None
    operands: tuple[Operand, ...] = ()
    decimals: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    result: Decimal | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "result", None if self.operation is None else self._computed())

    def _computed(self) -> Decimal:
        found = self._unrounded
        return found if self.decimals is None else round_half_away(found, self.decimals)

    @property
    def _unrounded(self) -> Decimal:
        if self.operation is None:
            raise AssertionError("the step states a fact and computes nothing")
        with localcontext(_EXACT):
            return _apply(self.operation, [operand.value for operand in self.operands])

    @property
    def amount(self) -> Decimal:
        """The result of a step that computes."""
        if self.result is None:
            raise AssertionError("the step states a fact and computes nothing")
        return self.result

    @property
    def operand(self) -> Operand:
        """The result, as an operand of later steps."""
        return Operand(self.name, self.amount)

    @property
    def arithmetic(self) -> str:
        """The computation with the numbers in it; ``""`` for a fact."""
        if self.operation is None:
            return ""
        words = {Operation.MULTIPLY: " × ", Operation.ADD: " + ", Operation.SUBTRACT: " − "}
        values = [f"({text_of(one.value)})" if one.value < 0 else text_of(one.value) for one in self.operands]
        said = words.get(self.operation, ", ").join(values)
        if len(values) > _WRITTEN_OPERANDS:
            said = f"{values[0]}{words.get(self.operation, ', ')}… ({counted(len(values), 'number')})"
        if self.operation not in (*words, Operation.TAKE):
            said = f"{self.operation.value} of {said}"
        results = [text_of(self._unrounded), text_of(self.amount)]
        if self._unrounded == self.amount:
            return said if said == results[1] else f"{said} = {results[1]}"
        return f"{said} = {results[0]}, rounded {results[1]}"

    def document(self) -> dict[str, Any]:
        """The step as plain JSON values, decimals as text."""
        shown: dict[str, Any] = {"step": self.name, "sentence": self.sentence}
        if self.facts:
            shown["facts"] = self.facts
        if self.operation is not None:
            shown |= {
                "operation": self.operation.value,
                "operands": [{"name": one.name, "value": text_of(one.value)} for one in self.operands],
                "decimals": self.decimals,
                "result": text_of(self.amount),
            }
        return shown


def _apply(operation: Operation, values: Sequence[Decimal]) -> Decimal:
    match operation:
        case Operation.TAKE:
            (value,) = values
            return value
        case Operation.MULTIPLY:
            product = Decimal(1)
            for value in values:
                product *= value
            return product
        case Operation.ADD:
            return sum(values, ZERO)
        case Operation.SUBTRACT:
            return values[0] - sum(values[1:], ZERO)
        case Operation.GREATER:
            return max(values)
        case Operation.LESSER:
            return min(values)
        case Operation.FLOOR:
            (value,) = values
            return value.to_integral_value(rounding=ROUND_FLOOR)


def taken(name: str, sentence: str, value: Decimal, **facts: Any) -> Step:
    """A step that takes a number as it stands."""
    return Step(name, sentence, Operation.TAKE, (Operand(name, value),), facts=facts)


def multiplied(name: str, sentence: str, *operands: Operand, decimals: int | None = AMOUNT_DECIMALS) -> Step:
    """A product, rounded to ``decimals``: each rounded product of the rules is one step."""
    return Step(name, sentence, Operation.MULTIPLY, operands, decimals)


def added(name: str, sentence: str, operands: Sequence[Operand]) -> Step:
    """An exact sum."""
    return Step(name, sentence, Operation.ADD, tuple(operands))
