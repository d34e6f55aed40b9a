"""How a month is rated, as relational SQL text that DuckDB and Spark both run, with the same outcome. Runs nothing.

The thought behind it: a month has millions of lines but few distinct accounts and few distinct
products (provider, service, category, unit, currency, part in a commitment). Whose an account is,
and what prices a product, is resolved once over those (``account_spans``, ``prices``) and then
joined; no rule is ever evaluated line by line. What depends on a line's own amounts (the
fallback from list to billed) is arithmetic, and stands in one place: ``_BY_PERCENT`` and ``_BY_RATE``. An engine gives
the function ``rounded_product(amount, factor)``: rounded half away from zero to 12 decimals.

Tables read: ``cost_lines`` (a cost line with ``part`` and ``part_row``, its place in the lake), ``line_keys`` (each
combination of what tells lines apart) and those of ``rating.tables``. Tables made: the steps below, in order; between
``keys`` and ``lines`` stand the tables of ``rule_matching``, which are found from the products.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rebill.model.cost_line import LINE_KEY
from rebill.model.rating import BaseKind
from rebill.rating.accounts import (
    APPLICABLE,
    OWNERSHIPS,
    REFUND_JOIN,
    account_of_line,
    account_spans,
    accounts,
    agreement_of,
    day_of_line,
)
from rebill.rating.guards import KEPT_FOR_GUARDS, UNGUARDED, guard_columns, guard_join, guarded
from rebill.rating.line_columns import Asked
from rebill.rating.products import (
    BILLED_BASE,
    BILLED_COST,
    EFFECTIVE_BASE,
    EFFECTIVE_COST,
    LIST_BASE,
    QUANTITY_BASE,
    RETAIL_BASE,
    class_joins,
    prices,
    product_of_line,
    products,
)
from rebill.rating.ruled_lines import AMOUNT, NO_LIST, ZERO, rule_column_names, rule_columns, rule_joins, ruled
from rebill.rating.transfers import IS_LONG, LONG_USAGE


@dataclass(frozen=True)
class Step:
    """A table of the plan: its name and the query that gives it. ``large``: as long as the month."""

    name: str
    sql: str
    large: bool = False


@dataclass(frozen=True)
class PlanFeatures:
    """What a month's terms and books make a plan read and compute; nothing else costs it anything.

    ``asked``: what the books ask of lines. ``names_accounts``: an account has a book of its own, or an agreement rules
    of its own. ``has_line_rules``: billing rules act on charges. ``most_spread``: how many share in one at most.
    ``has_guards``: prices are held within bounds. ``allocates``: charges that name neither subscription nor tenant
    have owners. ``has_refunds``: refunds are priced by the rules of other months. ``keyed``: accounts and products are
    told apart by line keys, and every line has one, so that no text of a line is compared. ``passes_over``: a fixed
    rate does not price lines that its rule is for.
    """

    bill_input_tax: bool
    names_accounts: bool
    asked: Asked
    has_line_rules: bool = False
    most_spread: int = 0
    has_guards: bool = False
    allocates: bool = False
    has_refunds: bool = False
    keyed: bool = False
    passes_over: bool = False


_FALLS_BACK = f"(p.base_source = {LIST_BASE} AND {NO_LIST})"
_NO_RETAIL = f"(p.base_source = {RETAIL_BASE} AND (l.ListCost IS NULL OR l.ListCost = {ZERO}))"
_NO_EFFECTIVE = f"(p.base_source = {EFFECTIVE_BASE} AND l.EffectiveCost IS NULL)"
_BASE = f"""CASE WHEN p.base_source = {BILLED_BASE} OR {_FALLS_BACK} THEN CAST(l.BilledCost AS {AMOUNT})
         WHEN p.base_source IN ({LIST_BASE}, {RETAIL_BASE}) THEN COALESCE(CAST(l.ListCost AS {AMOUNT}), {ZERO})
         WHEN p.base_source = {EFFECTIVE_BASE} THEN COALESCE(CAST(l.EffectiveCost AS {AMOUNT}), {ZERO})
         ELSE {ZERO} END"""
_FACTOR = f"CASE WHEN {_FALLS_BACK} THEN p.fallback_factor ELSE p.factor END"
# Of a line that a fixed rate prices: what its base would be.
_OWN_BASE = f"({_BASE.replace('p.base_source', 'p.own_base_source')})"
# The one place where a price is computed: base × factor, or quantity × rate;
# rounded half away from zero to 12 decimals.
_BY_PERCENT = "rounded_product(base, factor)"
_BY_RATE = f"CAST(round(quantity * rate, 12) AS {AMOUNT})"
_STATEMENT_COST = f"""CASE WHEN p.cost_source = {BILLED_COST} THEN CAST(l.BilledCost AS {AMOUNT})
         WHEN p.cost_source = {EFFECTIVE_COST} THEN COALESCE(CAST(l.EffectiveCost AS {AMOUNT}), {ZERO})
         ELSE {ZERO} END"""

# A charge is never divided; one of more than a day that crosses a change of owner is only marked.
_SPANS_TRANSFER = f"COALESCE({LONG_USAGE} AND l.ChargePeriodEnd > CAST(s.owner_until_day AS TIMESTAMP), FALSE)"
_KEYED_SPANS_TRANSFER = f"COALESCE(l.ChargePeriodEnd > CAST(p.usage_until_day AS TIMESTAMP) AND {IS_LONG}, FALSE)"


CHARGE_DAYS: Final = """
SELECT CAST(MIN(ChargePeriodStart) AS DATE) AS first_day, CAST(MAX(ChargePeriodStart) AS DATE) AS last_day
FROM cost_lines"""
"""The table ``charge_days``: the first and the last charge day of a month's lines, which statistics of files tell."""


