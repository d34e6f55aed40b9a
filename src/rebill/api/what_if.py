"""What-if: changes that are tried together on an imported month; nothing is stored."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.billing_rule_shapes import BillingRuleBody
from rebill.api.call import Call
from rebill.api.customer_terms import PricingTermsBody
from rebill.api.partner_guards import GuardsBody
from rebill.api.price_book_shapes import Owner, Specification
from rebill.api.route import Route
from rebill.api.shapes import Identifier, StrictBody, Subscription, Text, shape_fault
from rebill.api.wire_schemas import DaySchema
from rebill.api.wire_values import UNREAD_MONTH, Id, Ids, Month, Number, word_of
from rebill.model.assignment import GREATEST_IDENTIFIER_COUNT
from rebill.model.errors import Invalid
from rebill.model.identifiers import AllocatedKind
from rebill.model.manual_line import NewManualLine
from rebill.model.money import ZERO, kept_amount, text_of
from rebill.model.months import BillingMonth, parse_day
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import GREATEST_ACCOUNT_COUNT
from rebill.model.what_if import Expected, WhatIf, WhatIfRow, WhatIfService
from rebill.services.acting.permission import Permission
from rebill.services.pricing.price_book_check import written
from rebill.services.trials.what_if import TriedMonth, what_if, what_if_faults

_SMALL = Field(max_length=GREATEST_IDENTIFIER_COUNT)
_FIELDS: Final = {
    "change": "body",
    "month": "billing_period",
    "customer": "client_api_id",
    "assign": "azure_customer_ids",
    "assign_subscription": "azure_subscription_ids",
    "assign_commitment": "commitment_discount_ids",
    "charge_kind": "charge_kinds",
    "price_book": "price_book_id",
    "account": "billing_account_owner_ids",
    "replaces": "replaces_price_book_id",
    "without_rule": "without_partner_billing_rule_ids",
    "without_manual_line": "without_manual_line_ids",
    "rule": "partner_billing_rule",
}
"""What this call names what a what-if is faulty in, where that has another name."""


def _read_day(value: object) -> date:
    try:
        return parse_day(value if isinstance(value, str) else "")
    except ValueError as error:
        raise shape_fault(str(error)) from None


class TriedLineBody(StrictBody):
    """A manual line to try: its customer and month are the what-if's."""

    amount: Annotated[Number, Field(description="Before tax, either sign.")] = ZERO
    cost: Annotated[Number | None, Field(description="What the partner would pay for it.")] = None
    currency: Annotated[Text | None, Field(description="ISO 4217; the customer's home currency unless given.")] = None


class WhatIfBody(PricingTermsBody):
    """Changes to try together on a month; what is left out stays as it is."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"billing_period": UNREAD_MONTH}
    # Which rules act depends on the month, and which accounts are meant on whose they would be.
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {
        "billing_period": frozenset(
            {"without_partner_billing_rule_ids", "partner_billing_rule", "manual_line", "without_manual_line_ids"}
        ),
        "specification": frozenset({"price_book_id"}),
        "markup_percent": frozenset({"price_book_id"}),
    }
    billing_period: Month
    client_api_id: Annotated[
        Id | None, Field(description="Whom terms, books and accounts concern; every customer unless given.")
    ] = None
    partner_guards: Annotated[GuardsBody, Field(description="Of all that have none of their own.")] = Field(
        default_factory=GuardsBody
    )
    markup_percent: Annotated[Number | None, Field(description="A book of one rule over everything.")] = None
    price_book_id: Annotated[Id | None, Field(description="A recorded book.")] = None
    specification: Annotated[Specification | None, Field(description="A book that is not recorded, XML or YAML.")] = (
        None
    )
    replaces_price_book_id: Annotated[Id | None, Field(description="The book stands wherever this one prices.")] = None
    billing_account_owner_ids: Annotated[
        list[Owner],
        Field(max_length=GREATEST_ACCOUNT_COUNT, description="The book prices these accounts; all unless given."),
    ] = Field(default_factory=list)
    azure_customer_ids: Annotated[list[Identifier], _SMALL] = Field(default_factory=list)
    azure_subscription_ids: Annotated[list[Subscription], _SMALL] = Field(default_factory=list)
    commitment_discount_ids: Annotated[list[Identifier], _SMALL] = Field(default_factory=list)
    charge_kinds: Annotated[
        list[Annotated[AllocatedKind, BeforeValidator(word_of(AllocatedKind), json_schema_input_type=AllocatedKind)]],
        _SMALL,
    ] = Field(default_factory=list)
    effective_from: Annotated[
        Annotated[date, BeforeValidator(_read_day, json_schema_input_type=DaySchema)] | None,
        Field(description="The accounts' first charge day; from the beginning unless given."),
    ] = None
    to_nobody: Annotated[bool, Field(description="The accounts would be nobody's from then on.")] = False
    partner_billing_rule: Annotated[BillingRuleBody | None, Field(description="A rule that would act too.")] = None
    without_partner_billing_rule_ids: Annotated[Ids, Field(description="Rules that would not act.")] = Field(
        default_factory=list
    )
    manual_line: TriedLineBody | None = None
    without_manual_line_ids: Annotated[Ids, Field(description="Manual lines that would be withdrawn.")] = Field(
        default_factory=list
    )

    @property
    def customers_named(self) -> Mapping[str, int | None]:
        """Whom it concerns, and whom the rule that it tries is for."""
        tried = self.partner_billing_rule
        of_rule = {} if tried is None else tried.customers_named
        return {**super().customers_named, **{f"partner_billing_rule.{field}": one for field, one in of_rule.items()}}

    def order(self, customer_id: int | None) -> WhatIf:
        """The order that this body makes, for a customer or for all."""
        return WhatIf(
            month=self.billing_period,
            customer_id=customer_id,
            **self.pricing_terms,
            partner_guards=self.partner_guards.change(),
            markup_percent=self.markup_percent,
            price_book_id=self.price_book_id,
            specification=None if self.specification is None else written(self.specification),
            replaced_book_id=self.replaces_price_book_id,
            owner_ids=() if ALL_ACCOUNTS in self.billing_account_owner_ids else tuple(self.billing_account_owner_ids),
            azure_customers=tuple(self.azure_customer_ids),
            subscriptions=tuple(self.azure_subscription_ids),
            commitment_ids=tuple(self.commitment_discount_ids),
            charge_kinds=tuple(self.charge_kinds),
            from_day=self.effective_from,
            to_nobody=self.to_nobody,
            rule=None if self.partner_billing_rule is None else self.partner_billing_rule.order(),
            without_rule_ids=tuple(self.without_partner_billing_rule_ids),
            manual_line=self._entered(customer_id),
            without_manual_line_ids=tuple(self.without_manual_line_ids),
        )

    def _entered(self, customer_id: int | None) -> NewManualLine | None:
        line = self.manual_line
        if line is None:
            return None
        # Nobody's, where no customer is named: then that is the fault which is told.
        return NewManualLine(customer_id or 0, self.billing_period, line.amount, "Tried", line.currency, line.cost)


class ExpectedAnswer(AnswerShape):
    """What a month comes to: what is shown, what it costs exactly, and the difference."""

    price: ExactText
    cost: ExactText
    margin: ExactText

    @classmethod
    def of(cls, one: Expected) -> "ExpectedAnswer":
        """The answer of it."""
        return cls(
            price=text_of(one.price), cost=text_of(kept_amount(one.cost)), margin=text_of(kept_amount(one.margin))
        )


class TriedTotalAnswer(AnswerShape):
    """A currency's total, as it is and as it would be."""

    currency: str
    now: ExpectedAnswer
    then: ExpectedAnswer
    price_difference: ExactText
    margin_difference: ExactText


