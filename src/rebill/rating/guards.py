"""Guards in the plan: what holds the price of a line within bounds, as SQL (``docs/rating.md``, Guards).

A rule set knows its guards, so that a line finds them by a join to one small table. Nothing of this stands in the plan
of a month in which no guard is set.
"""

from typing import Final

from rebill.model.money import margin_floor_factor, text_of
from rebill.model.rating import BaseKind, Guard
from rebill.model.terms import Guards
from rebill.rating.rule_sets import RuleSets
from rebill.rating.ruled_lines import AMOUNT, ZERO
from rebill.rating.tables import FACTOR_TYPE, InputTable

KEPT_FOR_GUARDS: Final = ", guarded, cap, floor_at_cost, margin_factor"
"""Columns of ``guard_columns``, where rules stand between a line and its guards."""
UNGUARDED: Final = f"CAST({Guard.NONE} AS TINYINT) AS guard"
"""The guard of every line of a month without any."""
_HAS_NONE: Final = f"(base_kind = {BaseKind.SUPPORT_RULE} OR NOT guarded)"


def guard_table(rule_sets: RuleSets) -> InputTable:
    """The table ``guards``: rule sets that have any, and which."""
    columns = (
        ("rule_set", "INTEGER"),
        ("cap_at_list", "BOOLEAN"),
        ("floor_at_cost", "BOOLEAN"),
        ("margin_factor", FACTOR_TYPE),
    )
    rows = [
        (str(number), str(guards.cap_at_list), str(guards.floor_at_cost), _margin_factor(guards))
        for number, guards in enumerate((rule_set.guards for rule_set in rule_sets.numbered), 1)
        if guards.any
    ]
    return InputTable("guards", columns, rows)


def _margin_factor(guards: Guards) -> str | None:
    return text_of(margin_floor_factor(guards.margin_floor_percent)) if guards.margin_floor_percent else None


def guard_join(span: str) -> str:
    """The join that gives a line of ``span`` its guards."""
    return f"\nLEFT JOIN guards AS g ON g.rule_set = {span}.rule_set"


def guard_columns(own_base: str) -> str:
    """What ``guarded`` needs of a line ``l`` beside what a rated line has; ``own_base``: its base whatever its rule."""
    is_guarded = f"g.rule_set IS NOT NULL AND d.charge_category IN ('Usage', 'Purchase') AND {own_base} > {ZERO}"
    return f"""COALESCE({is_guarded}, FALSE) AS guarded,
       CASE WHEN g.cap_at_list AND l.ListCost <> {ZERO} THEN CAST(l.ListCost AS {AMOUNT}) END AS cap,
       g.floor_at_cost, g.margin_factor"""


def guarded(priced: str, has_spread: bool) -> str:
    """The rated lines of ``priced`` within their guards; ``guard``: the last that moved the price."""
    spread = "spread, " if has_spread else ""
    return f"""
SELECT part, part_row, span_number, product_number, base_kind, quantity, billed_cost, statement_cost, {spread}
       CASE WHEN least_by_margin > floored THEN least_by_margin ELSE floored END AS price, spans_transfer,
       CAST(CASE WHEN least_by_margin > floored THEN {Guard.MARGIN_FLOOR}
                 WHEN floored > capped THEN {Guard.FLOOR_AT_COST}
                 WHEN capped < price THEN {Guard.CAP_AT_LIST}
                 ELSE {Guard.NONE} END AS TINYINT) AS guard
FROM (SELECT *, CASE WHEN guarded_floor AND statement_cost > capped THEN statement_cost ELSE capped END AS floored
      FROM (SELECT priced.*, CASE WHEN {_HAS_NONE} THEN FALSE ELSE floor_at_cost END AS guarded_floor,
                   CASE WHEN {_HAS_NONE} OR margin_factor IS NULL THEN CAST(NULL AS {AMOUNT})
                        ELSE CAST(round(statement_cost * margin_factor, 12) AS {AMOUNT}) END AS least_by_margin,
                   CASE WHEN {_HAS_NONE} OR cap IS NULL OR cap >= price THEN price ELSE cap END AS capped
            FROM ({priced}) AS priced) AS capped_lines) AS floored_lines"""
