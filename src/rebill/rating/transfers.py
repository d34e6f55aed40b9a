"""Usage that goes on across a change of owner, as SQL (``docs/rating.md``, Whose line is it?)."""

from typing import Final

from rebill.rating.accounts import accounts

LONG_USAGE: Final = "l.ChargeCategory = 'Usage' AND l.ChargePeriodEnd > l.ChargePeriodStart + INTERVAL '1' DAY"
"""The condition that a line ``l`` is usage of more than a day; NULL where it has no end."""

LONG_LINES: Final = f"""
SELECT l.* FROM cost_lines AS l
WHERE {LONG_USAGE}
  AND EXISTS (SELECT 1 FROM changed_days AS c
              WHERE (c.kind = 'subscription' AND c.account_key = l.SubAccountId)
                 OR (c.kind = 'azure_customer' AND c.account_key = l.x_AzureCustomerId))"""
"""Lines of accounts in the table ``changed_days`` (kind, account key, day) that may cross one of those days."""

ACCOUNTS_OF_LONG_LINES: Final = accounts(names_accounts=False, lines="long_lines")

CROSSING_LINES: Final = """
SELECT l.part, l.part_row, l.SubAccountId, l.x_AzureCustomerId, l.ChargePeriodStart, l.ChargePeriodEnd,
       MIN(o.first_day) AS changes_on, l.BilledCost, l.BillingCurrency
FROM long_lines AS l
JOIN changes_of_owner AS o
  ON l.SubAccountId IS NOT DISTINCT FROM o.subscription AND l.x_AzureCustomerId IS NOT DISTINCT FROM o.tenant
 AND CAST(l.ChargePeriodStart AS DATE) < o.first_day AND l.ChargePeriodEnd > CAST(o.first_day AS TIMESTAMP)
JOIN changed_days AS c
  ON c.day = o.first_day AND ((c.kind = 'subscription' AND c.account_key = o.subscription)
                           OR (c.kind = 'azure_customer' AND c.account_key = o.tenant))
GROUP BY ALL"""
"""Long lines that cross a change of owner on one of the changed days of their account; ``changes_on``: the first."""


def first_crossing_lines(greatest_count: int) -> str:
    """The first of the table ``crossing_lines``, in the order of the parts, with the source row of each."""
    return f"""
SELECT c.part, s.x_SourceFile, s.x_SourceRow, c.SubAccountId, c.x_AzureCustomerId, c.ChargePeriodStart,
       c.ChargePeriodEnd, c.changes_on, c.BilledCost, c.BillingCurrency
FROM (SELECT * FROM crossing_lines ORDER BY part, part_row LIMIT {greatest_count}) AS c
JOIN lake_lines AS s ON s.part = c.part AND s.part_row = c.part_row
ORDER BY c.part, c.part_row"""
