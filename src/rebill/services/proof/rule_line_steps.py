"""The lines that no charges make, as steps: fees, shares of spend, tiers, manual entries (``docs/rating.md``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.billing_rule import RuleAction, RuleCloud, RuleInForce, RuleScope, TierPricing, rule_cloud_of
from rebill.model.derivation import Operand, Operation, Step, added, multiplied, taken
from rebill.model.money import ZERO, share_of, text_of, without_spare_zeros
from rebill.model.rating import CustomerLines, RatingInputs
from rebill.model.statement import LineKey, LineKind, PricedLine
from rebill.rating.customer_rules import rules_by_customer
from rebill.rating.explained import exact_by_line, spend_by_agreement
from rebill.rating.manual_lines import with_entries
from rebill.rating.statement_rules import with_rule_lines
from rebill.services.proof.charge_steps import not_derived


@dataclass(frozen=True)
class ChargedMonth:
    """What a customer's charges of a month come to, before billing rules add any line.

    ``lines``: of each currency. ``agreements``: currency and agreement → Azure's charges under it.
    """

    lines: Mapping[str, tuple[PricedLine, ...]]
    agreements: Mapping[tuple[str, str], Decimal]


def charged_month(engine: DuckDBEngine | None, customer_id: int) -> ChargedMonth:
    """Read it from the files of a run; ``None``: the run had no cost."""
    lines: dict[str, list[PricedLine]] = {}
    agreements: dict[tuple[str, str], Decimal] = {}
    rows = [] if engine is None else engine.rows(exact_by_line(customer_id))
    for currency, provider, subscription, service, category, exact in rows:
        line = PricedLine(provider, subscription, service, category, None, None, exact, 0)
        lines.setdefault(currency, []).append(line)
    for currency, provider, agreement, price in [] if engine is None else engine.rows(spend_by_agreement(customer_id)):
        if rule_cloud_of(provider) is RuleCloud.AZURE:
            agreements[currency, agreement] = agreements.get((currency, agreement), ZERO) + price
    return ChargedMonth({currency: tuple(found) for currency, found in lines.items()}, agreements)


def exact_now(inputs: RatingInputs, customer_id: int, currency: str, charged: ChargedMonth) -> dict[LineKey, Decimal]:
    """The exact amount of every line of a customer's statement, those that rules add among them."""
    only = replace(inputs, terms=tuple(terms for terms in inputs.terms if terms.customer_id == customer_id))
    found = [CustomerLines(customer_id, each, lines) for each, lines in charged.lines.items()]
    spend = {(customer_id, *key): price for key, price in charged.agreements.items()}
    priced = with_entries(with_rule_lines(only, found, spend), only)
    return {line.key: line.exact_amount for one in priced if one.currency == currency for line in one.lines}


def rule_line_steps(
    inputs: RatingInputs, customer_id: int, currency: str, line: PricedLine, charged: ChargedMonth
) -> tuple[Step, ...]:
    """The derivation of a line that no charges make; its last step bears the name of the line's kind.

    A note may take back a line that its month has no more: withdrawn since, or of an account without charges by now.
    """
    if line.key not in exact_now(inputs, customer_id, currency, charged):
        return (taken(line.kind.value, "The month has no such line any more.", ZERO),)
    if line.kind is LineKind.MANUAL:
        return _entry_steps(inputs, line)
    one = next((rule for rule in inputs.billing_rules if rule.billing_rule_id == line.reference), None)
    if one is None:
        raise not_derived(f"the run knows no billing rule {line.reference}")
    terms, last = one.rule.terms, line.kind.value
    told = Step(
        "rule",
        f"Billing rule {one.billing_rule_id} {one.rule.name!r}: {one.rule.action.value}, {terms.sign.value}.",
        facts={"billing_rule_id": one.billing_rule_id, "rule": one.rule.name, "action": one.rule.action.value},
    )
    if terms.fee is not None:
        return told, taken(last, "The fee, once.", one.rule.signed(terms.fee))
    spend = _spend(inputs, customer_id, currency, one, line, charged)
    if terms.tier_pricing is not None:
        falls_here = (
            currency == (terms.currency or inputs.home_currency_of(customer_id)) and customer_id not in inputs.departed
        )
        return told, spend, *_tiers(terms.tier_pricing, spend, falls_here, last)
    share = taken("share", f"{text_of(without_spare_zeros(terms.percent or ZERO))} % of it.", one.rule.share)
    sentence = "The share of the spend, rounded to 12 decimals."
    return told, spend, share, multiplied(last, sentence, spend.operand, share.operand)


