"""The small tables that a month's lines are joined to, and the rule sets that stand in them; without an engine."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from rebill.model.identifiers import AccountKind
from rebill.model.price_book import (
    AccountBook,
    Adjustment,
    AdjustmentKind,
    PriceBook,
    PriceRule,
    RecordedBook,
    RuleGroup,
    Specification,
    SpecificationFormat,
)
from rebill.model.rating import AccountBinding, RatingInputs, RefundRules
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms, Guards
from rebill.rating.guards import guard_table
from rebill.rating.line_columns import TEXT_COLUMNS, TextClasses
from rebill.rating.passed_over import PassedOver, passed_over_table
from rebill.rating.rule_matching import Matches
from rebill.rating.rule_sets import NO_RULES, NOT_BILLED_RULE_SET, AccountRules, RuleSet, RuleSets, rule_sets_of
from rebill.rating.tables import InputTable, changed_day_table, class_table, input_tables, match_tables
from tests.rating.months import MONTH

FIRST_DAY, LAST_DAY, NEW_YEAR = date(1, 1, 1), date(9999, 12, 31), date(2025, 1, 1)
FACTOR, RATE = "DECIMAL(9,6)", "DECIMAL(17,10)"
ACORN, BIRCH, CEDAR = 7, 8, 9
FIVE_MORE = Decimal("1.050000")


def rule(position: int, kind: AdjustmentKind, value: str) -> PriceRule:
    return PriceRule(position, f"Rule {position}", Adjustment(kind, Decimal(value)))


DISCOUNT = rule(1, AdjustmentKind.PERCENT_DISCOUNT, "25")
INCREASE = rule(2, AdjustmentKind.PERCENT_INCREASE, "10")
BY_RATE = rule(3, AdjustmentKind.FIXED_RATE, "0.5")
RULES = (DISCOUNT, INCREASE, BY_RATE)
AT_LIST = RuleSet(Basis.LIST, CommitmentsPolicy.AS_BOUGHT, FIVE_MORE, 1, RULES)
AT_COST = replace(
    AT_LIST, basis=Basis.BILLED, commitments=CommitmentsPolicy.AMORTIZED, guards=Guards(True, False, Decimal(20))
)
ACCOUNTS = (
    AccountRules(ACORN, None, FIRST_DAY, LAST_DAY, 1),
    AccountRules(ACORN, "s-1", date(2024, 9, 2), NEW_YEAR, 2, str(MONTH.preceding)),
)
RULE_SETS = RuleSets((AT_LIST, AT_COST), (RULES,), ACCOUNTS)


def shown(table: InputTable) -> tuple[str, dict[str, str], list[tuple[str | None, ...]]]:
    return table.name, dict(table.columns), list(table.rows)


def test_bindings_rule_sets_and_refunds_stand_in_the_tables_of_a_month() -> None:
    inputs = RatingInputs(
        month=MONTH,
        home_currency="USD",
        bindings=(
            AccountBinding(AccountKind.SUBSCRIPTION, "s-1", ACORN, None, NEW_YEAR),
            AccountBinding(AccountKind.AZURE_CUSTOMER, "t-1", BIRCH, NEW_YEAR, None),
        ),
        terms=(),
        refund_rules=(RefundRules(MONTH.preceding, ("G-1", "G-2"), terms=()),),
    )
    days = {"effective_from": "DATE", "effective_to": "DATE"}
    days_of_rules, month_of_rules = {"first_day": "DATE", "until_day": "DATE"}, {"rules_month": "STRING"}
    assert list(map(shown, input_tables(inputs, RULE_SETS))) == [
        (
            "bindings",
            {"kind": "STRING", "account_key": "STRING", "customer_id": "BIGINT", **days},
            [("subscription", "s-1", "7", None, "2025-01-01"), ("azure_customer", "t-1", "8", "2025-01-01", None)],
        ),
        (
            "account_rules",
            {
                "customer_id": "BIGINT",
                "account_key": "STRING",
                **days_of_rules,
                "rule_set": "INTEGER",
                **month_of_rules,
            },
            [
                ("7", None, "0001-01-01", "9999-12-31", "1", None),
                ("7", "s-1", "2024-09-02", "2025-01-01", "2", "2024-08"),
            ],
        ),
        (
            "rule_sets",
            {"rule_set": "INTEGER", "basis": "STRING", "commitments": "STRING", "matcher": "INTEGER"},
            [("1", "list", "as_bought", "1"), ("2", "billed", "amortized", "1")],
        ),
        (
            "refunded_invoices",
            {"invoice_id": "STRING", "rules_month": "STRING"},
            [("G-1", "2024-08"), ("G-2", "2024-08")],
        ),
    ]


def test_rules_that_match_stand_once_for_each_rule_set_with_what_they_do_there() -> None:
    matches = Matches({11: 1, 12: 1, 13: 2}, ((1, 1, 1), (1, 2, 3)))
    product_kinds, found, rules = match_tables(RULE_SETS, matches)
    in_numbers = {"matcher": "INTEGER", "kind": "INTEGER", "rule_position": "INTEGER"}
    assert shown(found) == ("matches", in_numbers, [("1", "1", "1"), ("1", "2", "3")])
    assert shown(product_kinds) == (
        "product_kinds",
        {"product_number": "INTEGER", "kind": "INTEGER"},
        [("11", "1"), ("12", "1"), ("13", "2")],
    )
    effects = {"factor": FACTOR, "cost_base_factor": FACTOR, "rate": RATE}
    # A discount off retail is taken off no cost, which the fallback markup is added to instead.
    assert shown(rules) == (
        "rules",
        {"rule_set": "INTEGER", "rule_position": "INTEGER", **effects},
        [
            ("1", "1", "0.750000", "1.050000", None),
            ("1", "3", None, None, "0.5"),
            ("2", "1", "0.750000", "0.750000", None),
            ("2", "3", None, None, "0.5"),
        ],
    )
    *_, increased = match_tables(RULE_SETS, Matches({}, ((1, 1, 2),)))
    assert increased.rows == [("1", "2", "1.100000", "1.100000", None), ("2", "2", "1.100000", "1.100000", None)]


def test_guards_classes_of_texts_days_and_rates_passed_over_stand_in_tables_too() -> None:
    flags = {"cap_at_list": "BOOLEAN", "floor_at_cost": "BOOLEAN"}
    columns = {"rule_set": "INTEGER", **flags, "margin_factor": FACTOR}
    assert shown(guard_table(RULE_SETS)) == ("guards", columns, [("2", "True", "False", "1.250000")])
    unfloored = replace(AT_COST, guards=Guards(floor_at_cost=True))
    assert guard_table(RuleSets((unfloored,), (), ())).rows == [("1", "False", "True", None)]
    for column in TEXT_COLUMNS:
        classes = TextClasses(column, {"b": 2, "a": 1}, ())
        as_text = {"text": "STRING", "class": "INTEGER"}
        assert shown(class_table(classes)) == (f"{column.key}es", as_text, [("b", "2"), ("a", "1")])
    changed = {
        (AccountKind.SUBSCRIPTION, "s-1"): {NEW_YEAR, date(2024, 9, 2)},
        (AccountKind.COMMITMENT, "r"): [LAST_DAY],
    }
    assert shown(changed_day_table(changed)) == (
        "changed_days",
        {"kind": "STRING", "account_key": "STRING", "day": "DATE"},
        [
            ("subscription", "s-1", "2024-09-02"),
            ("subscription", "s-1", "2025-01-01"),
            ("commitment", "r", "9999-12-31"),
        ],
    )
    assert shown(passed_over_table([PassedOver(1, 2, 3, "they have no quantity")])) == (
        "passed_over",
        {"matcher": "INTEGER", "product_number": "INTEGER", "rule_position": "INTEGER", "reason": "STRING"},
        [("1", "2", "3", "they have no quantity")],
    )


def book(number: int, *groups: RuleGroup) -> RecordedBook:
    text = Specification(f"Book {number}", SpecificationFormat.XML)
    return RecordedBook(number, f"Book {number}", "0000-00", text, PriceBook(groups))


def terms(customer: int, **given: Any) -> CustomerTerms:
    plain = CustomerTerms(customer, True, Basis.LIST, CommitmentsPolicy.AS_BOUGHT, Decimal("5.0"))
    return replace(plain, **given)


def test_what_prices_alike_shares_a_rule_set_and_what_asks_alike_a_matcher() -> None:
    dated = book(
        1,
        RuleGroup((DISCOUNT,), start_day=date(2024, 9, 2), end_day=date(2024, 9, 10)),
        RuleGroup((INCREASE,), end_day=date(2024, 9, 4)),
        RuleGroup((BY_RATE,), start_day=date(2024, 9, 20), enabled=False),
    )
    plain = book(2, RuleGroup((replace(DISCOUNT, adjustment=INCREASE.adjustment),)))
    rated = book(3, RuleGroup((replace(BY_RATE, position=1),)))
    before = RefundRules(MONTH.preceding, ("G-1",), (terms(BIRCH, basis=Basis.BILLED),))
    inputs = RatingInputs(
        month=MONTH,
        home_currency="USD",
        bindings=(),
        terms=(
            terms(CEDAR, billing_enabled=False),
            terms(BIRCH, fallback_markup_percent=Decimal(5)),
            terms(ACORN),
        ),
        books=(dated, plain, rated),
        account_books=(AccountBook(ACORN, None, 1), AccountBook(ACORN, "t-1", 3), AccountBook(ACORN, "s-1", 2)),
        refund_rules=(before,),
    )
    found = rule_sets_of(inputs)
    assert [
        (one.basis, one.fallback_factor, one.matcher, [rule.position for rule in one.rules]) for one in found.numbered
    ] == [
        (Basis.LIST, FIVE_MORE, 1, [2]),
        (Basis.LIST, FIVE_MORE, 2, [1, 2]),
        (Basis.LIST, FIVE_MORE, 3, [1]),
        (Basis.LIST, FIVE_MORE, 0, []),
        (Basis.LIST, FIVE_MORE, 3, [1]),
        (Basis.LIST, FIVE_MORE, 4, [1]),
        (Basis.BILLED, FIVE_MORE, 0, []),
    ]
    assert {one.commitments for one in found.numbered} == {CommitmentsPolicy.AS_BOUGHT}
    assert [[rule.position for rule in rules] for rules in found.matchers] == [[2], [1, 2], [1], [1]]
    assert (NOT_BILLED_RULE_SET, NO_RULES) == (0, 0)
    all_days = (FIRST_DAY, LAST_DAY)
    of_acorn = [
        (None, FIRST_DAY, date(2024, 9, 2), 1),
        (None, date(2024, 9, 2), date(2024, 9, 5), 2),
        (None, date(2024, 9, 5), date(2024, 9, 11), 3),
        (None, date(2024, 9, 11), LAST_DAY, 4),
        ("s-1", *all_days, 5),
        ("t-1", *all_days, 6),
    ]
    # Acorn was not billed for the month before, so that refunds of it are priced as its charges are.
    assert found.accounts == (
        *(AccountRules(ACORN, *one) for one in of_acorn),
        AccountRules(BIRCH, None, *all_days, 4),
        *(AccountRules(ACORN, *one, str(before.month)) for one in of_acorn),
        AccountRules(BIRCH, None, *all_days, 7, str(before.month)),
    )
    assert found.names_accounts and not found.has_guards
    guarded = rule_sets_of(replace(inputs, account_books=(), terms=(terms(ACORN, cap_at_list=True),)))
    assert guarded.has_guards and not guarded.names_accounts
    assert [one.guards.cap_at_list for one in guarded.numbered] == [True]


def test_rates_for_other_units_or_in_other_currencies_ask_for_other_lines() -> None:
    hourly = replace(BY_RATE.adjustment, currency="USD", unit="1 Hour")
    asked = (hourly, replace(hourly, unit="1 GB"), replace(hourly, unit=None), replace(hourly, currency="EUR"))
    alike = replace(hourly, value=Decimal(2))
    books = tuple(
        book(number, RuleGroup((replace(BY_RATE, adjustment=adjustment),)))
        for number, adjustment in enumerate((*asked, alike), 1)
    )
    found = rule_sets_of(
        RatingInputs(
            month=MONTH,
            home_currency="USD",
            bindings=(),
            terms=(terms(ACORN),),
            books=books,
            account_books=tuple(AccountBook(ACORN, f"s-{one.price_book_id}", one.price_book_id) for one in books),
        )
    )
    assert [[rule.adjustment for rule in rules] for rules in found.matchers] == [[one] for one in asked]