def _priced_keys(features: PlanFeatures) -> str:
    """The table ``priced_keys``: whose the lines of each key are, by day, and at what price.

    A line needs no other join. ``usage_until_day``: until when the owner of usage has the account. Only spans of days
    that the month has stand in it: of old terms and former owners there may be any number.
    """
    of_rules = ", s.line_rule_set" if features.has_line_rules else ""
    of_guards = ", s.rule_set, p.own_base_source" if features.has_guards else ""
    return f"""
SELECT n.line_key, s.first_day, s.until_day, s.span_number,
       CASE WHEN d.charge_category = 'Usage' THEN s.owner_until_day END AS usage_until_day,
       p.product_number, p.base_source, p.cost_source, p.base_kind, p.factor, p.fallback_factor{of_rules}{of_guards}
FROM resolved_keys AS n
LEFT JOIN products AS d ON d.product_number = n.product_number
LEFT JOIN (SELECT a.* FROM account_spans AS a CROSS JOIN charge_days AS c
           WHERE a.until_day > c.first_day AND a.first_day <= c.last_day) AS s ON s.account_number = n.account_number
LEFT JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = n.product_number"""


# Thin on purpose: a reference to the cost line, to the span that owns it and to the price that
# priced it, and the amounts. The rest of the line stands once, in the lake.
# Every line matches exactly one span, product and price. The joins are LEFT all the same, because an
# engine keeps their order then: each probes one small table. Free to reorder, DuckDB multiplies
# small tables into one of millions of rows first (72 s instead of 5 s at 10 M lines). A line
# that matched nothing would be missing from the balance, and the run refused. With keys, one join says
# all: three, one after the other, took a quarter longer for the whole of pricing and writing.
def _rated_lines(features: PlanFeatures) -> str:
    rate, price = "", _BY_PERCENT
    span, spans_transfer = ("p", _KEYED_SPANS_TRANSFER) if features.keyed else ("s", _SPANS_TRANSFER)
    if features.asked.fixed_rate:
        rate = f", p.rate, (p.base_source = {QUANTITY_BASE}) AS by_rate"
        price = f"CASE WHEN by_rate THEN {_BY_RATE} ELSE {_BY_PERCENT} END"
    asked_by_rules, carried, joins = "", "", _joins(features)
    if features.has_line_rules:
        asked_by_rules, joins = f", {rule_columns(features.most_spread)}", joins + rule_joins(span)
        carried = f", {rule_column_names(features.most_spread)}"
    if features.has_guards:
        asked_by_rules += f", {guard_columns(_OWN_BASE)}"
        carried += KEPT_FOR_GUARDS
        joins += guard_join(span)
    else:
        carried += f", {UNGUARDED}"
    priced = f"""
SELECT part, part_row, span_number, product_number, base_kind, quantity, billed_cost, statement_cost,
       {price} AS price, spans_transfer{carried}
FROM (SELECT l.part, l.part_row, {span}.span_number, p.product_number,
             CAST(CASE WHEN {_FALLS_BACK} THEN {BaseKind.BASE_FALLBACK}
                       WHEN {_NO_RETAIL} THEN {BaseKind.NO_RETAIL}
                       WHEN {_NO_EFFECTIVE} THEN {BaseKind.NO_EFFECTIVE}
                       ELSE p.base_kind END AS TINYINT) AS base_kind,
             l.PricingQuantity AS quantity, l.BilledCost AS billed_cost, {_STATEMENT_COST} AS statement_cost,
             {spans_transfer} AS spans_transfer, {_BASE} AS base, {_FACTOR} AS factor{rate}{asked_by_rules}
      FROM cost_lines AS l{joins}) AS based"""
    if features.has_line_rules:
        priced = ruled(priced, features.most_spread, KEPT_FOR_GUARDS if features.has_guards else ", guard")
    return guarded(priced, features.has_line_rules) if features.has_guards else priced


