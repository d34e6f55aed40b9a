"""What documents show: the partner's letterhead, customers' billing details, rules of tax."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AddressAnswer, AnswerShape
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.route import Route, partner_wide
from rebill.api.shapes import StrictBody, Text, shape_fault
from rebill.api.wire_values import Id, Month, Number, WholeNumber, word_of
from rebill.model.audit import Act
from rebill.model.money import ZERO
from rebill.model.particulars import BillingDetails, Letterhead
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.acting.permission import Permission
from rebill.services.parties.billing_details import (
    BillingDetailsChange,
    billing_details_faults,
    change_billing_details,
    get_billing_details,
)
from rebill.services.parties.letterhead import (
    LetterheadChange,
    change_letterhead,
    get_letterhead,
    letterhead_faults,
)
from rebill.services.parties.pictures import GREATEST_LOGO_BYTES
from rebill.services.parties.tax_rules import list_tax_rules, set_tax_rule, tax_faults
from rebill.store.terms import ALWAYS


def _read_logo(value: object) -> str:
    if not isinstance(value, str) or len(value) > GREATEST_LOGO_BYTES * 2:
        raise shape_fault(f"must be text, the base64 of at most {GREATEST_LOGO_BYTES // 1024} KiB")
    return value


LogoText = Annotated[str, BeforeValidator(_read_logo, json_schema_input_type=str)]


class AddressBody(StrictBody):
    """The parts of an address that change."""

    street1: Text | None = None
    street2: Text | None = None
    city: Text | None = None
    state: Text | None = None
    zipcode: Text | None = None
    country: Text | None = None


class LetterheadBody(StrictBody):
    """What is to be other of the letterhead; an empty text leaves a thing out."""

    legal_name: Annotated[Text | None, Field(description="Empty: the partner's name.")] = None
    address: AddressBody | None = None
    tax_id: Annotated[Text | None, Field(description="Country in front: DE136695976.")] = None
    registration_id: Text | None = None
    contact: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    iban: Text | None = None
    bic: Text | None = None
    payment_days: Annotated[WholeNumber | None, Field(description="Days to pay in; below 0: on receipt.")] = None
    footer: Text | None = None
    language: Annotated[Text | None, Field(description="Of customers without their own: en, de, fr-CH.")] = None
    logo: Annotated[LogoText | None, Field(description="A PNG or JPEG picture in base64; empty: none.")] = None
    color: Annotated[Text | None, Field(description="Of headings and of the portal: #0b6477.")] = None
    portal_title: Annotated[Text | None, Field(description="Above the pages of the portal; empty: the name.")] = None
    portal_welcome: Annotated[Text | None, Field(description="Above its statements.")] = None

    def change(self) -> LetterheadChange:
        """The change that is asked for."""
        given = {name: value for name, value in self if value is not None and name not in ("address", "logo")}
        address = {} if self.address is None else {name: value for name, value in self.address if value is not None}
        return LetterheadChange(given, address, self.logo)


class LetterheadAnswer(AnswerShape):
    """The partner as its documents show it."""

    legal_name: str
    address: AddressAnswer
    tax_id: str
    registration_id: str
    contact: str
    email: str
    phone: str
    iban: str
    bic: str
    payment_days: Annotated[int | None, Field(description="`null`: on receipt.")]
    footer: str
    language: str
    logo_sha256: Annotated[str, Field(description="Of the picture's bytes; empty: none.")]
    color: Annotated[str, Field(description="Of headings and of the portal; empty: rebill's own.")]
    portal_title: str
    portal_welcome: str

    @classmethod
    def of(cls, letterhead: Letterhead) -> "LetterheadAnswer":
        """``letterhead`` as calls and commands show it."""
        address = AddressAnswer(**vars(letterhead.address))
        return cls(**{**vars(letterhead), "address": address})


class BillingDetailsBody(StrictBody):
    """What is to be other of a customer's details; an empty text leaves a thing out."""

    legal_name: Annotated[Text | None, Field(description="Empty: the customer's name.")] = None
    country: Annotated[Text | None, Field(description="ISO 3166, two letters; empty: its address tells.")] = None
    tax_id: Annotated[Text | None, Field(description="Country in front: FR40303265045.")] = None
    registration_id: Text | None = None
    buyer_reference: Annotated[Text | None, Field(description="What the customer finds documents by.")] = None
    language: Annotated[Text | None, Field(description="en, de, fr-CH; empty: the letterhead's.")] = None
    email: Annotated[Text | None, Field(description="Where documents are sent to; several parted by commas.")] = None
    logo: Annotated[LogoText | None, Field(description="In place of the letterhead's, in base64; empty: none.")] = None
    color: Annotated[Text | None, Field(description="In place of the letterhead's: #0b6477.")] = None
    portal_title: Annotated[Text | None, Field(description="In place of the letterhead's.")] = None
    portal_welcome: Annotated[Text | None, Field(description="In place of the letterhead's.")] = None

    def change(self) -> BillingDetailsChange:
        """The change that is asked for."""
        given = {name: value for name, value in self if value is not None and name != "logo"}
        return BillingDetailsChange(given, self.logo)


