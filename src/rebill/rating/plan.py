"""How a month is rated, as relational SQL text that DuckDB and Spark both read. Runs nothing.

The thought behind it: a month has millions of lines but few distinct accounts and few distinct
products (provider, service, category, unit, currency, part in a commitment). Whose an account is,
and what prices a product, is resolved once over those (``account_spans``, ``prices``) and then
joined; no rule is ever evaluated line by line. What depends on a line's own amounts (the
fallback from list to billed) is arithmetic, and stands in one place: ``_PRICE``.

Tables read: ``cost_lines`` (a cost line with ``part`` and ``part_row``, its place in the lake) and
those of ``rating.tables``. Tables made: the steps below, in order.
"""

from dataclasses import dataclass

from rebill.model.rating import BaseKind, CommitmentRole
from rebill.rating.rule_sets import NOT_BILLED_RULE_SET


@dataclass(frozen=True)
class Step:
    """A table of the plan: its name and the query that gives it. ``large``: as long as the month."""

    name: str
    sql: str
    large: bool = False


AMOUNT = "DECIMAL(28,12)"
_ZERO = f"CAST('0' AS {AMOUNT})"
_ONE = "CAST('1' AS DECIMAL(9,6))"

# Which amount of a line is its base (``prices.base_source``); 0 = none, so the price is 0.
_NO_BASE, _LIST_BASE, _BILLED_BASE, _EFFECTIVE_BASE, _RETAIL_BASE = range(5)
# Which amount is its statement cost (``prices.cost_source``).
_NO_COST, _BILLED_COST, _EFFECTIVE_COST = range(3)

_COMMITMENT_ROLE = f"""
    CASE WHEN CommitmentDiscountId IS NULL OR ChargeCategory NOT IN ('Usage', 'Purchase') THEN '{CommitmentRole.NONE}'
         WHEN ChargeCategory = 'Purchase' THEN '{CommitmentRole.PURCHASE}'
         WHEN CommitmentDiscountStatus = 'Used' THEN '{CommitmentRole.USED}'
         ELSE '{CommitmentRole.UNUSED}' END"""

_ACCOUNTS = """
SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST) AS INTEGER) AS account_number,
       subscription, tenant
FROM (SELECT DISTINCT SubAccountId AS subscription, x_AzureCustomerId AS tenant FROM cost_lines) AS distinct_accounts"""

# Every day on which an account's owner may change opens a span; the spans of an account cover
# all days once, so that a line matches exactly one. The more specific binding wins.
_ACCOUNT_SPANS = f"""
WITH applicable AS (
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
), ownerships AS (
    SELECT changes.*, SUM(owner_begins) OVER (PARTITION BY account_number ORDER BY first_day
                                              ROWS UNBOUNDED PRECEDING) AS ownership
    FROM changes
)
SELECT CAST(row_number() OVER (ORDER BY o.account_number, o.first_day) AS INTEGER) AS span_number,
       a.subscription, a.tenant, o.first_day, o.until_day, o.customer_id, o.bound_by,
       MAX(o.until_day) OVER (PARTITION BY o.account_number, o.ownership) AS owner_until_day,
       COALESCE(c.rule_set, {NOT_BILLED_RULE_SET}) AS rule_set,
       CASE WHEN o.customer_id IS NULL THEN 'unassigned'
            WHEN COALESCE(c.rule_set, {NOT_BILLED_RULE_SET}) = {NOT_BILLED_RULE_SET} THEN 'billing_disabled'
            ELSE 'billed' END AS binding
FROM ownerships AS o
JOIN accounts AS a ON a.account_number = o.account_number
LEFT JOIN customer_rule_sets AS c ON c.customer_id = o.customer_id"""

