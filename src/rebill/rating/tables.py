"""The small tables a plan joins to the cost lines: what they hold, as rows of text.

An engine creates each from its column types; ``None`` is NULL. Decimals travel as text, so
that no engine's client library can round them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rebill.model.money import text_of
from rebill.model.rating import RatingInputs
from rebill.rating.rule_sets import RuleSets, cost_base_factor, rule_factor, rule_sets_of

FACTOR_TYPE = "DECIMAL(9,6)"


@dataclass(frozen=True)
class InputTable:
    """A table to create before the plan runs: ``columns`` are (name, SQL type)."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[tuple[str | None, ...]]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _bindings(inputs: RatingInputs) -> InputTable:
    columns = (
        ("kind", "VARCHAR"),
        ("account_key", "VARCHAR"),
        ("customer_id", "BIGINT"),
        ("effective_from", "DATE"),
        ("effective_to", "DATE"),
    )
    rows = [
        (
            binding.kind.value,
            binding.account_key,
            str(binding.customer_id),
            _day(binding.effective_from),
            _day(binding.effective_to),
        )
        for binding in inputs.bindings
    ]
    return InputTable("bindings", columns, rows)


def _rule_sets(rule_sets: RuleSets) -> InputTable:
    columns = (("rule_set", "INTEGER"), ("basis", "VARCHAR"), ("commitments", "VARCHAR"))
    rows = [
        (str(number), rule_set.basis.value, rule_set.commitments.value)
        for number, rule_set in enumerate(rule_sets.numbered, 1)
    ]
    return InputTable("rule_sets", columns, rows)


def _rules(rule_sets: RuleSets) -> InputTable:
    columns = (
        ("rule_set", "INTEGER"),
        ("position", "INTEGER"),
        ("factor", FACTOR_TYPE),
        ("cost_base_factor", FACTOR_TYPE),
    )
    rows = [
        (str(number), str(rule.position), text_of(rule_factor(rule)), text_of(cost_base_factor(rule_set, rule)))
        for number, rule_set in enumerate(rule_sets.numbered, 1)
        for rule in rule_set.rules
    ]
    return InputTable("rules", columns, rows)


def input_tables(inputs: RatingInputs) -> tuple[InputTable, ...]:
    """The tables ``bindings``, ``customer_rule_sets``, ``rule_sets`` and ``rules`` of a month."""
    rule_sets = rule_sets_of(inputs)
    customers = InputTable(
        "customer_rule_sets",
        (("customer_id", "BIGINT"), ("rule_set", "INTEGER")),
        [(str(customer_id), str(number)) for customer_id, number in rule_sets.by_customer],
    )
    return _bindings(inputs), customers, _rule_sets(rule_sets), _rules(rule_sets)
