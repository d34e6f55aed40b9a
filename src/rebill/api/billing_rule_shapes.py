"""Billing rules as they are asked for and answered. The two differ: what is asked with ``add_`` is answered without."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape, ExactNumber, Instant
from rebill.api.shapes import Flag, LenientBody, Text, read_identifier, shape_fault
from rebill.api.texts import read_id
from rebill.api.wire_schemas import ID_PATTERN, IdentifierSchema, IdSchema, SeveralLinesSchema, TextSchema
from rebill.api.wire_values import (
    GREATEST_LIST_LENGTH,
    IdsOrAll,
    Month,
    Number,
    OptionalMonth,
    listed,
    read_wire_id,
    word_of,
)
from rebill.model.billing_rule import (
    EVERYONE,
    BillingRuleOrder,
    ChosenCustomers,
    CustomersChange,
    KeptBillingRule,
    PricingInfo,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleScope,
    RuleSign,
    RuleTerms,
    RuleType,
    SupportTier,
)
from rebill.model.currencies import minor_digits
from rebill.model.identifiers import AgreementId, agreement_id
from rebill.model.money import without_spare_zeros
from rebill.model.months import BillingMonth

_AGREEMENT_FIELDS = ("add_enterprise_agreements", "remove_enterprise_agreements")
_CUSTOMER_FIELDS = tuple(f"{act}_{kind}_customers" for kind in ("csp", "target") for act in ("add", "remove"))
_UNREAD_CUSTOMERS = {field: 1 if field.startswith("add") else 2 for field in _CUSTOMER_FIELDS}
"""No customer bears such an id; what is added differs from what is taken away."""
_AGREEMENTS = "Ids of Azure enterprise agreements by the client_api_id of the customer that holds them: whole "
"numbers, or text; of a path the last part, in small letters."


def _read_agreement(value: object) -> AgreementId:
    if not isinstance(value, str):
        return read_wire_id(value)
    return agreement_id(read_identifier(value.rpartition("/")[2]))


def _require_holder(name: str) -> str:
    if read_id(name) is None:
        raise shape_fault("is no customer's id: agreements are sent by client_api_id")
    return name


def _read_description(value: object) -> str:
    if not isinstance(value, str):
        raise shape_fault("must be text")
    return value


Description = Annotated[str, BeforeValidator(_read_description, json_schema_input_type=SeveralLinesSchema)]
"""Text that may hold TAB, CR and LF."""
AgreementIds = Annotated[
    list[Annotated[AgreementId, BeforeValidator(_read_agreement, json_schema_input_type=IdSchema | IdentifierSchema)]],
    BeforeValidator(listed, json_schema_input_type=list[IdSchema | IdentifierSchema] | TextSchema),
    Field(max_length=GREATEST_LIST_LENGTH),
]
Agreements = Annotated[
    dict[Annotated[str, AfterValidator(_require_holder)], AgreementIds],
    Field(
        max_length=GREATEST_LIST_LENGTH,
        description=_AGREEMENTS,
        json_schema_extra={"propertyNames": {"pattern": ID_PATTERN}},
    ),
]


class PricingInfoBody(LenientBody):
    """Tiers of a support rule: from each bound of spend on its rate, in percent."""

    min_fee: Number | None = None
    min_spend_range: Annotated[list[Number], Field(max_length=GREATEST_LIST_LENGTH)] = Field(default_factory=list)
    min_spend_rate: Annotated[list[Number], Field(max_length=GREATEST_LIST_LENGTH)] = Field(default_factory=list)

    def info(self) -> PricingInfo:
        """The same in the model's words."""
        return PricingInfo(self.min_fee, tuple(self.min_spend_range), tuple(self.min_spend_rate))


