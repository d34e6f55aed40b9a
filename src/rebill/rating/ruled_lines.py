"""Billing rules in the plan: what they make of the price that books gave a line, as SQL.

A line finds its line rule set by the span that owns it, and what rules may do to it by its product; each is a join to
one small table. Nothing of this stands in the plan of a month in which no rule acts on charges.
"""

from typing import Final

from rebill.model.rating import BaseKind
from rebill.rating.line_rules import LIST_PRICE, NO_PRICE

AMOUNT: Final = "DECIMAL(28,12)"
ZERO: Final = f"CAST('0' AS {AMOUNT})"
NO_LIST: Final = f"(l.ListCost IS NULL OR (l.ListCost = {ZERO} AND l.BilledCost <> {ZERO}))"
"""Whether a line has no list price: absent, or 0 while it costs something."""

_IS_FREE: Final = f"(support AND support_source = {NO_PRICE})"
_IS_AT_LIST: Final = f"(support_listed AND support_source = {LIST_PRICE} AND list_price IS NOT NULL)"


def rule_joins(span: str) -> str:
    """The joins that give a line of ``span`` at a price ``p`` what rules do to it."""
    return f"""
LEFT JOIN line_rules AS u ON u.line_rule_set = {span}.line_rule_set
LEFT JOIN product_rules AS k ON k.product_number = p.product_number"""


def rule_columns(most_spread: int) -> str:
    """What ``ruled`` needs of a line ``l`` beside what a rated line has."""
    shares = "".join(f", u.share_{place}" for place in range(1, most_spread + 1))
    return f"""k.spread_over, k.support, k.support_listed, u.support_source, u.support_factor{shares},
       CASE WHEN {NO_LIST} THEN CAST(NULL AS {AMOUNT}) ELSE CAST(l.ListCost AS {AMOUNT}) END AS list_price"""


def rule_column_names(most_spread: int) -> str:
    """What ``rule_columns`` are called."""
    shares = "".join(f", share_{place}" for place in range(1, most_spread + 1))
    return f"spread_over, support, support_listed, support_source, support_factor{shares}, list_price"


def ruled(priced: str, most_spread: int, kept: str = "") -> str:
    """The rated lines of ``priced`` after spread shares and the price of support; ``spread``: what shares added.

    ``kept``: further columns of ``priced`` to hand on.
    """
    return f"""
SELECT part, part_row, span_number, product_number,
       CAST(CASE WHEN {_IS_FREE} OR {_IS_AT_LIST} THEN {BaseKind.SUPPORT_RULE} ELSE base_kind END AS TINYINT)
       AS base_kind, quantity, billed_cost, statement_cost, spread,
       CASE WHEN {_IS_FREE} THEN {ZERO}
            WHEN {_IS_AT_LIST} THEN CAST(round(list_price * support_factor, 12) AS {AMOUNT})
            ELSE CAST(price + spread AS {AMOUNT}) END AS price, spans_transfer{kept}
FROM (SELECT priced.*, CASE WHEN spread_over THEN {_spread(most_spread)} ELSE {ZERO} END AS spread
      FROM ({priced}) AS priced) AS spread_over_lines"""


def _spread(most_spread: int) -> str:
    """Each share its own rounded product of the price, added up: shares never compound."""
    products = [
        f"CASE WHEN share_{place} IS NULL THEN {ZERO} ELSE CAST(round(price * share_{place}, 12) AS {AMOUNT}) END"
        for place in range(1, most_spread + 1)
    ]
    return _sum(products)


def _sum(terms: list[str]) -> str:
    """Terms added up by halves, because engines bound how deep an expression may be."""
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    half = len(terms) // 2
    return f"CAST({_sum(terms[:half])} + {_sum(terms[half:])} AS {AMOUNT})"