def _joins(features: PlanFeatures) -> str:
    """The joins that give lines ``l`` their price ``p``; where that does not say it all, their span and product too."""
    if features.keyed:
        charge_category = "\n      LEFT JOIN products AS d ON d.product_number = p.product_number"
        return f"""
      LEFT JOIN priced_keys AS p ON p.line_key = l.{LINE_KEY}{day_of_line("p")}{
            charge_category if features.has_guards else ""
        }"""
    return f"""{REFUND_JOIN if features.has_refunds else ""}
      LEFT JOIN account_spans AS s
        ON {_account_of_line(features)}{day_of_line("s")}
      {class_joins(features.asked)}
      LEFT JOIN products AS d
        ON {product_of_line(features.asked)}
      LEFT JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = d.product_number"""


def _account_of_line(features: PlanFeatures) -> str:
    return account_of_line(features.names_accounts, features.allocates, features.has_refunds)


def _resolved_keys(features: PlanFeatures) -> str:
    return f"""
SELECT DISTINCT l.{LINE_KEY} AS line_key, s.account_number, d.product_number
FROM line_keys AS l
LEFT JOIN accounts AS s
  ON {_account_of_line(features)}
{class_joins(features.asked)}
LEFT JOIN products AS d
  ON {product_of_line(features.asked)}"""


LINES_WITHOUT_KEY: Final = f"SELECT COUNT(*) - COUNT({LINE_KEY}) FROM line_keys"
"""0, or lines have no key: they were imported by an older version."""
DOUBTFUL_KEYS: Final = "SELECT COUNT(*) - COUNT(DISTINCT line_key) FROM resolved_keys"
"""0, or by chance lines of two accounts or products have one key, and keys tell nothing."""
AMOUNT_COLUMNS: Final = ("BilledCost", "ListCost", "EffectiveCost")
QUANTITY_COLUMNS: Final = ("PricingQuantity",)
GREATEST_FACTOR: Final = """
SELECT GREATEST(MAX(ABS(factor)), MAX(ABS(fallback_factor)), CAST('1' AS DECIMAL(9,6))) FROM prices"""
"""The greatest factor that a price is made with, and 1 at least."""
_NARROW_AMOUNT: Final = "DECIMAL(18,12)"
_NARROW_QUANTITY: Final = "DECIMAL(18,8)"
_DIGITS_BEFORE_NARROW_AMOUNT: Final = 6
_DIGITS_BEFORE_NARROW_QUANTITY: Final = 10


