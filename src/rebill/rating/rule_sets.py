"""What prices the lines of an account from day to day, with everything that is priced alike under one number.

A *rule set* is a customer's terms with the rules of a book that are in force. Customers and days that share one
share its prices. Rule sets whose rules ask the same of lines, and differ only in what they do, share a *matcher*: which
rule matches first is found once for all of them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from rebill.model.money import increase_factor
from rebill.model.price_book import PriceRule, RecordedBook
from rebill.model.rating import RatingInputs
from rebill.model.terms import NO_GUARDS, Basis, CommitmentsPolicy, CustomerTerms, Guards

NOT_BILLED_RULE_SET: Final = 0
"""The rule set of accounts nobody is billed for."""
NO_RULES: Final = 0
"""The matcher of rule sets without rules."""
FIRST_DAY: Final = date(1, 1, 1)
LAST_DAY: Final = date(9999, 12, 31)
_COMPARED_RULES: Final = 200
"""Longer lists of rules are not compared with others: they hardly ever ask the same."""


@dataclass(frozen=True)
class RuleSet:
    """The terms and rules that price a line, without the name of any customer. ``matcher``: by number, from 1."""

    basis: Basis
    commitments: CommitmentsPolicy
    fallback_factor: Decimal
    matcher: int
    rules: tuple[PriceRule, ...]
    guards: Guards = NO_GUARDS


@dataclass(frozen=True)
class AccountRules:
    """A rule set in force for an account of a customer on charge days from ``first_day`` up to ``until_day``.

    ``account_key``: as accounts are compared; ``None`` = all that have no book of their own. The spans of an
    account cover all days once. ``rules_month``: of refunds of charges of that month; ``None`` = of all others.
    """

    customer_id: int
    account_key: str | None
    first_day: date
    until_day: date
    rule_set: int
    rules_month: str | None = None


@dataclass(frozen=True)
class RuleSets:
    """The rule sets (``numbered`` from 1) and matchers (the rules of each, from 1) of a month, and their accounts."""

    numbered: tuple[RuleSet, ...]
    matchers: tuple[tuple[PriceRule, ...], ...]
    accounts: tuple[AccountRules, ...]

    @property
    def has_guards(self) -> bool:
        """Whether any price is held within bounds."""
        return any(rule_set.guards.any for rule_set in self.numbered)

    @property
    def names_accounts(self) -> bool:
        """Whether any account has a book of its own."""
        return any(account.account_key is not None for account in self.accounts)


def rule_sets_of(inputs: RatingInputs) -> RuleSets:
    """Gather the distinct rule sets of ``inputs``, in order of first use by ascending customer id."""
    gathered = _Gathered()
    for rules_month in (None, *(str(rules.month) for rules in inputs.refund_rules)):
        for terms in sorted(inputs.terms, key=lambda terms: terms.customer_id):
            if terms.billing_enabled:
                gathered.add(terms.customer_id, inputs.pricing(terms.customer_id, rules_month), rules_month)
    return RuleSets(tuple(gathered.rule_sets), tuple(gathered.matchers), tuple(gathered.accounts))


@dataclass(frozen=True)
class _DatedRules:
    """Rules in force on days, with a key that tells whether they are the same as others."""

    first_day: date
    until_day: date
    key: Hashable
    rules: tuple[PriceRule, ...]


class _Month:
    """The terms and the dated rules of a month's customers, by customer id."""

    def __init__(self, inputs: RatingInputs) -> None:
        self.terms = {terms.customer_id: terms for terms in inputs.terms}
        books = {book.price_book_id: _dated_rules(book) for book in inputs.books}
        self.books: dict[int, dict[str | None, tuple[_DatedRules, ...]]] = defaultdict(dict)
        for choice in inputs.account_books:
            self.books[choice.customer_id][choice.account_key] = books[choice.price_book_id]


