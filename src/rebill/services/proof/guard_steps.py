"""What guards make of the price of a charge, as steps: held at list, at its cost, at a least margin."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from rebill.model.derivation import Operand, Operation, Step, multiplied
from rebill.model.money import margin_floor_factor, text_of, without_spare_zeros
from rebill.model.terms import CustomerTerms

_BEFORE = "price before guards"


def within_guards(
    priced: Sequence[Step], terms: CustomerTerms, list_cost: Decimal | None, statement_cost: Decimal
) -> tuple[Step, ...]:
    """The steps of a price that a guard moved, and each guard of the customer in its turn; the last is the price."""
    guards = terms.guards
    steps = [*priced[:-1], replace(priced[-1], name=_BEFORE)]
    cost = Operand("statement cost", statement_cost)
    if guards.cap_at_list and list_cost:
        listed = Operand("ListCost", list_cost)
        sentence = f"Never above list{_whose(terms, 'cap_at_list')}."
        steps.append(_bounded("price up to list", sentence, Operation.LESSER, steps[-1], listed))
    if guards.floor_at_cost:
        whose = _whose(terms, "floor_at_cost")
        sentence = f"Never below what the charge costs the partner{whose}; a floor beats the cap."
        steps.append(_bounded("price from cost on", sentence, Operation.GREATER, steps[-1], cost))
    if guards.margin_floor_percent:
        percent = text_of(without_spare_zeros(guards.margin_floor_percent))
        factor = Operand("margin floor factor", margin_floor_factor(guards.margin_floor_percent))
        sentence = (
            f"The least price that leaves {percent} % of it{_whose(terms, 'margin_floor_percent')}: "
            f"cost / (1 − {percent} %), the factor rounded up."
        )
        least = multiplied("least by margin", sentence, cost, factor)
        before = steps[-1]
        steps.append(least)
        steps.append(_bounded("price with margin", "Never below that.", Operation.GREATER, before, least.operand))
    steps[-1] = replace(steps[-1], name="price")
    return tuple(steps)


def _whose(terms: CustomerTerms, guard: str) -> str:
    """Said where a guard is not the customer's own."""
    return " (the partner's guard for all its customers)" if guard in terms.guards_of_partner else ""


def _bounded(name: str, sentence: str, operation: Operation, before: Step, bound: Operand) -> Step:
    return Step(name, sentence, operation, (before.operand, bound))
