"""The small tables a plan joins to the cost lines: what they hold, as rows of text.

An engine creates each from its column types; ``None`` is NULL. Decimals travel as text, so
that no engine's client library can round them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rebill.model.identifiers import AccountKind
from rebill.model.money import text_of
from rebill.model.price_book import PriceRule
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.rating.line_columns import TextClasses, TextColumn
from rebill.rating.rule_matching import Matches
from rebill.rating.rule_sets import RuleSet, RuleSets, cost_base_factor

FACTOR_TYPE = "DECIMAL(9,6)"
RATE_TYPE = "DECIMAL(17,10)"


@dataclass(frozen=True)
class InputTable:
    """A table to create before the plan runs: ``columns`` are (name, SQL type)."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[tuple[str | None, ...]]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def binding_table(bindings: Sequence[AccountBinding]) -> InputTable:
    """The table ``bindings``: whose accounts are on which days."""
    columns = (
        ("kind", "STRING"),
        ("account_key", "STRING"),
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
        for binding in bindings
    ]
    return InputTable("bindings", columns, rows)


def changed_day_table(changed: Mapping[tuple[AccountKind, str], Collection[date]]) -> InputTable:
    """The table ``changed_days``: on which days an act changes who has an account, by kind and key."""
    rows = [(kind.value, key, _day(day)) for (kind, key), days in changed.items() for day in sorted(days)]
    return InputTable("changed_days", (("kind", "STRING"), ("account_key", "STRING"), ("day", "DATE")), rows)


def _rule_sets(rule_sets: RuleSets) -> InputTable:
    columns = (("rule_set", "INTEGER"), ("basis", "STRING"), ("commitments", "STRING"), ("matcher", "INTEGER"))
    rows = [
        (str(number), rule_set.basis.value, rule_set.commitments.value, str(rule_set.matcher))
        for number, rule_set in enumerate(rule_sets.numbered, 1)
    ]
    return InputTable("rule_sets", columns, rows)


def _account_rules(rule_sets: RuleSets) -> InputTable:
    columns = (
        ("customer_id", "BIGINT"),
        ("account_key", "STRING"),
        ("first_day", "DATE"),
        ("until_day", "DATE"),
        ("rule_set", "INTEGER"),
        ("rules_month", "STRING"),
    )
    rows = [
        (
            str(one.customer_id),
            one.account_key,
            _day(one.first_day),
            _day(one.until_day),
            str(one.rule_set),
            one.rules_month,
        )
        for one in rule_sets.accounts
    ]
    return InputTable("account_rules", columns, rows)


def input_tables(inputs: RatingInputs, rule_sets: RuleSets) -> tuple[InputTable, ...]:
    """The tables ``bindings``, ``account_rules``, ``rule_sets`` and ``refunded_invoices`` of a month."""
    return binding_table(inputs.bindings), _account_rules(rule_sets), _rule_sets(rule_sets), _refunded_invoices(inputs)


def _refunded_invoices(inputs: RatingInputs) -> InputTable:
    rows = [(invoice, str(rules.month)) for rules in inputs.refund_rules for invoice in rules.invoices]
    return InputTable("refunded_invoices", (("invoice_id", "STRING"), ("rules_month", "STRING")), rows)


def class_table(classes: TextClasses) -> InputTable:
    """The texts of a column that are like something; all others are of class 0."""
    rows = [(text, str(number)) for text, number in classes.by_text.items()]
    return InputTable(class_table_name(classes.column), (("text", "STRING"), ("class", "INTEGER")), rows)


def class_table_name(column: TextColumn) -> str:
    """The table that holds the classes of a column's texts."""
    return f"{column.key}es"


def match_tables(rule_sets: RuleSets, matches: Matches) -> tuple[InputTable, ...]:
    """The tables ``product_kinds``, ``matches`` and ``rules``; of the rules those that match anything."""
    kinds = [(str(product), str(kind)) for product, kind in matches.kinds.items()]
    found = [(str(matcher), str(kind), str(position)) for matcher, kind, position in matches.found]
    return (
        InputTable("product_kinds", (("product_number", "INTEGER"), ("kind", "INTEGER")), kinds),
        InputTable("matches", (("matcher", "INTEGER"), ("kind", "INTEGER"), ("rule_position", "INTEGER")), found),
        _rules(rule_sets, {(matcher, position) for matcher, _, position in matches.found}),
    )


def _rules(rule_sets: RuleSets, matched: Collection[tuple[int, int]]) -> InputTable:
    columns = (
        ("rule_set", "INTEGER"),
        ("rule_position", "INTEGER"),
        ("factor", FACTOR_TYPE),
        ("cost_base_factor", FACTOR_TYPE),
        ("rate", RATE_TYPE),
    )
    rows = [
        (str(number), str(rule.position), *_effect(rule_set, rule))
        for number, rule_set in enumerate(rule_sets.numbered, 1)
        for rule in rule_set.rules
        if (rule_set.matcher, rule.position) in matched
    ]
    return InputTable("rules", columns, rows)


def _effect(rule_set: RuleSet, rule: PriceRule) -> tuple[str | None, str | None, str | None]:
    """(factor, factor on a cost, rate) of a rule, as text."""
    factor, on_cost = rule.adjustment.factor, cost_base_factor(rule_set, rule)
    if factor is None or on_cost is None:
        return None, None, text_of(rule.adjustment.value)
    return text_of(factor), text_of(on_cost), None