_PRODUCTS = f"""
SELECT CAST(row_number() OVER (ORDER BY provider NULLS LAST, service NULLS LAST, charge_category NULLS LAST,
                               pricing_unit NULLS LAST, currency, commitment_role) AS INTEGER) AS product_number,
       provider, service, charge_category, pricing_unit, currency, commitment_role
FROM (SELECT DISTINCT ProviderName AS provider, ServiceName AS service, ChargeCategory AS charge_category,
             PricingUnit AS pricing_unit, BillingCurrency AS currency, {_COMMITMENT_ROLE} AS commitment_role
      FROM cost_lines) AS distinct_products"""


def _prices(bill_input_tax: bool) -> str:
    """Rule set × product → base, cost and rule. Tax, credits and adjustments match no rule."""
    tax = _BILLED_BASE if bill_input_tax else _NO_BASE
    return f"""
WITH pairs AS (
    SELECT r.rule_set, r.basis, r.commitments, p.product_number, p.charge_category, p.commitment_role
    FROM rule_sets AS r CROSS JOIN products AS p
), first_match AS (
    SELECT pairs.rule_set, pairs.product_number, MIN(rules.position) AS rule_position
    FROM pairs JOIN rules ON rules.rule_set = pairs.rule_set
    WHERE pairs.charge_category IN ('Usage', 'Purchase')
    GROUP BY pairs.rule_set, pairs.product_number
), based AS (
    SELECT pairs.*,
           CASE WHEN charge_category = 'Tax' THEN {tax}
                WHEN charge_category IN ('Credit', 'Adjustment') THEN {_BILLED_BASE}
                WHEN commitment_role = '{CommitmentRole.NONE}' AND basis = 'list' THEN {_LIST_BASE}
                WHEN commitment_role = '{CommitmentRole.NONE}' OR commitments = 'as_bought' THEN {_BILLED_BASE}
                WHEN commitment_role = '{CommitmentRole.PURCHASE}' THEN {_NO_BASE}
                WHEN commitments = 'amortized' THEN {_EFFECTIVE_BASE}
                WHEN commitment_role = '{CommitmentRole.USED}' THEN {_RETAIL_BASE}
                ELSE {_NO_BASE} END AS base_source,
           CASE WHEN charge_category = 'Tax' AND {tax} = {_NO_BASE} THEN {_NO_COST}
                WHEN commitment_role <> '{CommitmentRole.NONE}' AND commitments = 'amortized' THEN {_EFFECTIVE_COST}
                ELSE {_BILLED_COST} END AS cost_source
    FROM pairs
)
SELECT b.rule_set, b.product_number, m.rule_position, b.base_source, b.cost_source,
       CASE WHEN b.base_source = {_LIST_BASE} THEN {BaseKind.LIST}
            WHEN b.base_source = {_BILLED_BASE} THEN {BaseKind.BILLED}
            WHEN b.base_source = {_EFFECTIVE_BASE} THEN {BaseKind.EFFECTIVE}
            WHEN b.base_source = {_RETAIL_BASE} THEN {BaseKind.RETAIL}
            WHEN b.charge_category = 'Tax' THEN {BaseKind.INPUT_TAX}
            ELSE {BaseKind.NOT_CHARGED} END AS base_kind,
       COALESCE(CASE WHEN b.base_source IN ({_BILLED_BASE}, {_EFFECTIVE_BASE}) THEN rules.cost_base_factor
                     ELSE rules.factor END, {_ONE}) AS factor,
       COALESCE(rules.cost_base_factor, {_ONE}) AS fallback_factor
FROM based AS b
LEFT JOIN first_match AS m ON m.rule_set = b.rule_set AND m.product_number = b.product_number
LEFT JOIN rules ON rules.rule_set = b.rule_set AND rules.position = m.rule_position
UNION ALL
SELECT {NOT_BILLED_RULE_SET}, product_number, NULL, {_NO_BASE}, {_NO_COST}, {BaseKind.NOT_BILLED}, {_ONE}, {_ONE}
FROM products"""


