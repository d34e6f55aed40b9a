"""Find which rule prices which product of a month, before any line is priced (``rating/README.md``)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rebill.engines.engine import Engine
from rebill.model.rating import RatingInputs
from rebill.price_books.regular_expressions import matching_numbers
from rebill.rating.customer_rules import names_agreements
from rebill.rating.guards import guard_table
from rebill.rating.line_columns import Asked, TextClasses, asked_by, asked_columns, text_classes
from rebill.rating.line_rules import line_rule_tables, line_rules_of, product_rule_table
from rebill.rating.passed_over import passed_over, passed_over_table
from rebill.rating.plan import DOUBTFUL_KEYS, LINES_WITHOUT_KEY, PlanFeatures, keys
from rebill.rating.products import are_told_apart_by_keys, key_parts
from rebill.rating.rule_matching import first_matches, kinds_of
from rebill.rating.rule_sets import rule_sets_of
from rebill.rating.tables import InputTable, class_table, input_tables, match_tables


def resolve_rules(engine: Engine, inputs: RatingInputs) -> PlanFeatures:
    """Make the tables that a plan joins to the engine's cost lines, and say what the plan must read.

    Texts are compared once for each distinct text, rules once for each kind of lines that occurs.
    """
    rule_sets, line_rules = rule_sets_of(inputs), line_rules_of(inputs)
    asked = asked_by(rule for rules in rule_sets.matchers for rule in rules)
    features = PlanFeatures(
        inputs.bill_input_tax,
        rule_sets.names_accounts or names_agreements(inputs),
        asked,
        has_line_rules=bool(line_rules.numbered),
        most_spread=line_rules.most_spread,
        has_guards=rule_sets.has_guards,
        allocates=any(binding.kind.is_allocated for binding in inputs.bindings),
        has_refunds=bool(inputs.refund_rules),
    )
    if are_told_apart_by_keys(asked) and not features.has_refunds:
        features = replace(features, keyed=engine.rows(LINES_WITHOUT_KEY)[0][0] == 0)
    classes = classes_of_texts(engine, asked, features.keyed)
    create_tables(
        engine,
        (
            *input_tables(inputs, rule_sets),
            *line_rule_tables(line_rules),
            guard_table(rule_sets),
            *map(class_table, classes),
        ),
    )
    for step in keys(features):
        engine.create_table_as(step.name, step.sql)
    products = product_rows(engine, asked)
    kinds = kinds_of(products, asked, classes, inputs.bill_input_tax)
    matches = first_matches(rule_sets.matchers, kinds, inputs.home_currency)
    create_tables(engine, (*match_tables(rule_sets, matches), product_rule_table(products)))
    if asked.fixed_rate:
        found = list(passed_over(rule_sets.matchers, kinds, inputs.home_currency))
        create_tables(engine, [passed_over_table(found)])
        features = replace(features, passes_over=bool(found))
    if features.keyed and engine.rows(DOUBTFUL_KEYS)[0][0] != 0:
        return replace(features, keyed=False)
    return features


def classes_of_texts(engine: Engine, asked: Asked, keyed: bool = False) -> list[TextClasses]:
    """The classes of every column of text that is asked about; ``keyed``: all of them stand in line keys."""
    found = []
    lines = "line_keys" if keyed else "cost_lines"
    for column in asked_columns(asked):
        distinct = engine.rows(f"SELECT DISTINCT {column.name} FROM {lines} WHERE {column.name} IS NOT NULL")
        found.append(text_classes(column, [text for (text,) in distinct], asked, matching_numbers))
    return found


def product_rows(engine: Engine, asked: Asked) -> list[dict[str, Any]]:
    """The rows of the table ``products``, by column."""
    names = ["product_number", *(part.name for part in key_parts(asked))]
    return [dict(zip(names, row, strict=True)) for row in engine.rows(f"SELECT {', '.join(names)} FROM products")]


def create_tables(engine: Engine, tables: Iterable[InputTable]) -> None:
    """Make these tables on an engine."""
    for table in tables:
        engine.create_table(table.name, table.columns, table.rows)
