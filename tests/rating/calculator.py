"""A pocket calculator for derivations as they are printed: plain decimals, and nothing of rebill."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any


def computed(steps: Sequence[dict[str, Any]]) -> dict[str, Decimal]:
    """Do every step of a derivation again; what each comes to, by its name. Fails at the first that is wrong."""
    found: dict[str, Decimal] = {}
    for step in steps:
        if "operation" not in step:
            assert "result" not in step
            continue
        operands = []
        for operand in step["operands"]:
            value = Decimal(operand["value"])
            # What an earlier step came to is taken from there, not from what is said here.
            assert found.get(operand["name"], value) == value, step
            operands.append(value)
        result = _result(step["operation"], operands, step["decimals"])
        assert result == Decimal(step["result"]), step
        assert step["step"] not in found, "two steps of a derivation bear one name"
        found[step["step"]] = result
    return found


def _result(operation: str, operands: list[Decimal], decimals: int | None) -> Decimal:
    with localcontext() as context:
        context.prec = 100
        first, *others = operands or [Decimal(0)]
        if operation == "multiply":
            result = first
            for value in others:
                result *= value
        elif operation == "subtract":
            result = first - sum(others)
        elif operation == "floor":
            result = first.to_integral_value(rounding=ROUND_FLOOR)
        else:
            computed_by = {
                "take": lambda: first,
                "add": lambda: first + sum(others),
                "greater": lambda: max(operands),
                "lesser": lambda: min(operands),
            }
            result = computed_by[operation]()
        if decimals is not None:
            result = result.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        return result
