"""Customers that are priced alike share a rule set, so that a price is resolved once for all of them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from rebill.model.errors import ProgramError
from rebill.model.money import increase_factor
from rebill.model.price_book import EVERYTHING, AccountBook, PriceBook, PriceRule, RuleGroup
from rebill.model.rating import RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms

NOT_BILLED_RULE_SET = 0
"""The rule set of accounts nobody is billed for."""


@dataclass(frozen=True)
class RuleSet:
    """The terms and rules that price a line, without the name of any customer."""

    basis: Basis
    commitments: CommitmentsPolicy
    fallback_factor: Decimal
    rules: tuple[PriceRule, ...]


@dataclass(frozen=True)
class RuleSets:
    """All rule sets of a month (numbered from 1 in ``numbered``), and which customer has which.

    ``by_customer``: customer id → its number, ``NOT_BILLED_RULE_SET`` where billing is off.
    """

    numbered: tuple[RuleSet, ...]
    by_customer: tuple[tuple[int, int], ...]


def rule_sets_of(inputs: RatingInputs) -> RuleSets:
    """Gather the distinct rule sets of ``inputs``, in order of first use by ascending customer id."""
    books = {choice.customer_id: _rules_of_one_markup(inputs, choice) for choice in inputs.account_books}
    numbers: dict[RuleSet, int] = {}
    by_customer = []
    for terms in sorted(inputs.terms, key=lambda terms: terms.customer_id):
        number = NOT_BILLED_RULE_SET
        if terms.billing_enabled:
            rule_set = _rule_set(terms, books.get(terms.customer_id, ()))
            number = numbers.setdefault(rule_set, len(numbers) + 1)
        by_customer.append((terms.customer_id, number))
    return RuleSets(tuple(numbers), tuple(by_customer))


def _rules_of_one_markup(inputs: RatingInputs, choice: AccountBook) -> tuple[PriceRule, ...]:
    """The rules of a book over everything. Never price by half of what is recorded: other books are not rated yet."""
    book = next(book for book in inputs.books if book.price_book_id == choice.price_book_id)
    rules = tuple(book.book.rules)
    everything = PriceBook((RuleGroup(tuple(replace(rule, products=(EVERYTHING,), regions=()) for rule in rules[:1])),))
    if choice.account_key is not None or book.book != everything or rules[0].adjustment.factor is None:
        raise ProgramError("price_book_not_rated", f"No run prices by the rules of price book {book.name!r} yet.")
    return rules


def _rule_set(terms: CustomerTerms, rules: tuple[PriceRule, ...]) -> RuleSet:
    return RuleSet(terms.basis, terms.commitments, increase_factor(terms.fallback_markup_percent), rules)


def cost_base_factor(rule_set: RuleSet, rule: PriceRule) -> Decimal:
    """The factor of ``rule`` where the base is a cost rather than retail.

    On basis ``list`` a discount is off retail, so a cost is taken × the fallback markup instead.
    """
    if rule_set.basis is Basis.LIST and rule.adjustment.is_discount:
        return rule_set.fallback_factor
    return rule_factor(rule)


def rule_factor(rule: PriceRule) -> Decimal:
    """The factor of a rule by percent."""
    factor = rule.adjustment.factor
    if factor is None:
        raise AssertionError("only rules by percent are rated")
    return factor