def narrowed(
    features: PlanFeatures, amount: Decimal | None, quantity: Decimal | None, factor: Decimal
) -> dict[str, str]:
    """The columns of ``rated_lines`` that 64 bits hold, and the type that does: they are written and read far quicker.

    ``amount``, ``quantity``, ``factor``: the greatest of the month, without sign; ``None`` = not known. Of what rules,
    guards and rates make of a price nothing is said here.
    """
    found = {}
    if quantity is not None and quantity < 10**_DIGITS_BEFORE_NARROW_QUANTITY:
        found["quantity"] = _NARROW_QUANTITY
    if amount is not None and amount * factor < 10**_DIGITS_BEFORE_NARROW_AMOUNT - 1:
        found |= {"billed_cost": _NARROW_AMOUNT, "statement_cost": _NARROW_AMOUNT}
        if not (features.has_line_rules or features.has_guards or features.asked.fixed_rate):
            found["price"] = _NARROW_AMOUNT
    return found


SUMMED_BY: Final = ("span_number", "product_number")
"""What ``rated_sums`` groups by: whole numbers, which every rated line has."""


def rated_sums(condition: str) -> str:
    """The sums of the rated lines that ``condition`` holds of: in a long month nearly a million."""
    return f"""
SELECT span_number, product_number, COUNT(*) AS line_count,
       CAST(SUM(quantity) AS DECIMAL(28,8)) AS quantity, CAST(SUM(billed_cost) AS {AMOUNT}) AS billed_cost,
       CAST(SUM(ABS(billed_cost)) AS {AMOUNT}) AS gross_cost,
       CAST(SUM(statement_cost) AS {AMOUNT}) AS statement_cost, CAST(SUM(price) AS {AMOUNT}) AS price,
       COUNT(CASE WHEN base_kind = {BaseKind.NO_RETAIL} THEN 1 END) AS no_retail_count,
       COUNT(CASE WHEN base_kind = {BaseKind.NO_EFFECTIVE} THEN 1 END) AS no_effective_count,
       COUNT(CASE WHEN spans_transfer THEN 1 END) AS spans_transfer_count
FROM rated_lines WHERE {condition} GROUP BY {", ".join(SUMMED_BY)}"""


_ONE_UNIT = """(COUNT(d.pricing_unit) = 0
                 OR (COUNT(d.pricing_unit) = COUNT(*) AND MIN(d.pricing_unit) = MAX(d.pricing_unit)))"""

STATEMENT_LINES = f"""
SELECT s.customer_id, d.currency, d.provider, s.subscription, d.service, d.charge_category,
       CASE WHEN {_ONE_UNIT} THEN CAST(SUM(r.quantity) AS DECIMAL(28,8)) END AS quantity,
       CASE WHEN {_ONE_UNIT} THEN MIN(d.pricing_unit) END AS pricing_unit,
       CAST(SUM(r.price) AS {AMOUNT}) AS exact_amount, CAST(SUM(r.line_count) AS BIGINT) AS charge_count
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
WHERE s.binding = 'billed'
GROUP BY s.customer_id, d.currency, d.provider, s.subscription, d.service, d.charge_category
ORDER BY s.customer_id, d.currency"""
"""The priced lines of every statement, those of each together; whoever draws it up puts them in order."""

