"""Billing rules by chance, made, changed and deleted."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from rebill.model.billing_rule import (
    BillingRuleOrder,
    CustomersChange,
    PricingInfo,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleSign,
    RuleType,
)
from rebill.model.months import BillingMonth
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.delete_billing_rule import delete_billing_rule
from rebill.services.pricing.update_billing_rule import update_billing_rule
from tests.random_lives.charges import random_amount
from tests.services.accountant import Accountant

_ACTIONS = (RuleAction.FLAT_FEE, RuleAction.SPEND_RATIO, RuleAction.SPEND_RATIO, RuleAction.CUSTOM_TIER)


class RandomRules:
    """The partner's billing rules, by id."""

    def __init__(self, accountant: Accountant, chance: Random) -> None:
        self.accountant = accountant
        self.chance = chance
        self.actions: dict[int, RuleAction] = {}
        self.made = 0

    @property
    def acts(self) -> list[Callable[[BillingMonth], None]]:
        """What can be done to rules."""
        return [self.make_rule, self.make_rule, self.change_rule, self.delete_rule]

    def make_rule(self, month: BillingMonth) -> None:
        """A fee, a share or tiers, for all or for one, from a month on or in it alone."""
        action = self.chance.choice(_ACTIONS)
        cloud = RuleCloud.AWS if action is RuleAction.CUSTOM_TIER else self.chance.choice([*RuleCloud])
        ids = tuple(one.customer_id for one in self.accountant.customers.values())
        everyone = self.chance.random() < 0.5
        who = CustomersChange(everyone=everyone, customer_ids=() if everyone else (self.chance.choice(ids),))
        self.made += 1
        order = BillingRuleOrder(
            name=f"Rule {self.made}",
            cloud=cloud,
            billing_rule_type=RuleType.SUPPORT if action is RuleAction.CUSTOM_TIER else RuleType.CUSTOM,
            rule_action=action,
            start_month=month,
            frequency=self.chance.choice([*RuleFrequency]),
            type=None if action is RuleAction.CUSTOM_TIER else self.chance.choice([*RuleSign]),
            product_name="Product",
            product_description="Description",
            add_csp_customers=who if cloud is RuleCloud.AZURE else CustomersChange(),
            add_target_customers=who if cloud is RuleCloud.AWS else CustomersChange(),
            **self._amounts(action, cloud),
        )
        kept = create_billing_rule(self.accountant.installation, self.accountant.caller, order)
        self.actions[kept.billing_rule_id] = action

    def change_rule(self, _: BillingMonth) -> None:
        """Another fee or percent."""
        if self.actions:
            rule_id = self.chance.choice([*self.actions])
            order = BillingRuleOrder(**self._amounts(self.actions[rule_id], None))
            update_billing_rule(self.accountant.installation, self.accountant.caller, rule_id, order)

    def delete_rule(self, _: BillingMonth) -> None:
        """One rule less."""
        if self.actions:
            rule_id = self.chance.choice([*self.actions])
            delete_billing_rule(self.accountant.installation, self.accountant.caller, rule_id)
            del self.actions[rule_id]

    def _amounts(self, action: RuleAction, cloud: RuleCloud | None) -> dict[str, Any]:
        if action is RuleAction.FLAT_FEE:
            return {"apply_flat_fee_cost": abs(random_amount(self.chance))}
        percents = [Decimal(self.chance.randint(0, 400000)).scaleb(-4) for _ in range(2)]
        if action is RuleAction.CUSTOM_TIER:
            least, bounds = abs(random_amount(self.chance)), (Decimal(0), Decimal("7.5"))
            return {"pricing_info": PricingInfo(least, bounds, (percents[0], percents[1]))}
        spread = {"add_spend_ratio_as_custom_line_item": self.chance.random() < 0.5}
        return {"apply_rate_in_percentage": percents[0], **(spread if cloud is RuleCloud.AZURE else {})}