_NO_LIST = f"(l.ListCost IS NULL OR (l.ListCost = {_ZERO} AND l.BilledCost <> {_ZERO}))"
_FALLS_BACK = f"(p.base_source = {_LIST_BASE} AND {_NO_LIST})"
_NO_RETAIL = f"(p.base_source = {_RETAIL_BASE} AND (l.ListCost IS NULL OR l.ListCost = {_ZERO}))"
_NO_EFFECTIVE = f"(p.base_source = {_EFFECTIVE_BASE} AND l.EffectiveCost IS NULL)"
_BASE = f"""CASE WHEN p.base_source = {_BILLED_BASE} OR {_FALLS_BACK} THEN CAST(l.BilledCost AS {AMOUNT})
         WHEN p.base_source IN ({_LIST_BASE}, {_RETAIL_BASE}) THEN COALESCE(CAST(l.ListCost AS {AMOUNT}), {_ZERO})
         WHEN p.base_source = {_EFFECTIVE_BASE} THEN COALESCE(CAST(l.EffectiveCost AS {AMOUNT}), {_ZERO})
         ELSE {_ZERO} END"""
# The one place where a price is computed: base × factor, rounded half away from zero to 12 decimals.
_PRICE = f"CAST(round({_BASE} * CASE WHEN {_FALLS_BACK} THEN p.fallback_factor ELSE p.factor END, 12) AS {AMOUNT})"
_STATEMENT_COST = f"""CASE WHEN p.cost_source = {_BILLED_COST} THEN CAST(l.BilledCost AS {AMOUNT})
         WHEN p.cost_source = {_EFFECTIVE_COST} THEN COALESCE(CAST(l.EffectiveCost AS {AMOUNT}), {_ZERO})
         ELSE {_ZERO} END"""

# A charge is never divided; one of more than a day that crosses a change of owner is only marked.
_SPANS_TRANSFER = """COALESCE(l.ChargeCategory = 'Usage' AND l.ChargePeriodEnd > CAST(s.owner_until_day AS TIMESTAMP)
                AND l.ChargePeriodEnd > l.ChargePeriodStart + INTERVAL '1' DAY, FALSE)"""

# Thin on purpose: a reference to the cost line, to the span that owns it and to the price that
# priced it, and the amounts. The rest of the line stands once, in the lake.
# Every line matches exactly one span, product and price. The joins are LEFT all the same, because an
# engine keeps their order then: each probes one small table. Free to reorder, DuckDB multiplies the
# three small tables into one of millions of rows first (72 s instead of 5 s at 10 M lines). A line
# that matched nothing would be missing from the balance, and the run refused.
_RATED_LINES = f"""
SELECT l.part, l.part_row, s.span_number, p.product_number,
       CAST(CASE WHEN {_FALLS_BACK} THEN {BaseKind.BASE_FALLBACK}
                 WHEN {_NO_RETAIL} THEN {BaseKind.NO_RETAIL}
                 WHEN {_NO_EFFECTIVE} THEN {BaseKind.NO_EFFECTIVE}
                 ELSE p.base_kind END AS TINYINT) AS base_kind,
       l.PricingQuantity AS quantity, l.BilledCost AS billed_cost,
       {_STATEMENT_COST} AS statement_cost,
       {_PRICE} AS price,
       {_SPANS_TRANSFER} AS spans_transfer
FROM cost_lines AS l
LEFT JOIN account_spans AS s
  ON l.SubAccountId IS NOT DISTINCT FROM s.subscription AND l.x_AzureCustomerId IS NOT DISTINCT FROM s.tenant
 AND CAST(l.ChargePeriodStart AS DATE) >= s.first_day AND CAST(l.ChargePeriodStart AS DATE) < s.until_day
LEFT JOIN products AS d
  ON l.ProviderName IS NOT DISTINCT FROM d.provider AND l.ServiceName IS NOT DISTINCT FROM d.service
 AND l.ChargeCategory IS NOT DISTINCT FROM d.charge_category AND l.PricingUnit IS NOT DISTINCT FROM d.pricing_unit
 AND l.BillingCurrency = d.currency AND {_COMMITMENT_ROLE} = d.commitment_role
LEFT JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = d.product_number"""

