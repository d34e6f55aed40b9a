"""The charges of a statement line, as SQL over what a run left: its rated lines with their span, product and price."""

from collections.abc import Sequence
from dataclasses import dataclass

from rebill.model.sql_text import sql_text
from rebill.rating.accounts import agreement_of
from rebill.rating.ruled_lines import AMOUNT

LINE_CHARGES = """rated_lines AS l
JOIN account_spans AS s ON s.span_number = l.span_number
JOIN products AS d ON d.product_number = l.product_number
JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = l.product_number"""
_ACCOUNT = "s.subscription, s.tenant, s.billing_account, s.rules_month"
_HOW = f"{_ACCOUNT}, p.rule_position, l.base_kind, p.factor, p.fallback_factor, p.rate"

_BOUND_KEY = """CASE s.bound_by WHEN 'subscription' THEN s.subscription WHEN 'azure_customer' THEN s.tenant
     WHEN 'commitment' THEN s.commitment ELSE s.charge_kind END"""


@dataclass(frozen=True)
class LineOfRun:
    """Which charges make a statement line: ``None`` of the four = absent."""

    customer_id: int
    currency: str
    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None


def of_line(line: LineOfRun) -> str:
    """The condition that a rated line belongs to a statement line."""
    four = {
        "d.provider": line.provider,
        "s.subscription": line.subscription,
        "d.service": line.service,
        "d.charge_category": line.charge_category,
    }
    same = (f"{column} IS NOT DISTINCT FROM {_text(value)}" for column, value in four.items())
    return " AND ".join((of_customer(line.customer_id, line.currency), *same))


def of_customer(customer_id: int, currency: str) -> str:
    """The condition that a rated line stands on a customer's statement."""
    return f"s.binding = 'billed' AND s.customer_id = {customer_id} AND d.currency = {sql_text(currency)}"


def _text(value: str | None) -> str:
    return "NULL" if value is None else sql_text(value)


def totals(line: LineOfRun, count: int) -> str:
    """The charges of a line, summed by how they are priced; and of each sum its first ``count`` charges, as rows.

    First is what lies first in the lake; the columns of the rows are those of ``charges_at``.
    """
    first = f"arg_min(row({_charge_columns()}), (l.part, l.part_row), {count})" if count else "[]"
    return f"""
SELECT {_HOW}, CAST(COUNT(*) AS BIGINT) AS charge_count, CAST(SUM(l.billed_cost) AS {AMOUNT}) AS billed_cost,
       CAST(SUM(l.statement_cost) AS {AMOUNT}) AS statement_cost, CAST(SUM(l.price) AS {AMOUNT}) AS price,
       {first} AS first_charges
FROM {LINE_CHARGES}
WHERE {of_line(line)} GROUP BY {_HOW} ORDER BY ALL NULLS FIRST"""


def exact_by_line(customer_id: int) -> str:
    """The exact amount of each charge line of a customer's month: currency, the four of the line, amount."""
    five = "d.currency, d.provider, s.subscription, d.service, d.charge_category"
    return f"""
SELECT {five}, CAST(SUM(l.price) AS {AMOUNT}) AS exact_amount FROM {LINE_CHARGES}
WHERE s.binding = 'billed' AND s.customer_id = {customer_id} GROUP BY {five} ORDER BY ALL"""


def spend_by_agreement(customer_id: int) -> str:
    """What a customer's charges under each agreement come to: currency, provider, agreement, amount."""
    three = f"d.currency, d.provider, {agreement_of('s.billing_account')}"
    return f"""
SELECT {three}, CAST(SUM(l.price) AS {AMOUNT}) AS price FROM {LINE_CHARGES}
WHERE s.binding = 'billed' AND s.customer_id = {customer_id} AND s.billing_account IS NOT NULL
GROUP BY {three} ORDER BY ALL"""


def charges_at(places: Sequence[tuple[int, int]], condition: str) -> str:
    """Those of the charges at these places of the lake for which ``condition`` holds."""
    return f"""SELECT {_charge_columns()} FROM {LINE_CHARGES}
WHERE (l.part, l.part_row) IN ({_listed(places)}) AND {condition} ORDER BY l.part, l.part_row"""


def _charge_columns() -> str:
    rated = "l.part, l.part_row, l.quantity, l.billed_cost, l.statement_cost, l.price"
    return f"{rated}, s.bound_by, {_BOUND_KEY}, l.guard, {_HOW}, d.provider, d.service, d.charge_category, d.currency"


COST_BY_SERVICE = f"""
SELECT s.customer_id, d.currency, d.service, CAST(SUM(l.statement_cost) AS {AMOUNT}) AS statement_cost
FROM {LINE_CHARGES}
WHERE s.binding = 'billed' GROUP BY s.customer_id, d.currency, d.service ORDER BY ALL"""
"""What every customer's charges cost the partner, by service."""

_BY_ACCOUNT = f"s.customer_id, d.currency, {_ACCOUNT}, p.rule_position"
PRICED_BY_ACCOUNT = f"""
SELECT {_BY_ACCOUNT}, CAST(SUM(l.price) AS {AMOUNT}) AS price, CAST(SUM(l.statement_cost) AS {AMOUNT}) AS statement_cost
FROM {LINE_CHARGES}
WHERE s.binding = 'billed' GROUP BY {_BY_ACCOUNT} ORDER BY ALL"""
"""Prices and costs of every customer's charges, by account and the place of the rule that priced them."""

_SOURCE = (
    "part, part_row, x_SourceFile, x_SourceRow, CAST(ChargePeriodStart AS DATE) AS charge_day, ChargeDescription, "
    "BilledCost, ListCost, EffectiveCost, PricingQuantity, PricingUnit"
)


def cost_lines_at(places: Sequence[tuple[int, int]]) -> str:
    """What the lake holds of the charges at these places."""
    # The engine skips what it need not read by single columns, not by pairs of them.
    rows = ", ".join(str(row) for row in sorted({row for _, row in places}))
    near = f"part_row IN ({rows}) AND (part, part_row) IN ({_listed(places)})"
    return f"SELECT {_SOURCE} FROM lake_lines WHERE {near} ORDER BY part, part_row"


def cost_lines_of_row(row: int, file: str | None, count: int) -> str:
    """Where the charges of a source row lie: of every file, or of ``file`` only; at most ``count``."""
    named = "" if file is None else f" AND x_SourceFile = {sql_text(file)}"
    return f"SELECT part, part_row FROM lake_lines WHERE x_SourceRow = {row}{named} ORDER BY ALL LIMIT {count}"


def _listed(places: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"({part}, {row})" for part, row in places)


def spend_by_day(customer_id: int, currency: str) -> str:
    """What the charges on a customer's statement come to on each UTC day: day, amount. It reads ``lake_lines`` too."""
    return f"""
SELECT CAST(c.ChargePeriodStart AS DATE) AS charge_day, CAST(SUM(l.price) AS {AMOUNT}) AS price
FROM {LINE_CHARGES}
JOIN lake_lines AS c ON c.part = l.part AND c.part_row = l.part_row
WHERE {of_customer(customer_id, currency)}
GROUP BY ALL ORDER BY ALL"""
