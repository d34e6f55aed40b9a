"""Which billing rules of a month act on which customer."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from rebill.model.billing_rule import RuleInForce
from rebill.model.identifiers import AgreementId
from rebill.model.rating import RatingInputs


@dataclass(frozen=True)
class CustomerRules:
    """The rules that act on a billed customer, in order of their ids.

    ``for_all``: on all that it has. ``by_agreement``: beside those, on the charges of one agreement alone.
    """

    customer_id: int
    for_all: tuple[RuleInForce, ...]
    by_agreement: Mapping[AgreementId, tuple[RuleInForce, ...]]

    def agreements_of(self, rule_id: int) -> tuple[AgreementId, ...]:
        """The agreements on whose charges alone a rule acts."""
        named = self.by_agreement.items()
        return tuple(agreement for agreement, rules in named if any(one.billing_rule_id == rule_id for one in rules))


def rules_by_customer(inputs: RatingInputs) -> list[CustomerRules]:
    """The billed customers on whom any rule acts, in order of their ids."""
    everyone: list[RuleInForce] = []
    named: dict[int, list[RuleInForce]] = defaultdict(list)
    agreed: dict[int, dict[AgreementId, list[RuleInForce]]] = defaultdict(lambda: defaultdict(list))
    for one in sorted(inputs.billing_rules, key=_rule_id):
        terms = one.rule.terms
        if one.rule.is_for_everyone:
            everyone.append(one)
            continue
        holders = one.rule.customers.customer_ids
        for customer_id in holders:
            named[customer_id].append(one)
        for customer_id, agreements in terms.enterprise_agreements:
            for agreement in agreements if customer_id not in holders else ():
                agreed[customer_id][agreement].append(one)
    billed = sorted(terms.customer_id for terms in inputs.terms if terms.billing_enabled)
    return [
        CustomerRules(
            customer_id,
            tuple(sorted((*everyone, *named.get(customer_id, ())), key=_rule_id)),
            {
                agreement: tuple(rules)
                for agreement, rules in sorted(agreed.get(customer_id, {}).items(), key=_numbers_first)
            },
        )
        for customer_id in billed
        if everyone or customer_id in named or customer_id in agreed
    ]


def names_agreements(inputs: RatingInputs) -> bool:
    """Whether any rule is for some agreements, so that charges of one customer are told apart by them."""
    of_refunds = (one for rules in inputs.refund_rules for one in rules.billing_rules)
    return any(one.rule.terms.enterprise_agreements for one in (*inputs.billing_rules, *of_refunds))


def _rule_id(one: RuleInForce) -> int:
    return one.billing_rule_id


def _numbers_first(named: tuple[AgreementId, object]) -> tuple[bool, int, str]:
    agreement = named[0]
    return (False, agreement, "") if isinstance(agreement, int) else (True, 0, agreement)