class TriedCustomerAnswer(TriedTotalAnswer):
    """A customer's month, as it is and as it would be."""

    customer_id: int
    customer: str


class TriedServiceAnswer(AnswerShape):
    """A service whose price would be another."""

    customer_id: int
    currency: str
    service: Annotated[str | None, Field(description="`null`: the provider names none.")]
    now: ExactText
    then: ExactText
    difference: ExactText


class WhatIfAnswer(AnswerShape):
    """A month as it is, and as it would be."""

    period: str
    totals: list[TriedTotalAnswer]
    customers: Annotated[
        list[TriedCustomerAnswer], Field(description="All that have, or would have, a statement of the month.")
    ]
    services: Annotated[list[TriedServiceAnswer], Field(description="Those whose prices would be others.")]


def what_if_answer(month: BillingMonth, found: TriedMonth) -> WhatIfAnswer:
    """What would be, as calls and commands show it."""
    return WhatIfAnswer(
        period=str(month),
        totals=[_total(row) for row in found.totals],
        customers=[_customer(row) for row in found.rows],
        services=[_service(one) for one in found.services],
    )


def _total(row: WhatIfRow) -> TriedTotalAnswer:
    return TriedTotalAnswer(
        currency=row.currency,
        now=ExpectedAnswer.of(row.now),
        then=ExpectedAnswer.of(row.then),
        price_difference=text_of(row.then.price - row.now.price),
        margin_difference=text_of(kept_amount(row.then.margin - row.now.margin)),
    )


def _customer(row: WhatIfRow) -> TriedCustomerAnswer:
    if row.customer_id is None:
        raise AssertionError("a row of a customer names it")
    return TriedCustomerAnswer(customer_id=row.customer_id, customer=row.customer_name, **dict(_total(row)))


def _service(one: WhatIfService) -> TriedServiceAnswer:
    now, then = kept_amount(one.now), kept_amount(one.then)
    return TriedServiceAnswer(
        customer_id=one.customer_id,
        currency=one.currency,
        service=one.service,
        now=text_of(now),
        then=text_of(then),
        difference=text_of(kept_amount(one.then - one.now)),
    )


def _named(faults: dict[str, str]) -> dict[str, str]:
    """Faults under the names that this call has for what they are about."""
    named = {}
    for field, fault in faults.items():
        first, dot, rest = field.partition(".")
        named[f"{_FIELDS.get(first, first)}{dot}{rest}"] = fault
    return named


def try_out(call: Call) -> Answer:
    """A month is computed as it is now, and as it would be under the changes of the body, taken together.

    Nothing is stored. One book can be tried at a time: a recorded one, a specification, or a markup over everything.
    """
    body = call.body_as(WhatIfBody)
    order = body.order(call.customer_or_filter(body.client_api_id))
    try:
        found = what_if(call.installation, call.caller, order)
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, _named(dict(refusal.fields))) from None
    return Answer.json(200, what_if_answer(order.month, found.kept_to(call.filter_customer_id)))


def _faults(call: Call) -> dict[str, str]:
    body = call.body_as(WhatIfBody)
    order = body.order(call.customer_or_filter(body.client_api_id))
    found = _named(what_if_faults(call.installation, call.caller, order))
    # What was to be tried may be what cannot be read.
    return {field: fault for field, fault in found.items() if field != "body"}


ROUTES = (
    Route(
        "PUT",
        "/v1/what_if",
        Permission.CHANGE,
        try_out,
        "Try changes on a month",
        {200: WhatIfAnswer},
        body=WhatIfBody,
        value_faults=_faults,
    ),
)