class _Gathered:
    def __init__(self) -> None:
        self.rule_sets: list[RuleSet] = []
        self.matchers: list[tuple[PriceRule, ...]] = []
        self.accounts: list[AccountRules] = []
        self._numbers: dict[Hashable, int] = {}
        self._matcher_numbers: dict[Hashable, int] = {}
        self._known: dict[int, _Month] = {}

    def add(self, customer_id: int, inputs: RatingInputs, rules_month: str | None) -> None:
        """Number what prices the accounts of a customer, or its refunds of charges of a month."""
        month = self._month(inputs)
        terms = month.terms[customer_id]
        books = {None: _NO_BOOK, **month.books.get(customer_id, {})}
        for account_key in sorted(books, key=lambda key: (key is not None, key or "")):
            for dated in books[account_key]:
                number = self._number(terms, dated)
                days = (dated.first_day, dated.until_day)
                self.accounts.append(AccountRules(customer_id, account_key, *days, number, rules_month))

    def _month(self, inputs: RatingInputs) -> "_Month":
        # All customers of a month share its terms: they are looked through once.
        key = id(inputs.terms)
        if key not in self._known:
            self._known[key] = _Month(inputs)
        return self._known[key]

    def _number(self, terms: CustomerTerms, dated: _DatedRules) -> int:
        key = (terms.basis, terms.commitments, terms.fallback_markup_percent.normalize(), terms.guards, dated.key)
        if key not in self._numbers:
            factor = increase_factor(terms.fallback_markup_percent)
            matcher = self._matcher(dated)
            self.rule_sets.append(RuleSet(terms.basis, terms.commitments, factor, matcher, dated.rules, terms.guards))
            self._numbers[key] = len(self.rule_sets)
        return self._numbers[key]

    def _matcher(self, dated: _DatedRules) -> int:
        if not dated.rules:
            return NO_RULES
        key = dated.key if len(dated.rules) > _COMPARED_RULES else _asked(dated.rules)
        if key not in self._matcher_numbers:
            self.matchers.append(dated.rules)
            self._matcher_numbers[key] = len(self.matchers)
        return self._matcher_numbers[key]


_NO_BOOK: Final = (_DatedRules(FIRST_DAY, LAST_DAY, None, ()),)


def _dated_rules(recorded: RecordedBook) -> tuple[_DatedRules, ...]:
    """The rules of a book from day to day, over all days."""
    groups = recorded.book.groups
    edges = sorted(
        {FIRST_DAY, *(edge for group in groups if group.enabled for edge in _edges(group.start_day, group.end_day))}
    )
    found: list[_DatedRules] = []
    for first_day, until_day in zip(edges, [*edges[1:], LAST_DAY], strict=True):
        active = tuple(number for number, group in enumerate(groups) if group.is_in_force(first_day))
        rules = tuple(rule for number in active for rule in groups[number].rules)
        key = (recorded.specification.sha256, active) if rules else None
        found.append(_DatedRules(first_day, until_day, key, rules))
    return tuple(found)


def _edges(start_day: date | None, end_day: date | None) -> Iterable[date]:
    if start_day is not None:
        yield start_day
    if end_day is not None:
        yield end_day + timedelta(days=1)


def _asked(rules: Sequence[PriceRule]) -> Hashable:
    """What rules ask of lines, without what they do. A fixed rate asks for its currency and unit."""
    return tuple(
        (
            rule.position,
            rule.products,
            rule.regions,
            rule.adjustment.factor is None,
            rule.adjustment.currency,
            rule.adjustment.unit,
        )
        for rule in rules
    )


def cost_base_factor(rule_set: RuleSet, rule: PriceRule) -> Decimal | None:
    """The factor of ``rule`` where the base of usage or a purchase is a cost rather than retail.

    On basis ``list`` a discount is off retail, so a cost is taken × the fallback markup instead.
    ``None`` for a fixed rate.
    """
    if rule_set.basis is Basis.LIST and rule.adjustment.is_discount:
        return rule_set.fallback_factor
    return rule.adjustment.factor
