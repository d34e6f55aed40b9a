"""Billing rules that act on the price of charges, resolved into small tables that a plan joins.

A *line rule set* is what the rules of a month do to a customer's charges, or to those of one of its agreements: shares
of the price that are spread over them, and the price of AWS Support. Customers on whom the same rules act share one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rebill.model.billing_rule import RuleAction, RuleCloud, RuleInForce, RuleType, rule_cloud_of
from rebill.model.identifiers import AgreementId, fold
from rebill.model.money import discount_factor, text_of
from rebill.model.rating import RatingInputs
from rebill.rating.customer_rules import CustomerRules, rules_by_customer
from rebill.rating.tables import FACTOR_TYPE, InputTable

NO_LINE_RULES: Final = 0
"""The line rule set of charges on which no rule acts."""
KEPT_PRICE, NO_PRICE, LIST_PRICE = range(3)
"""What a support rule prices AWS Support from (``line_rules.support_source``): as it is, at 0, at its list cost."""
_FREE: Final = (RuleAction.SUPPRESS_CHARGE, RuleAction.FLAT_FEE, RuleAction.CUSTOM_TIER)
_AT_LIST: Final = (RuleAction.LIST_PRICE, RuleAction.PERCENTAGE_DISCOUNT)
_SUPPORT_NAMES: Final = (
    "aws support",
    "awssupport",
    "aws premium support",
    "aws developer support",
    "aws business support",
    "aws enterprise support",
    "aws enterprise on-ramp",
    "awsdevelopersupport",
    "awsbusinesssupport",
    "awsenterprisesupport",
    "ocbpremiumsupport",
)
"""How the names of AWS Support services begin, folded."""


@dataclass(frozen=True)
class LineRuleSet:
    """Rules whose shares are ``spread`` over charges, and the one that prices AWS Support."""

    spread: tuple[RuleInForce, ...]
    support: RuleInForce | None


@dataclass(frozen=True)
class LineRules:
    """The line rule sets of a month (``numbered`` from 1), and whose they are.

    ``customers``: (customer id, agreement, rules month, number); without an agreement: of all charges that no other row
    is for. The rules month is that of refunds of its charges; without one: of all others.
    """

    numbered: tuple[LineRuleSet, ...]
    customers: tuple[tuple[int, AgreementId | None, str | None, int], ...]

    @property
    def most_spread(self) -> int:
        """How many shares are spread over one charge at most."""
        return max((len(one.spread) for one in self.numbered), default=0)


def line_rules_of(inputs: RatingInputs) -> LineRules:
    """Gather the distinct line rule sets of ``inputs``, in order of first use by ascending customer id."""
    numbers: dict[LineRuleSet, int] = {}
    customers = []
    for rules_month, found in _rules_by_month(inputs):
        for agreement in (None, *found.by_agreement):
            rule_set = line_rule_set(found, agreement)
            if rule_set.spread or rule_set.support is not None:
                number = numbers.setdefault(rule_set, len(numbers) + 1)
                customers.append((found.customer_id, agreement, rules_month, number))
    return LineRules(tuple(numbers), tuple(customers))


def _rules_by_month(inputs: RatingInputs) -> Iterator[tuple[str | None, CustomerRules]]:
    """What acts on whose charges, and on refunds of charges of which month."""
    standing = rules_by_customer(inputs)
    yield from ((None, found) for found in standing)
    billed = {terms.customer_id for terms in inputs.terms if terms.billing_enabled}
    for rules in inputs.refund_rules:
        month = str(rules.month)
        billed_then = billed & {terms.customer_id for terms in rules.terms if terms.billing_enabled}
        for found in standing:
            if found.customer_id not in billed_then:
                yield month, found
        if billed_then:
            as_then = inputs.pricing(min(billed_then), month)
            yield from ((month, found) for found in rules_by_customer(as_then) if found.customer_id in billed_then)


def line_rule_set(found: CustomerRules, agreement: AgreementId | None) -> LineRuleSet:
    """What rules do to the charges of a customer, or to those of one of its agreements."""
    rules = (*found.for_all, *(() if agreement is None else found.by_agreement[agreement]))
    spread = sorted((one for one in rules if one.rule.is_spread), key=lambda one: one.billing_rule_id)
    return LineRuleSet(tuple(spread), _support_rule(found.for_all))


def _support_rule(rules: Sequence[RuleInForce]) -> RuleInForce | None:
    """The rule that prices AWS Support: one that makes it free before one that prices it, then the lowest id."""
    support = [one for one in rules if one.rule.rule_type is RuleType.SUPPORT]
    return next((one for actions in (_FREE, _AT_LIST) for one in support if one.rule.action in actions), None)


def line_rule_tables(rules: LineRules) -> tuple[InputTable, ...]:
    """The tables ``line_rules`` and ``customer_line_rules`` of a month."""
    shares = range(1, rules.most_spread + 1)
    columns = [("line_rule_set", "INTEGER"), ("support_rule", "BIGINT"), ("support_source", "INTEGER")]
    columns.append(("support_factor", FACTOR_TYPE))
    columns += [column for place in shares for column in ((f"rule_{place}", "BIGINT"), (f"share_{place}", FACTOR_TYPE))]
    rows = [
        (str(number), *_support_effect(one.support), *_spread_effects(one.spread, rules.most_spread))
        for number, one in enumerate(rules.numbered, 1)
    ]
    holders = [
        (str(customer_id), None if agreement is None else str(agreement), rules_month, str(number))
        for customer_id, agreement, rules_month, number in rules.customers
    ]
    holder_columns = (
        ("customer_id", "BIGINT"),
        ("agreement", "STRING"),
        ("rules_month", "STRING"),
        ("line_rule_set", "INTEGER"),
    )
    return (
        InputTable("line_rules", tuple(columns), rows),
        InputTable("customer_line_rules", holder_columns, holders),
    )


def _support_effect(kept: RuleInForce | None) -> tuple[str | None, ...]:
    """(rule id, source, factor) of the rule that prices AWS Support, as text."""
    if kept is None:
        return None, str(KEPT_PRICE), None
    if kept.rule.action in _FREE:
        return str(kept.billing_rule_id), str(NO_PRICE), None
    discount = kept.rule.terms.percent
    factor = "1" if discount is None else text_of(discount_factor(discount))
    return str(kept.billing_rule_id), str(LIST_PRICE), factor


def _spread_effects(spread: Sequence[RuleInForce], places: int) -> Iterable[str | None]:
    """(rule id, share) of each rule, as text, and nothing in the places that are left."""
    effects = [text for one in spread for text in (str(one.billing_rule_id), text_of(one.rule.share))]
    return (*effects, *[None] * (2 * (places - len(spread))))


def product_rule_table(products: Iterable[Mapping[str, Any]]) -> InputTable:
    """The table ``product_rules``: what billing rules may do to a product, of the products to which any may.

    ``spread_over``: its charges bear shares of Azure's spend. ``support``: it is AWS Support; ``support_listed``: that,
    and a charge that can have a list price.
    """
    rows = [
        (str(product["product_number"]), *map(str, flags))
        for product in products
        if any(flags := rule_flags(product["provider"], product["service"], product["charge_category"]))
    ]
    names = ("spread_over", "support", "support_listed")
    columns = (("product_number", "INTEGER"), *((name, "BOOLEAN") for name in names))
    return InputTable("product_rules", columns, rows)


def rule_flags(provider: str | None, service: str | None, category: str) -> tuple[bool, bool, bool]:
    """The columns of ``product_rules`` beside the number."""
    charged = category in ("Usage", "Purchase")
    cloud = rule_cloud_of(provider)
    support = cloud is RuleCloud.AWS and is_aws_support(service)
    return charged and cloud is RuleCloud.AZURE, support, charged and support


def is_aws_support(service: str | None) -> bool:
    """Whether a service of AWS is one of AWS Support's plans."""
    return service is not None and fold(service.strip()).startswith(_SUPPORT_NAMES)
