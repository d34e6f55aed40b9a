"""Usage that goes on across a change of owner, as SQL (``docs/rating.md``, Whose line is it?)."""

from typing import Final

from rebill.model.identifiers import AccountKind
from rebill.rating.accounts import CHARGE_KIND_OF_LINE, COMMITMENT_OF_LINE, account_of_line, accounts

IS_LONG: Final = "l.ChargePeriodEnd > l.ChargePeriodStart + INTERVAL '1' DAY"
"""The condition that a line ``l`` is for more than a day; NULL where it has no end."""
LONG_USAGE: Final = f"l.ChargeCategory = 'Usage' AND {IS_LONG}"
"""The condition that a line ``l`` is usage of more than a day; NULL where it has no end."""


def _named_by(subscription: str, azure_customer: str, commitment: str, charge_kind: str) -> str:
    """The condition that one of these is the account of a changed day ``c``."""
    keys = (
        (AccountKind.SUBSCRIPTION, subscription),
        (AccountKind.AZURE_CUSTOMER, azure_customer),
        (AccountKind.COMMITMENT, commitment),
        (AccountKind.CHARGE_KIND, charge_kind),
    )
    return "(" + " OR ".join(f"(c.kind = '{kind}' AND c.account_key = {key})" for kind, key in keys) + ")"


LONG_LINES: Final = f"""
SELECT l.*, {COMMITMENT_OF_LINE} AS commitment, {CHARGE_KIND_OF_LINE} AS charge_kind FROM cost_lines AS l
WHERE {LONG_USAGE}
  AND EXISTS (SELECT 1 FROM changed_days AS c
              WHERE {_named_by("l.SubAccountId", "l.x_AzureCustomerId", COMMITMENT_OF_LINE, CHARGE_KIND_OF_LINE)})"""
"""Lines of accounts in the table ``changed_days`` (kind, account key, day) that may cross one of those days, with what
they may be allocated by."""

ACCOUNTS_OF_LONG_LINES: Final = accounts(names_accounts=False, allocates=True, lines="long_lines")

CROSSING_LINES: Final = f"""
SELECT l.part, l.part_row, l.SubAccountId, l.x_AzureCustomerId, l.commitment, l.charge_kind, l.ChargePeriodStart,
       l.ChargePeriodEnd, MIN(s.first_day) AS changes_on, l.BilledCost, l.BillingCurrency
FROM long_lines AS l
JOIN changes_of_owner AS s
  ON {account_of_line(names_accounts=False, allocates=True)}
 AND CAST(l.ChargePeriodStart AS DATE) < s.first_day AND l.ChargePeriodEnd > CAST(s.first_day AS TIMESTAMP)
JOIN changed_days AS c
  ON c.day = s.first_day AND {_named_by("s.subscription", "s.tenant", "s.commitment", "s.charge_kind")}
GROUP BY ALL"""
"""Long lines that cross a change of owner on one of the changed days of their account; ``changes_on``: the first."""


def first_crossing_lines(greatest_count: int) -> str:
    """The first of the table ``crossing_lines``, in the order of the parts, with the source row of each."""
    return f"""
SELECT c.part, s.x_SourceFile, s.x_SourceRow, c.SubAccountId, c.x_AzureCustomerId, s.CommitmentDiscountId,
       c.charge_kind, c.ChargePeriodStart, c.ChargePeriodEnd, c.changes_on, c.BilledCost, c.BillingCurrency
FROM (SELECT * FROM crossing_lines ORDER BY part, part_row LIMIT {greatest_count}) AS c
JOIN lake_lines AS s ON s.part = c.part AND s.part_row = c.part_row
ORDER BY c.part, c.part_row"""