_RATED_SUMS = f"""
SELECT span_number, product_number, COUNT(*) AS line_count,
       CAST(SUM(quantity) AS DECIMAL(28,8)) AS quantity, CAST(SUM(billed_cost) AS {AMOUNT}) AS billed_cost,
       CAST(SUM(statement_cost) AS {AMOUNT}) AS statement_cost, CAST(SUM(price) AS {AMOUNT}) AS price,
       SUM(CASE WHEN base_kind = {BaseKind.NO_RETAIL} THEN 1 ELSE 0 END) AS no_retail_count,
       SUM(CASE WHEN base_kind = {BaseKind.NO_EFFECTIVE} THEN 1 ELSE 0 END) AS no_effective_count,
       SUM(CASE WHEN spans_transfer THEN 1 ELSE 0 END) AS spans_transfer_count
FROM rated_lines GROUP BY span_number, product_number"""

_ONE_UNIT = """(COUNT(d.pricing_unit) = 0
                 OR (COUNT(d.pricing_unit) = COUNT(*) AND MIN(d.pricing_unit) = MAX(d.pricing_unit)))"""

STATEMENT_LINES = f"""
SELECT s.customer_id, d.currency, d.provider, s.subscription, d.service, d.charge_category,
       CASE WHEN {_ONE_UNIT} THEN CAST(SUM(r.quantity) AS DECIMAL(28,8)) END AS quantity,
       CASE WHEN {_ONE_UNIT} THEN MIN(d.pricing_unit) END AS pricing_unit,
       CAST(SUM(r.price) AS {AMOUNT}) AS exact_amount, CAST(SUM(r.statement_cost) AS {AMOUNT}) AS statement_cost,
       CAST(SUM(r.line_count) AS BIGINT) AS charge_count
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
WHERE s.binding = 'billed'
GROUP BY s.customer_id, d.currency, d.provider, s.subscription, d.service, d.charge_category
ORDER BY s.customer_id, d.currency, d.provider NULLS LAST, s.subscription NULLS LAST, d.service NULLS LAST,
         d.charge_category NULLS LAST"""
"""The priced lines of every statement, in the order of statement lines."""

BALANCE = f"""
SELECT d.currency, s.binding, CAST(SUM(r.billed_cost) AS {AMOUNT}) AS billed_cost,
       CAST(SUM(r.line_count) AS BIGINT) AS line_count, CAST(SUM(r.price) AS {AMOUNT}) AS price,
       CAST(SUM(r.no_retail_count) AS BIGINT) AS no_retail_count,
       CAST(SUM(r.no_effective_count) AS BIGINT) AS no_effective_count,
       CAST(SUM(r.spans_transfer_count) AS BIGINT) AS spans_transfer_count
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
GROUP BY d.currency, s.binding ORDER BY d.currency, s.binding"""
"""``BilledCost``, lines and prices by currency and by what became of the line."""

OVERLAPPING_SPANS = """
SELECT COUNT(*) FROM account_spans AS a JOIN account_spans AS b
  ON a.subscription IS NOT DISTINCT FROM b.subscription AND a.tenant IS NOT DISTINCT FROM b.tenant
 AND a.span_number < b.span_number AND a.first_day < b.until_day AND b.first_day < a.until_day"""
"""0, or two assignments of one account overlap and the run must be refused."""


def plan(bill_input_tax: bool) -> tuple[Step, ...]:
    """The steps that rate a month, in order. Only ``rated_lines`` is as long as the month."""
    return (
        Step("accounts", _ACCOUNTS),
        Step("account_spans", _ACCOUNT_SPANS),
        Step("products", _PRODUCTS),
        Step("prices", _prices(bill_input_tax)),
        Step("rated_lines", _RATED_LINES, large=True),
        Step("rated_sums", _RATED_SUMS),
    )