class BillingDetailsAnswer(AnswerShape):
    """What a customer's documents show of it beside name and address."""

    client_api_id: int
    legal_name: str
    country: str
    tax_id: str
    registration_id: str
    buyer_reference: str
    language: str
    email: str
    logo_sha256: Annotated[str, Field(description="Empty: the letterhead's.")]
    color: str
    portal_title: str
    portal_welcome: str

    @classmethod
    def of(cls, customer_id: int, details: BillingDetails) -> "BillingDetailsAnswer":
        """``details`` as calls and commands show them."""
        return cls(client_api_id=customer_id, **vars(details))


class TaxRuleBody(StrictBody):
    """A rule to be put in force."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"category": TaxCategory.NONE.value}
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {"category": frozenset({"percent", "reason"})}

    client_api_id: Annotated[Id | None, Field(description="`null`: every customer without a rule of its own.")] = None
    lines: Annotated[
        TaxedLines,
        BeforeValidator(word_of(TaxedLines), json_schema_input_type=str),
        Field(description="all, a charge category, or a kind of line."),
    ] = TaxedLines.ALL
    category: Annotated[
        TaxCategory,
        BeforeValidator(word_of(TaxCategory), json_schema_input_type=str),
        Field(description="S, Z, E, AE, K, G or O as in EN 16931; none: documents tell of no tax."),
    ]
    percent: Annotated[Number, Field(description="Above 0 with category S, else 0.")] = ZERO
    reason: Annotated[Text, Field(description="Why no tax is charged: E, AE, K, G, O.")] = ""
    reason_code: Annotated[Text, Field(description="The same by the VATEX list, such as VATEX-EU-AE.")] = ""
    from_month: Annotated[Month | None, Field(description="`null`: the first month that nothing is issued for.")] = None

    def treatment(self) -> TaxTreatment:
        """What it says of the tax."""
        return TaxTreatment(self.category, self.percent, self.reason.strip(), self.reason_code.strip())


class TaxRuleAnswer(AnswerShape):
    """A rule, in force from its month until the next one for the same customer and lines."""

    client_api_id: Annotated[int | None, Field(description="`null`: every customer without a rule of its own.")]
    lines: str
    category: str
    percent: str
    reason: str
    reason_code: str
    from_month: Annotated[str | None, Field(description="`null`: from the beginning.")]

    @classmethod
    def of(cls, rule: TaxRule) -> "TaxRuleAnswer":
        """``rule`` as calls and commands show it."""
        return cls(
            client_api_id=rule.customer_id,
            lines=rule.lines.value,
            category=rule.treatment.category.value,
            percent=rule.treatment.percent_text,
            reason=rule.treatment.reason,
            reason_code=rule.treatment.reason_code,
            from_month=None if rule.from_month == ALWAYS else rule.from_month,
        )


class TaxRulesAnswer(AnswerShape):
    """The rules, those for every customer first, then by customer, lines and month."""

    tax_rules: list[TaxRuleAnswer]


def show_letterhead(call: Call) -> Answer:
    """What every document shows of the partner."""
    return Answer.json(200, LetterheadAnswer.of(get_letterhead(call.installation, call.caller)))


def put_letterhead(call: Call) -> Answer:
    """What is given changes, on documents that are issued from now on."""
    wanted = call.body_as(LetterheadBody).change()
    return Answer.json(200, LetterheadAnswer.of(change_letterhead(call.installation, call.caller, wanted)))


def show_details(call: Call) -> Answer:
    """What a customer's documents show of it beside name and address."""
    customer_id = call.ids["client_api_id"]
    details = get_billing_details(call.installation, call.caller, customer_id)
    return Answer.json(200, BillingDetailsAnswer.of(customer_id, details))


