"""The accounts of a month, as SQL: whose each is from day to day, and which rule set prices its lines."""

from typing import Final

from rebill.model.cost_line import CHARGE_KIND
from rebill.model.identifiers import MOST_SPECIFIC_FIRST, AccountKind
from rebill.rating.folding import lower_of
from rebill.rating.line_rules import NO_LINE_RULES
from rebill.rating.rule_sets import NOT_BILLED_RULE_SET

_BILLING_ACCOUNT_KEY: Final = lower_of("trim(a.billing_account)")


def agreement_of(billing_account: str) -> str:
    """The id of an enterprise agreement as its billing account's id ends in it, folded."""
    return lower_of(f"split_part(trim({billing_account}), '/', -1)")


def _allocated(value: str) -> str:
    return f"CASE WHEN l.SubAccountId IS NULL AND l.x_AzureCustomerId IS NULL THEN {value} END"


COMMITMENT_OF_LINE: Final = _allocated(lower_of("trim(l.CommitmentDiscountId)"))
CHARGE_KIND_OF_LINE: Final = _allocated(CHARGE_KIND)
"""The commitment and the kind that a line ``l`` may be allocated by; NULL where it names an account."""
_OF_ALLOCATED: Final = f"""
 AND {COMMITMENT_OF_LINE} IS NOT DISTINCT FROM s.commitment
 AND {CHARGE_KIND_OF_LINE} IS NOT DISTINCT FROM s.charge_kind"""
_ABSENT: Final = "CAST(NULL AS STRING)"
REFUND_JOIN: Final = """
      LEFT JOIN refunded_invoices AS i
        ON i.invoice_id = l.x_PreviousInvoiceId AND l.ChargeCategory IN ('Usage', 'Purchase')
       AND (l.ChargeClass = 'Correction' OR l.BilledCost < CAST('0' AS DECIMAL(28,12)))"""
"""Gives a line ``l`` that takes back a charge of another month that month (``i.rules_month``)."""


def accounts(names_accounts: bool, allocates: bool, lines: str, has_refunds: bool = False) -> str:
    """The distinct accounts of ``lines``; told apart by billing account too only where a price book may name one.

    ``allocates``: charges that name neither subscription nor tenant are told apart by commitment and kind.
    ``has_refunds``: refunds are told apart by the month whose rules price them; ``lines`` are whole cost lines then.
    """
    billing_account = "l.BillingAccountId" if names_accounts else _ABSENT
    commitment, charge_kind = (COMMITMENT_OF_LINE, CHARGE_KIND_OF_LINE) if allocates else (_ABSENT, _ABSENT)
    rules_month, refund_join = ("i.rules_month", REFUND_JOIN) if has_refunds else (_ABSENT, "")
    return f"""
SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, billing_account NULLS LAST,
                                        commitment NULLS LAST, charge_kind NULLS LAST, rules_month NULLS LAST)
            AS INTEGER) AS account_number, subscription, tenant, billing_account, commitment, charge_kind, rules_month
FROM (SELECT DISTINCT SubAccountId AS subscription, x_AzureCustomerId AS tenant, {billing_account} AS billing_account,
             {commitment} AS commitment, {charge_kind} AS charge_kind, {rules_month} AS rules_month
      FROM {lines} AS l{refund_join}) AS distinct_accounts"""


def account_of_line(names_accounts: bool, allocates: bool, has_refunds: bool = False) -> str:
    """The condition that a line ``l`` is of an account ``s``."""
    billing_account = "\n AND l.BillingAccountId IS NOT DISTINCT FROM s.billing_account" if names_accounts else ""
    if has_refunds:
        billing_account += "\n AND i.rules_month IS NOT DISTINCT FROM s.rules_month"
    return f"""l.SubAccountId IS NOT DISTINCT FROM s.subscription
 AND l.x_AzureCustomerId IS NOT DISTINCT FROM s.tenant{billing_account}{_OF_ALLOCATED if allocates else ""}"""


