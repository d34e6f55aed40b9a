"""Which fixed rates do not price what their rules are for in everything else, found beside the matches of a month.

A fixed rate matches no line that is billed in another currency, priced in another unit, without a quantity, or a
commitment's. Where no other rate prices such a line instead, whoever wrote the book is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from rebill.model.price_book import Adjustment, AdjustmentKind, PriceRule
from rebill.model.rating import CommitmentRole
from rebill.rating.book_matching import BookMatcher, LineKind
from rebill.rating.line_columns import Asked
from rebill.rating.products import class_joins, product_of_line
from rebill.rating.tables import InputTable

_ANY_LINE: Final = Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(0))
"""What prices lines of any currency and unit."""


@dataclass(frozen=True)
class PassedOver:
    """The first rule of a matcher that a product's lines meet but for its rate, before whatever rule prices them."""

    matcher: int
    product_number: int
    position: int
    reason: str


def passed_over(
    matchers: Sequence[Sequence[PriceRule]],
    kinds: Sequence[tuple[Mapping[str, Any], LineKind]],
    home_currency: str,
) -> Iterator[PassedOver]:
    """Those of every matcher (numbered from 1) among ``kinds``: the rows of ``products``, each with its kind."""
    for number, rules in enumerate(matchers, 1):
        rates = {rule.position: rule for rule in rules if rule.adjustment.kind is AdjustmentKind.FIXED_RATE}
        if not rates:
            continue
        pricing = BookMatcher(rules, home_currency)
        meant = BookMatcher([replace(rule, adjustment=_ANY_LINE) for rule in rates.values()], home_currency)
        first = {kind: (meant.first_match(kind), pricing.first_match(kind)) for kind in {kind for _, kind in kinds}}
        for product, kind in kinds:
            position, priced_by = first[kind]
            if position is None or (priced_by is not None and (priced_by < position or priced_by in rates)):
                continue
            reason = _reason(rates[position].adjustment, product, home_currency)
            yield PassedOver(number, product["product_number"], position, reason)


def passed_over_table(found: Sequence[PassedOver]) -> InputTable:
    """The table ``passed_over``."""
    columns = (
        ("matcher", "INTEGER"),
        ("product_number", "INTEGER"),
        ("rule_position", "INTEGER"),
        ("reason", "STRING"),
    )
    rows = [(str(one.matcher), str(one.product_number), str(one.position), one.reason) for one in found]
    return InputTable("passed_over", columns, rows)


LINES_PASSED_OVER: Final = """
SELECT s.rule_set, o.rule_position, o.reason, CAST(SUM(r.line_count) AS BIGINT) AS line_count
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN rule_sets AS t ON t.rule_set = s.rule_set
JOIN passed_over AS o ON o.matcher = t.matcher AND o.product_number = r.product_number
WHERE s.binding = 'billed'
GROUP BY s.rule_set, o.rule_position, o.reason"""
"""The billed lines of a month that fixed rates passed over, by rule set, rule and reason."""


def lines_of_products_passed_over(asked: Asked) -> str:
    """The lines of a month that fixed rates pass over, whoever's they are, by rule and reason."""
    return f"""
SELECT o.rule_position, o.reason, CAST(COUNT(*) AS BIGINT) AS line_count
FROM cost_lines AS l{class_joins(asked)}
JOIN products AS d ON {product_of_line(asked)}
JOIN passed_over AS o ON o.product_number = d.product_number
GROUP BY o.rule_position, o.reason
ORDER BY o.rule_position, o.reason"""


def _reason(rate: Adjustment, product: Mapping[str, Any], home_currency: str) -> str:
    if CommitmentRole(product["commitment_role"]) is not CommitmentRole.NONE:
        return "they name a commitment"
    if not product["quantified"]:
        return "they have no quantity"
    currency = rate.currency or home_currency
    if product["currency"] != currency:
        return f"they are billed in {product['currency']}, and the rate is in {currency}"
    unit = product["pricing_unit"]
    priced_in = "are priced in no unit" if unit is None else f"are priced in '{unit}'"
    return f"they {priced_in}, and the rate is for '{rate.unit}'"