def _entry_steps(inputs: RatingInputs, line: PricedLine) -> tuple[Step, ...]:
    one = next((entry for entry in inputs.manual_lines if entry.entry_number == line.reference), None)
    if one is None:
        raise not_derived(f"the run knows no manual line {line.reference}")
    invoice = f" It belongs to Microsoft's invoice {one.entered.invoice_id}." if one.entered.invoice_id else ""
    facts = {"manual_line_id": one.manual_line_id, "entry_number": one.entry_number}
    told = Step("entry", f"Entry {one.entry_number}: {one.entered.reason}.{invoice}", facts=facts)
    return told, taken(line.kind.value, "The amount that was entered.", one.entered.amount)


def _spend(
    inputs: RatingInputs,
    customer_id: int,
    currency: str,
    one: RuleInForce,
    line: PricedLine,
    charged: ChargedMonth,
) -> Step:
    rules = next((found for found in rules_by_customer(inputs) if found.customer_id == customer_id), None)
    agreements = () if rules is None else rules.agreements_of(one.billing_rule_id)
    if agreements:
        keys = [(currency, str(agreement)) for agreement in agreements]
        operands = [
            Operand(f"agreement {key[1]}", charged.agreements[key]) for key in keys if key in charged.agreements
        ]
        return added("spend", "The charges under the rule's agreements.", operands)
    by_account = one.rule.action is RuleAction.CUSTOM_TIER and one.rule.terms.scope is RuleScope.PER_ACCOUNT
    acted_on = [
        found
        for found in charged.lines.get(currency, ())
        if rule_cloud_of(found.provider) is one.rule.cloud
        and (not by_account or found.subscription == line.subscription)
    ]
    of_account = f" of account {line.subscription}" if by_account else ""
    operands = [Operand(found.key.told, found.exact_amount) for found in acted_on]
    return added(
        "spend", f"The exact amounts of the statement's charges of {one.rule.cloud.value}{of_account}.", operands
    )


def _tiers(pricing: TierPricing, spend: Step, falls_here: bool, last: str) -> Sequence[Step]:
    steps: list[Step] = []
    shares: list[Operand] = []
    bounds: list[Decimal | None] = [*(tier.from_spend for tier in pricing.tiers[1:]), None]
    for number, (tier, until) in enumerate(zip(pricing.tiers, bounds, strict=True), 1):
        if spend.amount <= tier.from_spend:
            break
        bound = Operand(f"bound of tier {number}", tier.from_spend)
        reached = spend.operand
        if until is not None:
            ends = (spend.operand, Operand(f"bound of tier {number + 1}", until))
            steps.append(Step(f"end of tier {number}", "The lesser of both.", Operation.LESSER, ends))
            reached = steps[-1].operand
        part = Step(f"part in tier {number}", "The spend in the tier.", Operation.SUBTRACT, (reached, bound))
        percent = text_of(without_spare_zeros(tier.percent))
        rate = Operand(f"rate of tier {number}", share_of(tier.percent))
        share = multiplied(f"share of tier {number}", f"{percent} % of it, rounded by itself.", part.operand, rate)
        steps += [part, share]
        shares.append(share.operand)
    graduated = added("graduated sum", "The shares of all tiers.", shares)
    minimum = Operand("minimum fee", pricing.minimum_fee if falls_here else ZERO)
    sentence = "The greater of the graduated sum and the minimum fee, which falls once, in the fee's currency."
    return [*steps, graduated, Step(last, sentence, Operation.GREATER, (graduated.operand, minimum))]
