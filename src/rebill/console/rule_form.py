"""The form of a billing rule: what it asks for as an order, and a kept rule as it stands in the form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from rebill.console.visit import Fields, Visit
from rebill.model.billing_rule import (
    BillingRule,
    BillingRuleOrder,
    ChosenCustomers,
    CustomersChange,
    PricingInfo,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleScope,
    RuleSign,
    RuleType,
    SupportTier,
)
from rebill.model.errors import Invalid
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH, AgreementId, agreement_id
from rebill.model.money import parse_decimal, text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.services.parties.find_customers import customer_meant

Word = TypeVar("Word", RuleCloud, RuleType, RuleAction, RuleScope, SupportTier, RuleFrequency, RuleSign)
Agreements = tuple[tuple[int, tuple[AgreementId, ...]], ...]
_FIELDS: Final = {
    "billing_rule_type": "rule_type",
    "rule_action": "action",
    "rule_scope": "scope",
    "type": "sign",
    "apply_flat_fee_cost": "fee",
    "flat_fee_cost": "fee",
    "apply_rate_in_percentage": "percent",
    "charge_percentage_discount": "percent",
    "pricing_info": "tiers",
    "add_spend_ratio_as_custom_line_item": "as_line",
    "add_csp_customers": "customers",
    "remove_csp_customers": "customers",
    "add_target_customers": "customers",
    "remove_target_customers": "customers",
    "add_enterprise_agreements": "agreements",
    "remove_enterprise_agreements": "agreements",
}
"""The form's names of what the API calls otherwise."""


def form_faults(fields: Mapping[str, str]) -> dict[str, str]:
    """Faults by the form's names; of several in one place the first is told."""
    faults: dict[str, str] = {}
    for path, fault in fields.items():
        name = path.split(".", 1)[0].split("[", 1)[0]
        faults.setdefault(_FIELDS.get(name, name), fault)
    return faults


def order_of(visit: Visit, kept: BillingRule | None) -> tuple[BillingRuleOrder, dict[str, str]]:
    """What the form asks for, and what of it cannot be read. ``kept``: the rule that it changes."""
    return _Reading(visit, kept).order()


class _Reading:
    """Reads a form; whatever cannot be read is kept as a fault, and everything else is read all the same."""

    def __init__(self, visit: Visit, kept: BillingRule | None) -> None:
        self._visit = visit
        self._form: Fields = visit.form
        self._kept = kept
        self._faults: dict[str, str] = {}

    def order(self) -> tuple[BillingRuleOrder, dict[str, str]]:
        form, kept = self._form, self._kept
        cloud = kept.cloud if kept else self._word("cloud", RuleCloud)
        rule_type = kept.rule_type if kept else self._word("rule_type", RuleType)
        action = kept.action if kept else self._word("action", RuleAction)
        fee, percent = self._number("fee"), self._number("percent")
        is_custom, is_discount = rule_type is RuleType.CUSTOM, action is RuleAction.PERCENTAGE_DISCOUNT
        is_azure = cloud is not RuleCloud.AWS
        added, removed = self._customers()
        added_agreements, removed_agreements = self._agreements()
        nobody = CustomersChange()
        order = BillingRuleOrder(
            name=form.text("name"),
            cloud=None if kept else cloud,
            billing_rule_type=None if kept else rule_type,
            rule_action=None if kept else action,
            rule_scope=self._word("scope", RuleScope),
            support_tier=self._word("support_tier", SupportTier),
            flat_fee_cost=None if is_custom else fee,
            apply_flat_fee_cost=fee if is_custom else None,
            charge_percentage_discount=percent if is_discount else None,
            apply_rate_in_percentage=None if is_discount else percent,
            pricing_info=self._tiers(),
            start_month=self._month("start_month"),
            end_month=self._month("end_month"),
            without_end=not form.has("end_month"),
            frequency=self._word("frequency", RuleFrequency),
            product_name=form.text("product_name"),
            product_description=form.text("product_description"),
            type=self._word("sign", RuleSign),
            add_spend_ratio_as_custom_line_item=form.has("as_line"),
            currency=form.text("currency").upper(),
            add_csp_customers=added if is_azure else nobody,
            remove_csp_customers=removed,
            add_target_customers=nobody if is_azure else added,
            remove_target_customers=removed,
            add_enterprise_agreements=added_agreements,
            remove_enterprise_agreements=removed_agreements,
        )
        return order, self._faults

    def _word(self, name: str, kind: type[Word]) -> Word | None:
        given = self._form.text(name)
        if given in list(kind):
            return kind(given)
        if given:
            self._faults[name] = f"must be one of {', '.join(kind)}"
        return None

    def _number(self, name: str) -> Decimal | None:
        text = self._form.text(name)
        return self._read(name, text) if text else None

    def _read(self, name: str, text: str) -> Decimal | None:
        try:
            return parse_decimal(text)
        except ValueError:
            self._faults.setdefault(name, f"must be a number, such as 12.5: {text[:40]!r} is none")
            return None

    def _month(self, name: str) -> BillingMonth | None:
        month = self._form.month(name)
        if month is None and self._form.has(name):
            self._faults[name] = "must be a month, as YYYY-MM"
        return month

    def _tiers(self) -> PricingInfo | None:
        """A tier a line: the spend that it begins at, and its percent."""
        minimum, lines = self._number("minimum_fee"), _lines(self._form, "tiers")
        bounds, percents = [], []
        for line in lines:
            parts = line.replace(":", " ").replace("%", " ").split()
            if len(parts) != 2:
                self._faults.setdefault("tiers", f"must say two numbers a line, such as 0 10: {line[:40]!r} does not")
                continue
            bound, percent = (self._read("tiers", part) for part in parts)
            if bound is not None and percent is not None:
                bounds.append(bound)
                percents.append(percent)
        info = PricingInfo(minimum, tuple(bounds), tuple(percents))
        return None if info.is_empty else info

    def _customers(self) -> tuple[CustomersChange, CustomersChange]:
        """Whom the form adds to those that the rule has, and whom it takes away."""
        standing = self._kept.customers if self._kept else ChosenCustomers()
        everyone = self._form.has("everyone")
        named = () if everyone else tuple(dict.fromkeys(self._named("customers", _lines(self._form, "customers"))))
        added = tuple(one for one in named if one not in standing.customer_ids)
        removed = () if everyone else tuple(one for one in standing.customer_ids if one not in named)
        return (
            CustomersChange(everyone and not standing.everyone, added),
            CustomersChange(standing.everyone and not everyone, removed),
        )

    def _named(self, field: str, names: Sequence[str]) -> list[int]:
        found = []
        for name in names:
            if self._kept is not None and name.isascii() and name.isdigit() and int(name) in self._kept.named_customers:
                # Also one who is deleted may stay.
                found.append(int(name))
                continue
            try:
                found.append(customer_meant(self._visit.installation, self._visit.caller, name))
            except Invalid as refusal:
                fault = next(iter(refusal.fields.values()), refusal.message)
                self._faults.setdefault(field, f"{fault}: {name[:60]!r}")
        return found

    def _agreements(self) -> tuple[Agreements, Agreements]:
        """A customer a line, then a colon and the ids of its agreements."""
        standing = self._kept.terms.enterprise_agreements if self._kept else ()
        wanted: dict[int, tuple[AgreementId, ...]] = {}
        for line in _lines(self._form, "agreements"):
            # Ids may hold colons, after which there is never a space.
            name, _, ids = line.rpartition(": " if ": " in line else ":")
            numbers = ids.replace(",", " ").split()
            if not name or not numbers or not all(map(_is_id, numbers)):
                fault = "must say a customer, a colon and ids, such as Contoso: 4711, 4712"
                self._faults.setdefault("agreements", fault)
                continue
            for holder in self._named("agreements", [name.strip()]):
                wanted[holder] = tuple(dict.fromkeys(agreement_id(one) for one in numbers))
        kept = dict(standing)
        return _beyond(wanted, kept), _beyond(kept, wanted)


