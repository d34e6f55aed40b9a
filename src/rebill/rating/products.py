"""The products of a month, as SQL: what lines have in common that decides their price, and what prices each.

A product is a distinct combination of provider, service, charge category, unit, currency and part in a commitment, and
of what the books of the month ask about beside: flags, and classes of texts. What no book asks is not read.
"""

from dataclasses import dataclass
from typing import Final

from rebill.model.cost_line import LINE_KEYS
from rebill.model.rating import BaseKind, CommitmentRole
from rebill.rating.folding import lower_of
from rebill.rating.line_columns import Asked, asked_columns
from rebill.rating.rule_sets import NOT_BILLED_RULE_SET
from rebill.rating.ruled_lines import ZERO
from rebill.rating.tables import FACTOR_TYPE, RATE_TYPE, class_table_name

_ONE: Final = f"CAST('1' AS {FACTOR_TYPE})"
_NO_RATE: Final = f"CAST(NULL AS {RATE_TYPE})"

# Which amount of a line is its base (``prices.base_source``); 0 = none, so the price is 0.
NO_BASE, LIST_BASE, BILLED_BASE, EFFECTIVE_BASE, RETAIL_BASE, QUANTITY_BASE = range(6)
# Which amount is its statement cost (``prices.cost_source``).
NO_COST, BILLED_COST, EFFECTIVE_COST = range(3)

_COMMITMENT_ROLE: Final = f"""CASE
         WHEN l.CommitmentDiscountId IS NULL OR l.ChargeCategory NOT IN ('Usage', 'Purchase')
         THEN '{CommitmentRole.NONE}'
         WHEN l.ChargeCategory = 'Purchase' THEN '{CommitmentRole.PURCHASE}'
         WHEN l.CommitmentDiscountStatus = 'Used' THEN '{CommitmentRole.USED}'
         ELSE '{CommitmentRole.UNUSED}' END"""
_SAVINGS_PLAN: Final = f"""COALESCE(l.CommitmentDiscountId IS NOT NULL AND CASE
         WHEN l.CommitmentDiscountCategory IS NULL THEN {lower_of("l.CommitmentDiscountType")} LIKE '%savings%'
         ELSE l.CommitmentDiscountCategory = 'Spend' END, FALSE)"""


@dataclass(frozen=True)
class KeyPart:
    """A column of ``products``: its name, and its value for a line ``l``. ``may_be_absent``: NULL is a value too."""

    name: str
    sql: str
    may_be_absent: bool = False


_ALWAYS: Final = (
    KeyPart("provider", "l.ProviderName", may_be_absent=True),
    KeyPart("service", "l.ServiceName", may_be_absent=True),
    KeyPart("charge_category", "l.ChargeCategory"),
    KeyPart("pricing_unit", "l.PricingUnit", may_be_absent=True),
    KeyPart("currency", "l.BillingCurrency"),
    KeyPart("commitment_role", _COMMITMENT_ROLE),
)


def key_parts(asked: Asked) -> tuple[KeyPart, ...]:
    """The columns of ``products`` beside its number, for the books of a month."""
    parts = list(_ALWAYS)
    if asked.record_types or asked.offering_types:
        parts.append(KeyPart("savings_plan", _SAVINGS_PLAN))
    if asked.record_types:
        parts.append(KeyPart("recurring", "COALESCE(l.ChargeFrequency = 'Recurring', FALSE)"))
        parts.append(KeyPart("taken_back", f"(l.BilledCost < {ZERO} OR COALESCE(l.ChargeClass = 'Correction', FALSE))"))
    if asked.fixed_rate:
        parts.append(KeyPart("quantified", "(l.PricingQuantity IS NOT NULL)"))
    for column in asked_columns(asked):
        parts.append(KeyPart(column.key, f"COALESCE({class_table_name(column)}.class, 0)"))
    return tuple(parts)


def class_joins(asked: Asked) -> str:
    """The joins that give lines ``l`` the classes of their texts: each text is in its table at most once."""
    return "".join(
        f"\nLEFT JOIN {class_table_name(column)} ON {class_table_name(column)}.text = l.{column.name}"
        for column in asked_columns(asked)
    )


def are_told_apart_by_keys(asked: Asked) -> bool:
    """Whether line keys tell products apart: books ask of lines nothing but texts that are among them."""
    return not (asked.record_types or asked.offering_types or asked.fixed_rate) and all(
        column.name in LINE_KEYS for column in asked_columns(asked)
    )