def put_details(call: Call) -> Answer:
    """What is given changes, on documents that are issued from now on."""
    customer_id, wanted = call.ids["client_api_id"], call.body_as(BillingDetailsBody).change()
    details = change_billing_details(call.installation, call.caller, customer_id, wanted)
    return Answer.json(200, BillingDetailsAnswer.of(customer_id, details))


def show_tax_rules(call: Call) -> Answer:
    """All rules; with `client_api_id` those that may concern this customer."""
    rules = list_tax_rules(call.installation, call.caller, call.filter_customer_id)
    return Answer.json(200, TaxRulesAnswer(tax_rules=[TaxRuleAnswer.of(rule) for rule in rules]))


def put_tax_rule(call: Call) -> Answer:
    """The rule is in force from its month on, instead of what that month has for the same customer and lines.

    A month with an issued document takes no other rule: what was issued, and what corrects it, keeps its tax.
    """
    body = call.body_as(TaxRuleBody)
    wanted = TaxRule(call.customer_or_filter(body.client_api_id), body.lines, ALWAYS, body.treatment())
    return Answer.json(200, TaxRuleAnswer.of(set_tax_rule(call.installation, call.caller, wanted, body.from_month)))


def _letterhead_faults(call: Call) -> Mapping[str, str]:
    return letterhead_faults(call.body_as(LetterheadBody).change())


def _details_faults(call: Call) -> Mapping[str, str]:
    return billing_details_faults(call.body_as(BillingDetailsBody).change())


def _tax_faults(call: Call) -> Mapping[str, str]:
    return tax_faults(call.body_as(TaxRuleBody).treatment())


_LETTERHEAD = "/v1/letterhead"
_DETAILS = "/v1/customers/{client_api_id}/billing_details"
_TAX = "/v1/tax_rules"
ROUTES = (
    *partner_wide(
        Route("GET", _LETTERHEAD, Permission.READ, show_letterhead, "Show the letterhead", {200: LetterheadAnswer}),
        Route(
            "PUT",
            _LETTERHEAD,
            Permission.ADMINISTER,
            put_letterhead,
            "Change the letterhead",
            {200: LetterheadAnswer},
            body=LetterheadBody,
            act=Act.CHANGE_LETTERHEAD,
            value_faults=_letterhead_faults,
        ),
    ),
    Route(
        "GET",
        _DETAILS,
        Permission.READ,
        show_details,
        "Show billing details",
        {200: BillingDetailsAnswer},
        knows_deleted=True,
    ),
    Route(
        "PUT",
        _DETAILS,
        Permission.CHANGE,
        put_details,
        "Change billing details",
        {200: BillingDetailsAnswer},
        body=BillingDetailsBody,
        act=Act.CHANGE_BILLING_DETAILS,
        value_faults=_details_faults,
        knows_deleted=True,
    ),
    Route("GET", _TAX, Permission.READ, show_tax_rules, "List the rules of tax", {200: TaxRulesAnswer}),
    Route(
        "PUT",
        _TAX,
        Permission.CHANGE,
        put_tax_rule,
        "Put a rule of tax in force",
        {200: TaxRuleAnswer},
        body=TaxRuleBody,
        act=Act.SET_TAX_RULE,
        value_faults=_tax_faults,
    ),
)
