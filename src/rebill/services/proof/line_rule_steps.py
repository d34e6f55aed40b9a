"""What billing rules make of the price of a charge, as steps: shares that are spread over it, the price of support."""

from decimal import Decimal
from typing import Any

from rebill.model.billing_rule import RuleAction, RuleInForce
from rebill.model.derivation import Operand, Operation, Step, added, multiplied, taken
from rebill.model.identifiers import fold
from rebill.model.money import ZERO, discount_factor, text_of, without_spare_zeros
from rebill.model.rating import RatingInputs
from rebill.rating.customer_rules import rules_by_customer
from rebill.rating.line_rules import LineRuleSet, line_rule_set, rule_flags


class LineRuleSteps:
    """The billing rules of a run that act on one customer's charges."""

    def __init__(self, inputs: RatingInputs, customer_id: int) -> None:
        found = next((one for one in rules_by_customer(inputs) if one.customer_id == customer_id), None)
        self._for_all = LineRuleSet((), None) if found is None else line_rule_set(found, None)
        named = {} if found is None else {str(number): number for number in found.by_agreement}
        self._of_agreement = (
            {} if found is None else {text: line_rule_set(found, number) for text, number in named.items()}
        )

    def _rules(self, billing_account: str | None) -> LineRuleSet:
        agreement = "" if billing_account is None else fold(billing_account.strip(" ")).rpartition("/")[2]
        return self._of_agreement.get(agreement, self._for_all)

    def shares(
        self, provider: str | None, service: str | None, category: str, billing_account: str | None
    ) -> tuple[RuleInForce, ...]:
        """The rules whose shares are spread over such a charge."""
        is_spread_over = rule_flags(provider, service, category)[0]
        return self._rules(billing_account).spread if is_spread_over else ()

    def support_steps(self, list_cost: Decimal | None, billing_account: str | None) -> tuple[Step, ...]:
        """How the rule that decides over AWS Support prices a charge of it."""
        one = self._rules(billing_account).support
        if one is None:
            raise AssertionError("a charge that a support rule prices has one")
        percent = one.rule.terms.percent
        rule = Step("rule", f"{_named(one)} decides over AWS Support: {one.rule.action.value}.", facts=_facts(one))
        if one.rule.action not in (RuleAction.LIST_PRICE, RuleAction.PERCENTAGE_DISCOUNT):
            base = taken("base", "Nothing is charged for it by itself.", ZERO, base_kind="support_rule")
            return base, rule, Step("price", "The price.", Operation.TAKE, (base.operand,))
        if list_cost is None:
            raise AssertionError("a charge without a list cost keeps its price")
        base = taken("base", "The base is ListCost.", list_cost, base_kind="support_rule")
        factor = taken("factor", _off(percent), Decimal(1) if percent is None else discount_factor(percent))
        sentence = "The price, rounded half away from zero to 12 decimals."
        return base, rule, factor, multiplied("price", sentence, base.operand, factor.operand)


def with_shares(price: Step, shares: tuple[RuleInForce, ...]) -> tuple[Step, ...]:
    """The price that the book gave, and the share of each rule of it: they add up and never compound."""
    if not shares:
        return (price,)
    spread = [
        multiplied(
            f"share of rule {one.billing_rule_id}",
            f"{_named(one)} spreads {_percent(one)} over every charge, as its own rounded product.",
            price.operand,
            Operand("share", one.rule.share),
        )
        for one in shares
    ]
    operands = [price.operand, *(step.operand for step in spread)]
    return (price, *spread, added("price", "The price with the shares of all rules.", operands))


def _off(percent: Decimal | None) -> str:
    return "At list." if percent is None else f"The factor of {text_of(without_spare_zeros(percent))} % off."


def _percent(one: RuleInForce) -> str:
    percent = text_of(without_spare_zeros(one.rule.terms.percent or ZERO))
    return f"{one.rule.terms.sign.value} {percent} %"


def _named(one: RuleInForce) -> str:
    return f"Billing rule {one.billing_rule_id} {one.rule.name!r}"


def _facts(one: RuleInForce) -> dict[str, Any]:
    return {"billing_rule_id": one.billing_rule_id, "rule": one.rule.name, "action": one.rule.action.value}