def products(asked: Asked, keyed: bool = False) -> str:
    """The distinct products, numbered in the order of their columns; ``keyed``: as line keys tell them apart."""
    parts = key_parts(asked)
    lines = "line_keys" if keyed or len(parts) == len(_ALWAYS) else "cost_lines"
    order = ", ".join(f"{part.name} NULLS LAST" for part in parts)
    values = ", ".join(f"{part.sql} AS {part.name}" for part in parts)
    return f"""
SELECT CAST(row_number() OVER (ORDER BY {order}) AS INTEGER) AS product_number, {", ".join(part.name for part in parts)}
FROM (SELECT DISTINCT {values}
      FROM {lines} AS l{class_joins(asked)}) AS distinct_products"""


def product_of_line(asked: Asked) -> str:
    """The condition that a line ``l``, with the classes of its texts, is of product ``d``."""
    return "\n AND ".join(
        f"{part.sql} IS NOT DISTINCT FROM d.{part.name}" if part.may_be_absent else f"{part.sql} = d.{part.name}"
        for part in key_parts(asked)
    )


def prices(bill_input_tax: bool) -> str:
    """Rule set × product → base, cost and rule."""
    tax = BILLED_BASE if bill_input_tax else NO_BASE
    return f"""
WITH based AS (
    SELECT r.rule_set, r.matcher, p.product_number, p.charge_category,
           CASE WHEN charge_category = 'Tax' THEN {tax}
                WHEN charge_category IN ('Credit', 'Adjustment') THEN {BILLED_BASE}
                WHEN commitment_role = '{CommitmentRole.NONE}' AND basis = 'list' THEN {LIST_BASE}
                WHEN commitment_role = '{CommitmentRole.NONE}' OR commitments = 'as_bought' THEN {BILLED_BASE}
                WHEN commitment_role = '{CommitmentRole.PURCHASE}' THEN {NO_BASE}
                WHEN commitments = 'amortized' THEN {EFFECTIVE_BASE}
                WHEN commitment_role = '{CommitmentRole.USED}' THEN {RETAIL_BASE}
                ELSE {NO_BASE} END AS base_source,
           CASE WHEN charge_category = 'Tax' AND {tax} = {NO_BASE} THEN {NO_COST}
                WHEN commitment_role <> '{CommitmentRole.NONE}' AND commitments = 'amortized' THEN {EFFECTIVE_COST}
                ELSE {BILLED_COST} END AS cost_source
    FROM rule_sets AS r CROSS JOIN products AS p
), ruled AS (
    SELECT b.*, rules.rule_position, rules.factor, rules.cost_base_factor, rules.rate
    FROM based AS b
    LEFT JOIN product_kinds AS k ON k.product_number = b.product_number
    LEFT JOIN matches AS m ON m.matcher = b.matcher AND m.kind = k.kind
    LEFT JOIN rules ON rules.rule_set = b.rule_set AND rules.rule_position = m.rule_position
)
SELECT rule_set, product_number, rule_position,
       CASE WHEN rate IS NOT NULL THEN {QUANTITY_BASE} ELSE base_source END AS base_source,
       base_source AS own_base_source, cost_source,
       CASE WHEN rate IS NOT NULL THEN {BaseKind.FIXED_RATE}
            WHEN base_source = {LIST_BASE} THEN {BaseKind.LIST}
            WHEN base_source = {BILLED_BASE} THEN {BaseKind.BILLED}
            WHEN base_source = {EFFECTIVE_BASE} THEN {BaseKind.EFFECTIVE}
            WHEN base_source = {RETAIL_BASE} THEN {BaseKind.RETAIL}
            WHEN charge_category = 'Tax' THEN {BaseKind.INPUT_TAX}
            ELSE {BaseKind.NOT_CHARGED} END AS base_kind,
       COALESCE(CASE WHEN charge_category IN ('Usage', 'Purchase')
                          AND base_source IN ({BILLED_BASE}, {EFFECTIVE_BASE}) THEN cost_base_factor
                     ELSE factor END, {_ONE}) AS factor,
       COALESCE(cost_base_factor, {_ONE}) AS fallback_factor, rate
FROM ruled
UNION ALL
SELECT {NOT_BILLED_RULE_SET}, product_number, NULL, {NO_BASE}, {NO_BASE}, {NO_COST}, {BaseKind.NOT_BILLED},
       {_ONE}, {_ONE}, {_NO_RATE}
FROM products"""