class BillingRuleBody(LenientBody):
    """A new billing rule. What must be given, and what goes with what, the service knows."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("name", "cloud", "billing_rule_type", "rule_action")
    unread_elements: ClassVar[Mapping[str, object]] = _UNREAD_CUSTOMERS

    name: Text | None = None
    cloud: Annotated[RuleCloud, BeforeValidator(word_of(RuleCloud))] | None = None
    # A published sample names the action here.
    billing_rule_type: (
        Annotated[
            RuleType,
            BeforeValidator(
                word_of(RuleType, {"custom_tier": RuleType.SUPPORT}),
                json_schema_input_type=RuleType | Literal["custom_tier"],
            ),
        ]
        | None
    ) = None
    rule_action: Annotated[RuleAction, BeforeValidator(word_of(RuleAction))] | None = None
    add_csp_customers: IdsOrAll = Field(default_factory=list)
    add_target_customers: IdsOrAll = Field(default_factory=list)
    add_enterprise_agreements: Agreements = Field(default_factory=dict)
    rule_scope: Annotated[RuleScope, BeforeValidator(word_of(RuleScope))] | None = None
    support_tier: Annotated[SupportTier, BeforeValidator(word_of(SupportTier))] | None = None
    flat_fee_cost: Number | None = None
    charge_percentage_discount: Number | None = None
    pricing_info: PricingInfoBody | None = None
    start_month: Month | None = None
    end_month: OptionalMonth = None
    frequency: Annotated[RuleFrequency, BeforeValidator(word_of(RuleFrequency))] | None = None
    product_name: Text | None = None
    product_description: Description | None = None
    type: Annotated[RuleSign, BeforeValidator(word_of(RuleSign))] | None = None
    apply_flat_fee_cost: Number | None = None
    apply_rate_in_percentage: Number | None = None
    add_spend_ratio_as_custom_line_item: Flag | None = None
    currency: Annotated[Text, Field(description="Of a fee, ISO 4217; empty: the customer's home currency.")] | None = (
        None
    )

    @property
    def customers_named(self) -> Mapping[str, int | None]:
        """The customers whom it adds or takes away, and those that hold agreements."""
        named: dict[str, int | None] = {}
        for field in _CUSTOMER_FIELDS:
            for place, one in enumerate(getattr(self, field, ())):
                named[f"{field}[{place}]"] = one if isinstance(one, int) else None
        for field in _AGREEMENT_FIELDS:
            named |= {f"{field}.{holder}": int(holder) for holder in getattr(self, field, ())}
        return named

    def order(self) -> BillingRuleOrder:
        """The order that this body makes."""
        return BillingRuleOrder(**self._given())

    def _given(self) -> dict[str, Any]:
        direct = (
            "name cloud billing_rule_type rule_action rule_scope support_tier flat_fee_cost charge_percentage_discount "
            "start_month end_month frequency product_name product_description type apply_flat_fee_cost "
            "apply_rate_in_percentage add_spend_ratio_as_custom_line_item currency"
        ).split()
        return {
            **{field: getattr(self, field) for field in direct},
            "without_end": self.end_month is None and "end_month" in self.model_fields_set,
            "pricing_info": None if self.pricing_info is None else self.pricing_info.info(),
            "add_csp_customers": _change(self.add_csp_customers),
            "add_target_customers": _change(self.add_target_customers),
            "add_enterprise_agreements": _agreements(self.add_enterprise_agreements),
        }


class BillingRuleChangeBody(BillingRuleBody):
    """Changes of a billing rule; what is left out stays."""

    documented_as_required: ClassVar[tuple[str, ...]] = ()

    remove_csp_customers: IdsOrAll = Field(default_factory=list)
    remove_target_customers: IdsOrAll = Field(default_factory=list)
    remove_enterprise_agreements: Agreements = Field(default_factory=dict)

    def _given(self) -> dict[str, Any]:
        return {
            **super()._given(),
            "remove_csp_customers": _change(self.remove_csp_customers),
            "remove_target_customers": _change(self.remove_target_customers),
            "remove_enterprise_agreements": _agreements(self.remove_enterprise_agreements),
        }


class PricingInfoAnswer(AnswerShape):
    """Tiers; all empty where the rule has none."""

    min_fee: ExactNumber
    min_spend_range: list[ExactNumber]
    min_spend_rate: list[ExactNumber]


class BillingRuleAnswer(AnswerShape):
    """A billing rule."""

    id: int
    name: str
    cloud: str
    billing_rule_type: str
    rule_action: str
    rule_scope: str
    support_tier: str
    csp_customers: Annotated[list[int] | str, Field(description="Ids, or `all`.")]
    target_customers: Annotated[list[int] | str, Field(description="Ids, or `all`.")]
    enterprise_agreements: Annotated[dict[str, list[AgreementId]], Field(description=_AGREEMENTS)]
    flat_fee_cost: Annotated[ExactNumber, Field(description="Of a flat fee of either type.")]
    rate_in_percentage: Annotated[ExactNumber, Field(description="Of a share of spend.")]
    charge_percentage_discount: ExactNumber
    pricing_info: PricingInfoAnswer
    start_month: str
    end_month: Annotated[str | None, Field(description="The last month of a recurring rule; null: none.")]
    frequency: str
    product_name: str
    product_description: str
    type: str
    add_spend_as_custom_line_item: bool
    add_spend_ratio_as_custom_line_item: bool
    currency: Annotated[str | None, Field(description="Of a fee; null: the customer's home currency.")]
    created_at: Instant
    updated_at: Instant


class BillingRuleList(AnswerShape):
    """A page of billing rules."""

    partner_billing_rules: list[BillingRuleAnswer]


def billing_rule_answer(kept: KeptBillingRule) -> BillingRuleAnswer:
    """A rule as the API answers it, here and at the command line."""
    rule, terms = kept.rule, kept.rule.terms
    digits = minor_digits(terms.currency or kept.home_currency)
    is_share = rule.action is RuleAction.SPEND_RATIO
    is_discount = rule.action is RuleAction.PERCENTAGE_DISCOUNT
    return BillingRuleAnswer(
        id=kept.billing_rule_id,
        name=rule.name,
        cloud=rule.cloud,
        billing_rule_type=rule.rule_type,
        rule_action=rule.action,
        rule_scope=terms.scope,
        support_tier=terms.support_tier,
        csp_customers=_chosen(terms.csp_customers),
        target_customers=_chosen(terms.target_customers),
        enterprise_agreements={str(holder): list(ids) for holder, ids in terms.enterprise_agreements},
        flat_fee_cost=_amount(terms.fee, digits),
        rate_in_percentage=_amount(terms.percent if is_share else None),
        charge_percentage_discount=_amount(terms.percent if is_discount else None),
        pricing_info=_pricing_info(terms, digits),
        start_month=str(terms.start_month),
        end_month=_month_text(terms.end_month),
        frequency=terms.frequency,
        product_name=terms.product_name,
        product_description=terms.product_description,
        type=terms.sign,
        add_spend_as_custom_line_item=terms.as_line,
        add_spend_ratio_as_custom_line_item=terms.as_line,
        currency=terms.currency,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )


def _pricing_info(terms: RuleTerms, digits: int) -> PricingInfoAnswer:
    pricing = terms.tier_pricing
    if pricing is None:
        return PricingInfoAnswer(min_fee=Decimal(0), min_spend_range=[], min_spend_rate=[])
    return PricingInfoAnswer(
        min_fee=_amount(pricing.minimum_fee, digits),
        min_spend_range=[_amount(tier.from_spend, digits) for tier in pricing.tiers],
        min_spend_rate=[_amount(tier.percent) for tier in pricing.tiers],
    )


def _amount(amount: Decimal | None, least_decimals: int = 0) -> Decimal:
    return Decimal(0) if amount is None else without_spare_zeros(amount, least_decimals)


def _month_text(month: BillingMonth | None) -> str | None:
    return None if month is None else str(month)


def _chosen(customers: ChosenCustomers) -> list[int] | str:
    return EVERYONE if customers.everyone else list(customers.customer_ids)


def _change(asked: Sequence[int | str]) -> CustomersChange:
    if EVERYONE in asked:
        return CustomersChange(everyone=True)
    return CustomersChange(customer_ids=tuple(one for one in asked if isinstance(one, int)))


def _agreements(asked: dict[str, list[AgreementId]]) -> tuple[tuple[int, tuple[AgreementId, ...]], ...]:
    return tuple((int(holder), tuple(ids)) for holder, ids in asked.items())
