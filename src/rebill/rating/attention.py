"""The lines of a run that a person must look at, as SQL: which, why, whose, and where they came from."""

from collections.abc import Iterable
from typing import Final

from rebill.model.rating import Attention, BaseKind

_MARKED_BY: Final = {
    Attention.SPANS_TRANSFER: "spans_transfer",
    Attention.NO_RETAIL: f"base_kind = {BaseKind.NO_RETAIL}",
    Attention.NO_EFFECTIVE: f"base_kind = {BaseKind.NO_EFFECTIVE}",
}


def marked_lines(kinds: Iterable[Attention]) -> str:
    """The table ``marked_lines``: what of the rated lines needs attention of these kinds, at least one.

    An engine that knows how few they are finds them among the month's lines without moving the month about.
    """
    return " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, part, part_row, span_number, billed_cost FROM rated_lines WHERE {_MARKED_BY[kind]}"
        for kind in kinds
    )


ATTENTION_LINES: Final = """
SELECT m.kind, m.part, m.part_row, f.source_sha256, l.x_SourceRow AS source_row, s.customer_id, f.data_set_id,
       l.x_SourceFile AS source_file, s.subscription, s.tenant, l.ChargePeriodStart AS charge_start,
       l.ChargePeriodEnd AS charge_end, m.billed_cost, l.BillingCurrency AS currency
FROM marked_lines AS m
JOIN account_spans AS s ON s.span_number = m.span_number
JOIN lake_lines AS l ON l.part = m.part AND l.part_row = m.part_row
LEFT JOIN source_files AS f ON f.part = m.part AND f.source_file = l.x_SourceFile"""
"""The last join is LEFT because an engine keeps its place then: else it compares file names of all lines of a month.
Every line is of one source file.

Beside the tables of the plan it reads ``source_files`` (part, source file, data set, hash) and ``lake_lines``: all
columns of the lines, with ``part`` and ``part_row``."""

UNASSIGNED_BY_ACCOUNT: Final = """
SELECT s.subscription, s.tenant, d.currency, count(*), CAST(SUM(m.billed_cost) AS DECIMAL(28,12)) AS cost
FROM rated_lines AS m
JOIN account_spans AS s ON s.span_number = m.span_number
JOIN products AS d ON d.product_number = m.product_number
WHERE s.binding = 'unassigned'
GROUP BY s.subscription, s.tenant, d.currency"""
"""Unassigned cost by what its lines name."""