def _is_id(text: str) -> bool:
    return 0 < len(text.rpartition("/")[2]) <= GREATEST_IDENTIFIER_LENGTH and text.isprintable()


def _beyond(one: Mapping[int, Sequence[AgreementId]], other: Mapping[int, Sequence[AgreementId]]) -> Agreements:
    """The agreements of ``one`` that ``other`` lacks."""
    left = ((holder, tuple(one for one in ids if one not in other.get(holder, ()))) for holder, ids in one.items())
    return tuple((holder, ids) for holder, ids in left if ids)


def _lines(form: Fields, name: str) -> list[str]:
    return [line.strip() for line in form.text(name).splitlines() if line.strip()]


def form_of(rule: BillingRule, names: Mapping[int, str]) -> dict[str, str]:
    """A kept rule as it stands in the form; ``names``: of customers, by id."""
    terms, chosen, called = rule.terms, rule.customers, Counter(names.values())
    tiers = terms.tier_pricing

    def told(customer_id: int) -> str:
        # Several customers may have one name: an id says who is meant.
        name = names.get(customer_id, "")
        return name if called[name] == 1 else str(customer_id)

    return {
        "name": rule.name,
        "cloud": rule.cloud.value,
        "rule_type": rule.rule_type.value,
        "action": rule.action.value,
        "scope": terms.scope.value,
        "support_tier": terms.support_tier.value,
        "fee": _number_text(terms.fee),
        "percent": _number_text(terms.percent),
        "minimum_fee": _number_text(tiers.minimum_fee if tiers else None),
        "tiers": "\n".join(
            f"{_number_text(tier.from_spend)} {_number_text(tier.percent)}" for tier in (tiers.tiers if tiers else ())
        ),
        "start_month": str(terms.start_month),
        "end_month": str(terms.end_month or ""),
        "frequency": terms.frequency.value,
        "product_name": terms.product_name,
        "product_description": terms.product_description,
        "sign": terms.sign.value,
        "as_line": "yes" if terms.as_line else "",
        "currency": terms.currency or "",
        "everyone": "yes" if chosen.everyone else "",
        "customers": "\n".join(told(one) for one in chosen.customer_ids),
        "agreements": "\n".join(
            f"{told(holder)}: {', '.join(map(str, ids))}" for holder, ids in terms.enterprise_agreements
        ),
    }


def _number_text(value: Decimal | None) -> str:
    return "" if value is None else text_of(without_spare_zeros(value))