def day_of_line(span: str) -> str:
    """The further condition that the charge day of a line ``l`` of an account lies in its span."""
    day = "CAST(l.ChargePeriodStart AS DATE)"
    return f"\n AND {day} >= {span}.first_day AND {day} < {span}.until_day"


def _owner_join(kind: AccountKind, alias: str) -> str:
    return f"""    LEFT JOIN applicable AS {alias}
      ON {alias}.kind = '{kind}' AND {alias}.account_number = s.account_number
     AND ({alias}.effective_from IS NULL OR {alias}.effective_from <= s.first_day)
     AND ({alias}.effective_to IS NULL OR {alias}.effective_to > s.first_day)"""


_OWNERS: Final = {
    AccountKind.SUBSCRIPTION: "by_subscription",
    AccountKind.AZURE_CUSTOMER: "by_tenant",
    AccountKind.COMMITMENT: "by_commitment",
    AccountKind.CHARGE_KIND: "by_charge_kind",
}
_OWNER_JOINS: Final = "\n".join(_owner_join(kind, _OWNERS[kind]) for kind in MOST_SPECIFIC_FIRST)
_OWNER: Final = ", ".join(f"{_OWNERS[kind]}.customer_id" for kind in MOST_SPECIFIC_FIRST)
_BOUND_BY: Final = " ".join(
    f"WHEN {_OWNERS[kind]}.customer_id IS NOT NULL THEN '{kind}'" for kind in MOST_SPECIFIC_FIRST
)

APPLICABLE: Final = """
SELECT a.account_number, 'subscription' AS kind, b.customer_id, b.effective_from, b.effective_to
FROM accounts AS a JOIN bindings AS b ON b.kind = 'subscription' AND b.account_key = a.subscription
UNION ALL
SELECT a.account_number, 'azure_customer' AS kind, b.customer_id, b.effective_from, b.effective_to
FROM accounts AS a JOIN bindings AS b ON b.kind = 'azure_customer' AND b.account_key = a.tenant
UNION ALL
SELECT a.account_number, 'commitment' AS kind, b.customer_id, b.effective_from, b.effective_to
FROM accounts AS a JOIN bindings AS b ON b.kind = 'commitment' AND b.account_key = a.commitment
UNION ALL
SELECT a.account_number, 'charge_kind' AS kind, b.customer_id, b.effective_from, b.effective_to
FROM accounts AS a JOIN bindings AS b ON b.kind = 'charge_kind' AND b.account_key = a.charge_kind"""
"""The table ``applicable``: what binds any of the accounts."""

# Every day on which an account's owner may change opens a span; the spans of an account cover
# all days once, so that a line matches exactly one. The more specific binding wins.
_CHANGES: Final = f"""
WITH edges AS (
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
           COALESCE({_OWNER}) AS customer_id,
           CASE {_BOUND_BY} END AS bound_by
    FROM spans AS s
{_OWNER_JOINS}
), changes AS (
    SELECT owned.*, CASE WHEN LAG(customer_id) OVER (PARTITION BY account_number ORDER BY first_day)
                              IS NOT DISTINCT FROM customer_id THEN 0 ELSE 1 END AS owner_begins
    FROM owned
)"""

OWNERSHIPS: Final = f"""{_CHANGES}, numbered AS (
    SELECT changes.*, SUM(owner_begins) OVER (PARTITION BY account_number ORDER BY first_day
                                              ROWS UNBOUNDED PRECEDING) AS ownership
    FROM changes
)
SELECT o.account_number, a.subscription, a.tenant, a.billing_account, a.commitment, a.charge_kind, a.rules_month,
       {_BILLING_ACCOUNT_KEY} AS billing_account_key,
       o.first_day, o.until_day, o.customer_id, o.bound_by,
       MAX(o.until_day) OVER (PARTITION BY o.account_number, o.ownership) AS owner_until_day
FROM numbered AS o JOIN accounts AS a ON a.account_number = o.account_number"""
"""The table ``ownerships``: the spans of days on which each account has one owner; they cover all days once."""

