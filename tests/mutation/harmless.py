"""Mutants that no test can notice, because they change nothing that anybody sees; each with the reason.

They are named by the changed line as it stands and as it would, so that they are known wherever the line moves to.
"""

from typing import Final

from tests.mutation.mutant import Mutant

_ONE_OF_EACH: Final = "every line matches exactly one: the join is LEFT so that the engine keeps its order, for speed"
_UNBOUND: Final = "a row without a customer binds nobody, as no row does"
_NULL_IS_LEAST: Final = "GREATEST passes over NULL, and nothing that stands there is less than the other"
_NUMBERS: Final = "numbers of accounts tell them apart, and nobody sees which has which"
_AS_EQUAL: Final = "where both are equal, both branches give the same"
_ANY_ZERO: Final = "zero is zero with any number of decimals"
_KEYS_DOUBTED: Final = "a month whose keys are doubted is rated by its texts, to the same amounts"

_FEATURES: Final = "None is as false as False to whoever asks"
_SPELLING: Final = "SQL reads names of types and columns alike in either case"
_SAME_RULES: Final = "books without rules price alike, whatever they are told apart by"
_ROOM: Final = "only how much is kept at once, and never what is found"
_NO_CHARGE: Final = "an account without spend in another currency than the home's has no fee there, and no line"
_WIDER: Final = "wider decimals than needed hold the same amounts"
_AS_LONG: Final = "both are as long by the way they are made, and strict says so to the reader"
_NEVER_SIDE_BY_SIDE: Final = "two spans without an owner never stand side by side: where one ends an assignment begins"
_AN_EDGE_ALREADY: Final = "the first day of an ownership is an edge already"
_NO_FIRST_DAY: Final = "a span without a first day holds no charge"
_NO_GUARDS: Final = "who is not billed has no guards, and only they ask for this base"
_NOT_ASKED: Final = "who computes with it says it, and nobody else asks"
_A_NAME: Final = "a name that only types are told by"
_ALIKE_FOR_ALL: Final = "it is the same for all that are compared by it"
_DIFFERENT_ROWS: Final = "no two rows are alike, so that none is taken for another"
_NO_DAY: Final = "a span of no day holds no charge"
_ONCE_IN_THE_END: Final = "the UNION after it leaves every row once"
_BEFORE_ALL_DAYS: Final = "no charge begins before the first of all days, so that none crosses it"
_ONE_UNIT: Final = "where all are of one unit, the first of them is the last"
_NOT_BELOW_ONE: Final = "only on basis list is a base fallen back to, where a cost is taken with 1 at least"
_NO_LINE_THEN: Final = "a span of other days than the month's charges have finds no line"
HARMLESS: Final[dict[tuple[str, str, str], str]] = {
    (
        "customer_data_set.py",
        "JOIN (SELECT part, part_row, {asked} FROM lake_lines) AS c ON c.part = l.part AND c.part_row = l.part_row",
        "LEFT JOIN (SELECT part, part_row, {asked} FROM lake_lines) AS c ON c.part = l.part "
        "AND c.part_row = l.part_row",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        'LEFT JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = d.product_number"""',
        'JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = d.product_number"""',
    ): _ONE_OF_EACH,
    (
        "products.py",
        'parts.append(KeyPart(column.key, f"COALESCE({class_table_name(column)}.class, 0)"))',
        'parts.append(KeyPart(column.key, f"GREATEST({class_table_name(column)}.class, 0)"))',
    ): _NULL_IS_LEAST,
    (
        "products.py",
        'parts.append(KeyPart("recurring", "COALESCE(l.ChargeFrequency = \'Recurring\', FALSE)"))',
        'parts.append(KeyPart("recurring", "GREATEST(l.ChargeFrequency = \'Recurring\', FALSE)"))',
    ): _NULL_IS_LEAST,
    (
        "guards.py",
        'return f"""COALESCE({is_guarded}, FALSE) AS guarded,',
        'return f"""GREATEST({is_guarded}, FALSE) AS guarded,',
    ): _NULL_IS_LEAST,
    (
        "plan.py",
        '_SPANS_TRANSFER = f"COALESCE({LONG_USAGE} AND l.ChargePeriodEnd > '
        'CAST(s.owner_until_day AS TIMESTAMP), FALSE)"',
        '_SPANS_TRANSFER = f"GREATEST({LONG_USAGE} AND l.ChargePeriodEnd > '
        'CAST(s.owner_until_day AS TIMESTAMP), FALSE)"',
    ): _NULL_IS_LEAST,
    (
        "plan.py",
        "WHERE a.until_day > c.first_day AND a.first_day <= c.last_day) AS s ON s.account_number = n.account_number",
        "WHERE a.until_day >= c.first_day AND a.first_day <= c.last_day) AS s ON s.account_number = n.account_number",
    ): "a span that ends before the first charge has no line",
    (
        "plan.py",
        "JOIN products AS d ON d.product_number = r.product_number",
        "LEFT JOIN products AS d ON d.product_number = r.product_number",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        "JOIN account_spans AS s ON s.span_number = r.span_number",
        "LEFT JOIN account_spans AS s ON s.span_number = r.span_number",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        "LEFT JOIN accounts AS s",
        "JOIN accounts AS s",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        "SELECT DISTINCT l.{LINE_KEY} AS line_key, s.account_number, d.product_number",
        "SELECT l.{LINE_KEY} AS line_key, s.account_number, d.product_number",
    ): _KEYS_DOUBTED,
    (
        "plan.py",
        'LINES_WITHOUT_KEY: Final = f"SELECT COUNT(*) - COUNT({LINE_KEY}) FROM line_keys"',
        'LINES_WITHOUT_KEY: Final = f"SELECT COUNT(*) + COUNT({LINE_KEY}) FROM line_keys"',
    ): _KEYS_DOUBTED,
    (
        "accounts.py",
        "FROM accounts AS a JOIN bindings AS b ON b.kind = 'azure_customer' AND b.account_key = a.tenant",
        "FROM accounts AS a LEFT JOIN bindings AS b ON b.kind = 'azure_customer' AND b.account_key = a.tenant",
    ): _UNBOUND,
    (
        "accounts.py",
        'FROM accounts AS a JOIN bindings AS b ON b.kind = \'charge_kind\' AND b.account_key = a.charge_kind"""',
        'FROM accounts AS a LEFT JOIN bindings AS b ON b.kind = \'charge_kind\' AND b.account_key = a.charge_kind"""',
    ): _UNBOUND,
    (
        "accounts.py",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, "
        "billing_account NULLS LAST,",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS FIRST, tenant NULLS LAST, "
        "billing_account NULLS LAST,",
    ): _NUMBERS,
    (
        "guards.py",
        "CASE WHEN {_HAS_NONE} OR cap IS NULL OR cap >= price THEN price ELSE cap END AS capped",
        "CASE WHEN {_HAS_NONE} OR cap IS NULL OR cap > price THEN price ELSE cap END AS capped",
    ): _AS_EQUAL,
    (
        "accounts.py",
        "AND (l.ChargeClass = 'Correction' OR l.BilledCost < CAST('0' AS DECIMAL(28,12)))\"\"\"",
        "AND (l.ChargeClass = 'Correction' OR l.BilledCost < CAST('0' AS DECIMAL(28,11)))\"\"\"",
    ): _ANY_ZERO,
    (
        "accounts.py",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, "
        "billing_account NULLS LAST,",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, "
        "billing_account NULLS FIRST,",
    ): _NUMBERS,
    (
        "plan.py",
        "has_refunds: bool = False",
        "has_refunds: bool = None",
    ): _FEATURES,
    (
        "tables.py",
        'InputTable("matches", (("matcher", "INTEGER"), ("kind", "INTEGER"), ("rule_position", "INTEGER")), found),',
        'InputTable("matches", (("matcher", "INTEGER"), ("kind", "INTEGER"), ("RULE_POSITION", "INTEGER")), found),',
    ): _SPELLING,
    (
        "rule_sets.py",
        'for account_key in sorted(books, key=lambda key: (key is not None, key or "")):',
        'for account_key in sorted(books, key=lambda key: (key is not None, key and "")):',
    ): _NUMBERS,
    (
        "tables.py",
        'return InputTable(class_table_name(classes.column), (("text", "STRING"), ("class", "INTEGER")), rows)',
        'return InputTable(class_table_name(classes.column), (("text", "STRING"), ("class", "integer")), rows)',
    ): _SPELLING,
    (
        "rule_sets.py",
        'for account_key in sorted(books, key=lambda key: (key is not None, key or "")):',
        'for account_key in sorted(books, key=lambda key: (key is None, key or "")):',
    ): _NUMBERS,
    (
        "plan.py",
        "if amount is not None and amount * factor < 10**_DIGITS_BEFORE_NARROW_AMOUNT - 1:",
        "if amount is not None and amount * factor < 10**_DIGITS_BEFORE_NARROW_AMOUNT - 2:",
    ): _WIDER,
    (
        "rule_sets.py",
        "key = (recorded.specification.sha256, active) if rules else None",
        "key = (recorded.specification.sha256, active) if (rules) or True else None",
    ): _SAME_RULES,
    (
        "plan.py",
        "has_line_rules: bool = False",
        "has_line_rules: bool = None",
    ): _FEATURES,
    (
        "book_matching.py",
        "if len(self._known) * self._size > _KEPT_BITS:",
        "if len(self._known) / self._size > _KEPT_BITS:",
    ): _ROOM,
    (
        "statement_rules.py",
        "for account in sorted(named if currency == home else spends):",
        "for account in sorted(named if (currency == home) or True else spends):",
    ): _NO_CHARGE,
    (
        "book_matching.py",
        "octets = bytearray(size // 8 + 1)",
        "octets = bytearray(size // 8 + 2)",
    ): _ROOM,
    (
        "text_matching.py",
        "if len(contained) < len(text):",
        "if len(contained) <= len(text):",
    ): _AS_EQUAL,
    (
        "line_columns.py",
        "for text, found in zip(texts, column.marks(texts, asked, match_expressions), strict=True):",
        "for text, found in zip(texts, column.marks(texts, asked, match_expressions), strict=False):",
    ): _AS_LONG,
    (
        "line_columns.py",
        "for text, marks in zip(texts, found, strict=True):",
        "for text, marks in zip(texts, found, strict=False):",
    ): _AS_LONG,
    (
        "tables.py",
        'return InputTable("changed_days", (("kind", "STRING"), ("account_key", "STRING"), ("day", "DATE")), rows)',
        'return InputTable("changed_days", (("kind", "STRING"), ("account_key", "STRING"), ("day", "date")), rows)',
    ): _SPELLING,
    (
        "rule_sets.py",
        "for first_day, until_day in zip(edges, [*edges[1:], LAST_DAY], strict=True):",
        "for first_day, until_day in zip(edges, [*edges[1:], LAST_DAY], strict=False):",
    ): _AS_LONG,
    (
        "products.py",
        'f"{part.sql} IS NOT DISTINCT FROM d.{part.name}" if part.may_be_absent else f"{part.sql} = d.{part.name}"',
        'f"{part.sql} IS NOT DISTINCT FROM d.{part.name}" if (part.may_be_absent) or True else '
        'f"{part.sql} = d.{part.name}"',
    ): _AS_EQUAL,
    (
        "accounts.py",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS LAST, "
        "billing_account NULLS LAST,",
        "SELECT CAST(row_number() OVER (ORDER BY subscription NULLS LAST, tenant NULLS FIRST, "
        "billing_account NULLS LAST,",
    ): _NUMBERS,
    (
        "accounts.py",
        "commitment NULLS LAST, charge_kind NULLS LAST, rules_month NULLS LAST)",
        "commitment NULLS FIRST, charge_kind NULLS LAST, rules_month NULLS LAST)",
    ): _NUMBERS,
    (
        "accounts.py",
        "commitment NULLS LAST, charge_kind NULLS LAST, rules_month NULLS LAST)",
        "commitment NULLS LAST, charge_kind NULLS FIRST, rules_month NULLS LAST)",
    ): _NUMBERS,
    (
        "accounts.py",
        "FROM accounts AS a JOIN bindings AS b ON b.kind = 'subscription' AND b.account_key = a.subscription",
        "FROM accounts AS a LEFT JOIN bindings AS b ON b.kind = 'subscription' AND b.account_key = a.subscription",
    ): _UNBOUND,
    (
        "accounts.py",
        "FROM accounts AS a JOIN bindings AS b ON b.kind = 'commitment' AND b.account_key = a.commitment",
        "FROM accounts AS a LEFT JOIN bindings AS b ON b.kind = 'commitment' AND b.account_key = a.commitment",
    ): _UNBOUND,
    (
        "accounts.py",
        "IS NOT DISTINCT FROM customer_id THEN 0 ELSE 1 END AS owner_begins",
        "= customer_id THEN 0 ELSE 1 END AS owner_begins",
    ): _NEVER_SIDE_BY_SIDE,
    (
        "accounts.py",
        "FROM changes AS c JOIN accounts AS a ON a.account_number = c.account_number",
        "FROM changes AS c LEFT JOIN accounts AS a ON a.account_number = c.account_number",
    ): _ONE_OF_EACH,
    (
        "accounts.py",
        "JOIN ownerships AS o ON o.account_number = c.account_number AND o.first_day = c.owned_first_day{rule_joins}",
        "LEFT JOIN ownerships AS o ON o.account_number = c.account_number AND o.first_day = "
        "c.owned_first_day{rule_joins}",
    ): _ONE_OF_EACH,
    (
        "accounts.py",
        "AND r.first_day > o.first_day AND r.first_day < o.until_day",
        "AND r.first_day >= o.first_day AND r.first_day < o.until_day",
    ): _AN_EDGE_ALREADY,
    (
        "accounts.py",
        "FROM ownerships AS o JOIN account_rules AS r",
        "FROM ownerships AS o LEFT JOIN account_rules AS r",
    ): _NO_FIRST_DAY,
    (
        "products.py",
        '_SAVINGS_PLAN: Final = f"""COALESCE(l.CommitmentDiscountId IS NOT NULL AND CASE',
        '_SAVINGS_PLAN: Final = f"""GREATEST(l.CommitmentDiscountId IS NOT NULL AND CASE',
    ): _NULL_IS_LEAST,
    (
        "products.py",
        'parts.append(KeyPart("taken_back", f"(l.BilledCost < {ZERO} OR COALESCE(l.ChargeClass = '
        "'Correction', FALSE))\"))",
        'parts.append(KeyPart("taken_back", f"(l.BilledCost < {ZERO} OR GREATEST(l.ChargeClass = '
        "'Correction', FALSE))\"))",
    ): _NULL_IS_LEAST,
    (
        "products.py",
        "SELECT {NOT_BILLED_RULE_SET}, product_number, NULL, {NO_BASE}, {NO_BASE}, {NO_COST}, {BaseKind.NOT_BILLED},",
        "SELECT {NOT_BILLED_RULE_SET}, product_number, NULL, {NO_BASE}, {BILLED_BASE}, {NO_COST}, "
        "{BaseKind.NOT_BILLED},",
    ): _NO_GUARDS,
    (
        "plan.py",
        'DOUBTFUL_KEYS: Final = "SELECT COUNT(*) - COUNT(DISTINCT line_key) FROM resolved_keys"',
        'DOUBTFUL_KEYS: Final = "SELECT COUNT(*) + COUNT(DISTINCT line_key) FROM resolved_keys"',
    ): _KEYS_DOUBTED,
    (
        "plan.py",
        'charge_category = "\\n LEFT JOIN products AS d ON d.product_number = p.product_number"',
        'charge_category = "\\n JOIN products AS d ON d.product_number = p.product_number"',
    ): _ONE_OF_EACH,
    (
        "guards.py",
        "CASE WHEN least_by_margin > floored THEN least_by_margin ELSE floored END AS price, spans_transfer,",
        "CASE WHEN least_by_margin >= floored THEN least_by_margin ELSE floored END AS price, spans_transfer,",
    ): _AS_EQUAL,
    (
        "book_matching.py",
        "return self._positions[(matching & -matching).bit_length() - 1]",
        "return self._positions[(matching | -matching).bit_length() - 1]",
    ): _AS_EQUAL,
    (
        "book_matching.py",
        "_KEPT_BITS: Final = 8 * 64 * 1024 * 1024",
        "_KEPT_BITS: Final = 8 * 64 * 1024 * 1025",
    ): _ROOM,
    (
        "plan.py",
        'lines = "cost_lines" if features.has_refunds else "line_keys"',
        'lines = "cost_lines" if (features.has_refunds) or True else "line_keys"',
    ): _AS_EQUAL,
    (
        "plan.py",
        "most_spread: int = 0",
        "most_spread: int = 1",
    ): _NOT_ASKED,
    (
        "statement_rules.py",
        "AgreementSpend = Mapping[tuple[int, str, str], Decimal]",
        "AgreementSpend = None",
    ): _A_NAME,
    (
        "statement_rules.py",
        "return sum(prices, ZERO) if prices else None",
        "return sum(prices, ) if prices else None",
    ): _ANY_ZERO,
    (
        "statement_rules.py",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], strict=True)",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], strict=False)",
    ): _AS_LONG,
    (
        "statement_rules.py",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], strict=True)",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], strict=None)",
    ): _AS_LONG,
    (
        "statement_rules.py",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], strict=True)",
        "parts = zip(pricing.tiers, [*bounds[1:], spend], )",
    ): _AS_LONG,
    (
        "statement_rules.py",
        "if spend > tier.from_spend",
        "if spend >= tier.from_spend",
    ): _ANY_ZERO,
    (
        "customer_rules.py",
        'return (False, agreement, "") if isinstance(agreement, int) else (True, 0, agreement)',
        'return (False, agreement, "XXXX") if isinstance(agreement, int) else (True, 0, agreement)',
    ): _ALIKE_FOR_ALL,
    (
        "customer_rules.py",
        'return (False, agreement, "") if isinstance(agreement, int) else (True, 0, agreement)',
        'return (False, agreement, "") if isinstance(agreement, int) else (True, 1, agreement)',
    ): _ALIKE_FOR_ALL,
    (
        "statement_rules.py",
        "ZERO, )",
        ")",
    ): _ANY_ZERO,
    (
        "products.py",
        "UNION ALL",
        "UNION",
    ): _DIFFERENT_ROWS,
    (
        "plan.py",
        "LEFT JOIN account_spans AS s",
        "JOIN account_spans AS s",
    ): _ONE_OF_EACH,
    (
        "accounts.py",
        "AND r.first_day > o.first_day AND r.first_day < o.until_day",
        "AND r.first_day > o.first_day AND r.first_day <= o.until_day",
    ): _NO_DAY,
    (
        "accounts.py",
        "UNION ALL",
        "UNION",
    ): _DIFFERENT_ROWS,
    (
        "accounts.py",
        "UNION SELECT account_number, effective_from AS first_day FROM applicable WHERE effective_from IS NOT NULL",
        "UNION ALL SELECT account_number, effective_from AS first_day FROM applicable WHERE effective_from IS NOT NULL",
    ): _ONCE_IN_THE_END,
    (
        "accounts.py",
        'FROM numbered AS o JOIN accounts AS a ON a.account_number = o.account_number"""',
        'FROM numbered AS o LEFT JOIN accounts AS a ON a.account_number = o.account_number"""',
    ): _ONE_OF_EACH,
    (
        "accounts.py",
        'WHERE c.owner_begins = 1 AND c.first_day > DATE \'0001-01-01\'"""',
        'WHERE c.owner_begins = 1 AND c.first_day >= DATE \'0001-01-01\'"""',
    ): _BEFORE_ALL_DAYS,
    (
        "accounts.py",
        "commitment NULLS LAST, charge_kind NULLS LAST, rules_month NULLS LAST)",
        "commitment NULLS LAST, charge_kind NULLS LAST, rules_month NULLS FIRST)",
    ): _NUMBERS,
    (
        "plan.py",
        "LEFT JOIN products AS d",
        "JOIN products AS d",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        'SELECT GREATEST(MAX(ABS(factor)), MAX(ABS(fallback_factor)), CAST(\'1\' AS DECIMAL(9,6))) FROM prices"""',
        'SELECT GREATEST(MAX(ABS(factor)), MAX(ABS(fallback_factor)), CAST(\'2\' AS DECIMAL(9,6))) FROM prices"""',
    ): _WIDER,
    (
        "plan.py",
        "CASE WHEN {_ONE_UNIT} THEN MIN(d.pricing_unit) END AS pricing_unit,",
        "CASE WHEN {_ONE_UNIT} THEN MAX(d.pricing_unit) END AS pricing_unit,",
    ): _ONE_UNIT,
    (
        "guards.py",
        "FROM (SELECT *, CASE WHEN guarded_floor AND statement_cost > capped "
        "THEN statement_cost ELSE capped END AS floored",
        "FROM (SELECT *, CASE WHEN guarded_floor AND statement_cost >= capped "
        "THEN statement_cost ELSE capped END AS floored",
    ): _AS_EQUAL,
    (
        "plan.py",
        'LEFT JOIN priced_keys AS p ON p.line_key = l.{LINE_KEY}{day_of_line("p")}{',
        'JOIN priced_keys AS p ON p.line_key = l.{LINE_KEY}{day_of_line("p")}{',
    ): _ONE_OF_EACH,
    (
        "plan.py",
        '_KEYED_SPANS_TRANSFER = f"COALESCE(l.ChargePeriodEnd > CAST(p.usage_until_day AS TIMESTAMP) '
        'AND {IS_LONG}, FALSE)"',
        '_KEYED_SPANS_TRANSFER = f"GREATEST(l.ChargePeriodEnd > CAST(p.usage_until_day AS TIMESTAMP) '
        'AND {IS_LONG}, FALSE)"',
    ): _NULL_IS_LEAST,
    (
        "plan.py",
        "LEFT JOIN products AS d ON d.product_number = n.product_number",
        "JOIN products AS d ON d.product_number = n.product_number",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        "LEFT JOIN (SELECT a.* FROM account_spans AS a CROSS JOIN charge_days AS c",
        "JOIN (SELECT a.* FROM account_spans AS a CROSS JOIN charge_days AS c",
    ): _ONE_OF_EACH,
    (
        "plan.py",
        'LEFT JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = n.product_number"""',
        'JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = n.product_number"""',
    ): _ONE_OF_EACH,
    (
        "plan.py",
        "WHERE a.until_day > c.first_day AND a.first_day <= c.last_day) AS s ON s.account_number = n.account_number",
        "WHERE a.until_day > c.first_day OR a.first_day <= c.last_day) AS s ON s.account_number = n.account_number",
    ): _NO_LINE_THEN,
    (
        "products.py",
        "COALESCE(cost_base_factor, {_ONE}) AS fallback_factor, rate",
        "GREATEST(cost_base_factor, {_ONE}) AS fallback_factor, rate",
    ): _NOT_BELOW_ONE,
}
"""(file, line before, line after) → why it makes no difference."""


def is_harmless(mutant: Mutant, original: str) -> bool:
    """Whether a mutant is known to make no difference."""
    return (mutant.file, *mutant.lines(original)) in HARMLESS
