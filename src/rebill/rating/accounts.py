"""The accounts of a month, as SQL: whose each is from day to day, and which rule set prices its lines."""

from typing import Final

from rebill.rating.line_rules import NO_LINE_RULES
from rebill.rating.rule_sets import NOT_BILLED_RULE_SET

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BILLING_ACCOUNT_KEY: Final = f"translate(trim(a.billing_account), '{_UPPER}', '{_UPPER.lower()}')"


def agreement_of(billing_account: str) -> str:
    """The number of an enterprise agreement as its billing account's id ends in it."""
    return f"regexp_replace(trim({billing_account}), '^.*/', '')"


def accounts(names_accounts: bool, lines: str = "cost_lines") -> str:
    """The distinct accounts of ``lines``; told apart by billing account too only where a price book may name one."""
    billing_account = "BillingAccountId" if names_accounts else "CAST(NULL AS VARCHAR)"
    return f"""
SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, billing_account NULLS LAST)
            AS INTEGER) AS account_number, subscription, tenant, billing_account
FROM (SELECT DISTINCT SubAccountId AS subscription, x_AzureCustomerId AS tenant, {billing_account} AS billing_account
      FROM {lines}) AS distinct_accounts"""


def span_of_line(names_accounts: bool) -> str:
    """The condition that the charge day of a line ``l`` lies in span ``s`` of its account."""
    billing_account = "\n AND l.BillingAccountId IS NOT DISTINCT FROM s.billing_account" if names_accounts else ""
    return f"""l.SubAccountId IS NOT DISTINCT FROM s.subscription
 AND l.x_AzureCustomerId IS NOT DISTINCT FROM s.tenant{billing_account}
 AND CAST(l.ChargePeriodStart AS DATE) >= s.first_day AND CAST(l.ChargePeriodStart AS DATE) < s.until_day"""


# Every day on which an account's owner may change opens a span; the spans of an account cover
# all days once, so that a line matches exactly one. The more specific binding wins.
_OWNED: Final = """
applicable AS (
    SELECT a.account_number, 'subscription' AS kind, b.customer_id, b.effective_from, b.effective_to
    FROM accounts AS a JOIN bindings AS b ON b.kind = 'subscription' AND b.account_key = a.subscription
    UNION ALL
    SELECT a.account_number, 'azure_customer' AS kind, b.customer_id, b.effective_from, b.effective_to
    FROM accounts AS a JOIN bindings AS b ON b.kind = 'azure_customer' AND b.account_key = a.tenant
), edges AS (
    SELECT account_number, DATE '0001-01-01' AS first_day FROM accounts
    UNION SELECT account_number, effective_from AS first_day FROM applicable WHERE effective_from IS NOT NULL
    UNION SELECT account_number, effective_to AS first_day FROM applicable WHERE effective_to IS NOT NULL
), spans AS (
    SELECT account_number, first_day,
           COALESCE(LEAD(first_day) OVER (PARTITION BY account_number ORDER BY first_day),
                    DATE '9999-12-31') AS until_day
    FROM edges
), owned AS (
    SELECT s.account_number, s.first_day, s.until_day,
           COALESCE(by_subscription.customer_id, by_tenant.customer_id) AS customer_id,
           CASE WHEN by_subscription.customer_id IS NOT NULL THEN 'subscription'
                WHEN by_tenant.customer_id IS NOT NULL THEN 'azure_customer' END AS bound_by
    FROM spans AS s
    LEFT JOIN applicable AS by_subscription
      ON by_subscription.kind = 'subscription' AND by_subscription.account_number = s.account_number
     AND (by_subscription.effective_from IS NULL OR by_subscription.effective_from <= s.first_day)
     AND (by_subscription.effective_to IS NULL OR by_subscription.effective_to > s.first_day)
    LEFT JOIN applicable AS by_tenant
      ON by_tenant.kind = 'azure_customer' AND by_tenant.account_number = s.account_number
     AND (by_tenant.effective_from IS NULL OR by_tenant.effective_from <= s.first_day)
     AND (by_tenant.effective_to IS NULL OR by_tenant.effective_to > s.first_day)
), changes AS (
    SELECT owned.*, CASE WHEN LAG(customer_id) OVER (PARTITION BY account_number ORDER BY first_day)
                              IS NOT DISTINCT FROM customer_id THEN 0 ELSE 1 END AS owner_begins
    FROM owned
), numbered AS (
    SELECT changes.*, SUM(owner_begins) OVER (PARTITION BY account_number ORDER BY first_day
                                              ROWS UNBOUNDED PRECEDING) AS ownership
    FROM changes
), ownerships AS (
    SELECT o.account_number, a.subscription, a.tenant, a.billing_account, {billing_account_key} AS billing_account_key,
           o.first_day, o.until_day, o.customer_id, o.bound_by,
           MAX(o.until_day) OVER (PARTITION BY o.account_number, o.ownership) AS owner_until_day
    FROM numbered AS o JOIN accounts AS a ON a.account_number = o.account_number
)"""