CHANGES_OF_OWNER: Final = f"""{_CHANGES}
SELECT a.subscription, a.tenant, a.commitment, a.charge_kind, c.first_day
FROM changes AS c JOIN accounts AS a ON a.account_number = c.account_number
WHERE c.owner_begins = 1 AND c.first_day > DATE '0001-01-01'"""
"""The days on which an account becomes another's, or nobody's."""

# The spans are cut once more where the rules of their customer change. Books do not fall through: the account that
# is named most closely decides, on days without rules of its book too.
_RULED: Final = """
rule_edges AS (
    SELECT account_number, first_day AS owned_first_day, first_day FROM ownerships
    UNION
    SELECT o.account_number, o.first_day AS owned_first_day, r.first_day
    FROM ownerships AS o JOIN account_rules AS r
      ON r.customer_id = o.customer_id AND r.rules_month IS NOT DISTINCT FROM o.rules_month
     AND r.first_day > o.first_day AND r.first_day < o.until_day
), cuts AS (
    SELECT account_number, owned_first_day, first_day,
           LEAD(first_day) OVER (PARTITION BY account_number, owned_first_day ORDER BY first_day) AS next_day
    FROM rule_edges
), ruled AS (
    SELECT o.account_number, o.subscription, o.tenant, o.billing_account, o.commitment, o.charge_kind, o.rules_month,
           c.first_day,
           COALESCE(c.next_day, o.until_day) AS until_day, o.customer_id, o.bound_by, o.owner_until_day,
           COALESCE({rule_sets}, {not_billed}) AS rule_set,
           COALESCE(of_agreement.line_rule_set, of_customer.line_rule_set, {no_line_rules}) AS line_rule_set
    FROM cuts AS c
    JOIN ownerships AS o ON o.account_number = c.account_number AND o.first_day = c.owned_first_day{rule_joins}
    LEFT JOIN customer_line_rules AS of_agreement
      ON of_agreement.customer_id = o.customer_id AND of_agreement.agreement = {agreement}
     AND of_agreement.rules_month IS NOT DISTINCT FROM o.rules_month
    LEFT JOIN customer_line_rules AS of_customer
      ON of_customer.customer_id = o.customer_id AND of_customer.agreement IS NULL
     AND of_customer.rules_month IS NOT DISTINCT FROM o.rules_month
)"""
_NAMED: Final = (("of_subscription", "subscription"), ("of_tenant", "tenant"), ("of_payer", "billing_account_key"))


def account_spans(names_accounts: bool) -> str:
    """The spans of days of each account of ``ownerships`` with one rule set too; they cover all days once."""
    named = _NAMED if names_accounts else ()
    conditions = [(alias, f"{alias}.account_key = o.{column}") for alias, column in named]
    conditions.append(("of_all", "of_all.account_key IS NULL"))
    joins = "".join(
        f"""
    LEFT JOIN account_rules AS {alias}
      ON {alias}.customer_id = o.customer_id AND {alias}.rules_month IS NOT DISTINCT FROM o.rules_month
     AND {condition}
     AND {alias}.first_day <= c.first_day AND {alias}.until_day > c.first_day"""
        for alias, condition in conditions
    )
    rule_sets = ", ".join(f"{alias}.rule_set" for alias, _ in conditions)
    ruled = _RULED.format(
        rule_sets=rule_sets,
        not_billed=NOT_BILLED_RULE_SET,
        no_line_rules=NO_LINE_RULES,
        rule_joins=joins,
        agreement=agreement_of("o.billing_account"),
    )
    return f"""
WITH {ruled}
SELECT CAST(row_number() OVER (ORDER BY account_number, first_day) AS INTEGER) AS span_number,
       subscription, tenant, billing_account, first_day, until_day, customer_id, bound_by, owner_until_day, rule_set,
       line_rule_set, commitment, charge_kind, rules_month, account_number,
       CASE WHEN customer_id IS NULL THEN 'unassigned'
            WHEN rule_set = {NOT_BILLED_RULE_SET} THEN 'billing_disabled'
            ELSE 'billed' END AS binding
FROM ruled"""