STATEMENT_COSTS = f"""
SELECT s.customer_id, d.currency, CAST(SUM(r.statement_cost) AS {AMOUNT}) AS statement_cost
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
WHERE s.binding = 'billed'
GROUP BY s.customer_id, d.currency"""
"""The cost of the charges of every statement."""

AGREEMENT_SPEND = f"""
SELECT s.customer_id, d.currency, d.provider, {agreement_of("s.billing_account")} AS agreement,
       CAST(SUM(r.price) AS {AMOUNT}) AS price
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
WHERE s.binding = 'billed' AND s.billing_account IS NOT NULL
GROUP BY s.customer_id, d.currency, d.provider, {agreement_of("s.billing_account")}"""
"""The prices of every customer's billed lines by billing account, where accounts are told apart by it."""

BALANCE = f"""
SELECT d.currency, s.binding, CAST(SUM(r.billed_cost) AS {AMOUNT}) AS billed_cost,
       CAST(SUM(r.line_count) AS BIGINT) AS line_count, CAST(SUM(r.price) AS {AMOUNT}) AS price,
       CAST(SUM(r.no_retail_count) AS BIGINT) AS no_retail_count,
       CAST(SUM(r.no_effective_count) AS BIGINT) AS no_effective_count,
       CAST(SUM(r.spans_transfer_count) AS BIGINT) AS spans_transfer_count,
       CAST(SUM(r.gross_cost) AS {AMOUNT}) AS gross_cost
FROM rated_sums AS r
JOIN account_spans AS s ON s.span_number = r.span_number
JOIN products AS d ON d.product_number = r.product_number
GROUP BY d.currency, s.binding ORDER BY d.currency, s.binding"""
"""``BilledCost``, lines and prices by currency and by what became of the line. ``gross_cost``: ``BilledCost`` without
its signs, so that what is charged and what is credited do not hide each other."""

OVERLAPPING_SPANS = """
SELECT COUNT(*) FROM account_spans AS a JOIN account_spans AS b
  ON a.subscription IS NOT DISTINCT FROM b.subscription AND a.tenant IS NOT DISTINCT FROM b.tenant
 AND a.billing_account IS NOT DISTINCT FROM b.billing_account
 AND a.commitment IS NOT DISTINCT FROM b.commitment AND a.charge_kind IS NOT DISTINCT FROM b.charge_kind
 AND a.rules_month IS NOT DISTINCT FROM b.rules_month
 AND a.span_number < b.span_number AND b.first_day < a.until_day"""
"""0, or two assignments of one account overlap and the run must be refused. Spans are numbered by their first days."""


def keys(features: PlanFeatures) -> tuple[Step, ...]:
    """The steps that find the accounts and products of a month."""
    # What tells refunds apart is no line key: seldom needed, and then read from the lines.
    lines = "cost_lines" if features.has_refunds else "line_keys"
    return (
        Step("accounts", accounts(features.names_accounts, features.allocates, lines, features.has_refunds)),
        Step("applicable", APPLICABLE),
        Step("ownerships", OWNERSHIPS),
        Step("account_spans", account_spans(features.names_accounts)),
        Step("products", products(features.asked, features.keyed)),
        *((Step("resolved_keys", _resolved_keys(features)),) if features.keyed else ()),
    )


def lines(features: PlanFeatures) -> tuple[Step, ...]:
    """The steps that price its products and lines; ``rated_sums`` are made of them. Only ``rated_lines`` is as long."""
    return (
        Step("prices", prices(features.bill_input_tax)),
        *((Step("charge_days", CHARGE_DAYS), Step("priced_keys", _priced_keys(features))) if features.keyed else ()),
        Step("rated_lines", _rated_lines(features), large=True),
    )


def kept_tables(features: PlanFeatures) -> tuple[str, ...]:
    """The small tables that rated lines refer to, and that a run keeps beside them."""
    of_rules = ("line_rules", "product_rules") if features.has_line_rules else ()
    return ("account_spans", "products", "prices", *of_rules)