# The spans are cut once more where the rules of their customer change. Books do not fall through: the account that
# is named most closely decides, on days without rules of its book too.
_RULED: Final = """
rule_edges AS (
    SELECT account_number, first_day AS owned_first_day, first_day FROM ownerships
    UNION
    SELECT o.account_number, o.first_day AS owned_first_day, r.first_day
    FROM ownerships AS o JOIN account_rules AS r
      ON r.customer_id = o.customer_id AND r.first_day > o.first_day AND r.first_day < o.until_day
), cuts AS (
    SELECT account_number, owned_first_day, first_day,
           LEAD(first_day) OVER (PARTITION BY account_number, owned_first_day ORDER BY first_day) AS next_day
    FROM rule_edges
), ruled AS (
    SELECT o.account_number, o.subscription, o.tenant, o.billing_account, c.first_day,
           COALESCE(c.next_day, o.until_day) AS until_day, o.customer_id, o.bound_by, o.owner_until_day,
           COALESCE({rule_sets}, {not_billed}) AS rule_set,
           COALESCE(of_agreement.line_rule_set, of_customer.line_rule_set, {no_line_rules}) AS line_rule_set
    FROM cuts AS c
    JOIN ownerships AS o ON o.account_number = c.account_number AND o.first_day = c.owned_first_day{rule_joins}
    LEFT JOIN customer_line_rules AS of_agreement
      ON of_agreement.customer_id = o.customer_id AND of_agreement.agreement = {agreement}
    LEFT JOIN customer_line_rules AS of_customer
      ON of_customer.customer_id = o.customer_id AND of_customer.agreement IS NULL
)"""
_NAMED: Final = (("of_subscription", "subscription"), ("of_tenant", "tenant"), ("of_payer", "billing_account_key"))


def changes_of_owner() -> str:
    """The days on which an account, told apart by subscription and tenant, becomes another's, or nobody's."""
    return f"""
WITH {_OWNED.format(billing_account_key=_BILLING_ACCOUNT_KEY)}
SELECT a.subscription, a.tenant, c.first_day
FROM changes AS c JOIN accounts AS a ON a.account_number = c.account_number
WHERE c.owner_begins = 1 AND c.first_day > DATE '0001-01-01'"""


def account_spans(names_accounts: bool) -> str:
    """The spans of days of each account with one owner and one rule set; they cover all days once."""
    named = _NAMED if names_accounts else ()
    conditions = [(alias, f"{alias}.account_key = o.{column}") for alias, column in named]
    conditions.append(("of_all", "of_all.account_key IS NULL"))
    joins = "".join(
        f"""
    LEFT JOIN account_rules AS {alias}
      ON {alias}.customer_id = o.customer_id AND {condition}
     AND {alias}.first_day <= c.first_day AND {alias}.until_day > c.first_day"""
        for alias, condition in conditions
    )
    rule_sets = ", ".join(f"{alias}.rule_set" for alias, _ in conditions)
    owned = _OWNED.format(billing_account_key=_BILLING_ACCOUNT_KEY)
    ruled = _RULED.format(
        rule_sets=rule_sets,
        not_billed=NOT_BILLED_RULE_SET,
        no_line_rules=NO_LINE_RULES,
        rule_joins=joins,
        agreement=agreement_of("o.billing_account"),
    )
    return f"""
WITH {owned}, {ruled}
SELECT CAST(row_number() OVER (ORDER BY account_number, first_day) AS INTEGER) AS span_number,
       subscription, tenant, billing_account, first_day, until_day, customer_id, bound_by, owner_until_day, rule_set,
       line_rule_set,
       CASE WHEN customer_id IS NULL THEN 'unassigned'
            WHEN rule_set = {NOT_BILLED_RULE_SET} THEN 'billing_disabled'
            ELSE 'billed' END AS binding
FROM ruled"""
