"""A customer's terms by billing month: show them, change them from a month on."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.caller_shapes import NullableMonth
from rebill.api.route import Route
from rebill.api.shapes import Flag, StrictBody, Text
from rebill.api.wire_values import Month, Number, word_of
from rebill.model.audit import Act
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.money import shortest_text
from rebill.model.months import BillingMonth
from rebill.model.terms import GUARD_NAMES, Basis, CommitmentsPolicy, CustomerTerms, LateCostTerm
from rebill.services.acting.permission import Permission
from rebill.services.parties.change_customer import change_customer, change_faults
from rebill.services.parties.read_terms import AgreedTerms, get_terms

_AS_PARTNER = "`null`: as the partner's guards say."


class PricingTermsBody(StrictBody):
    """Terms that say whether and how charges are priced."""

    billing_enabled: Flag | None = None
    basis: Annotated[Basis, BeforeValidator(word_of(Basis), json_schema_input_type=str)] | None = None
    commitments: (
        Annotated[CommitmentsPolicy, BeforeValidator(word_of(CommitmentsPolicy), json_schema_input_type=str)] | None
    ) = None
    fallback_markup_percent: Number | None = None
    cap_at_list: Flag | None = None
    floor_at_cost: Flag | None = None
    margin_floor_percent: Number | None = None
    home_currency: Text | None = None

    @property
    def pricing_terms(self) -> dict[str, Any]:
        """What of these is given."""
        return {name: getattr(self, name) for name in PricingTermsBody.model_fields}


class TermsBody(PricingTermsBody):
    """Terms that change, from ``from_month`` on or from the first month without an issued statement.

    A guard that is ``null`` is as the partner's guards say again; a ``null`` home currency is the partner's.
    """

    null_says_something = (*GUARD_NAMES, "home_currency")
    carry_forward: Flag | None = None
    late_cost: Annotated[LateCostTerm, BeforeValidator(word_of(LateCostTerm), json_schema_input_type=str)] | None = None
    from_month: Month | None = None

    def change(self) -> CustomerChange:
        """The change that is asked for."""
        as_partner = tuple(
            name for name in self.null_says_something if name in self.model_fields_set and getattr(self, name) is None
        )
        return CustomerChange(terms=TermsChange(**dict(self), as_partner=as_partner))


class TermsOfMonthAnswer(AnswerShape):
    """Terms that are in force from a month on, until the next ones."""

    from_month: Annotated[NullableMonth, Field(description="`null`: from the beginning.")]
    billing_enabled: bool
    basis: str
    commitments: str
    fallback_markup_percent: str
    carry_forward: Annotated[bool, Field(description="A statement below 0 becomes a credit for the next ones.")]
    late_cost: Annotated[str, Field(description="`note`, `next`, or `partner`: as the partner's settings say.")]
    cap_at_list: Annotated[bool | None, Field(description=f"No charge is priced above list. {_AS_PARTNER}")]
    floor_at_cost: Annotated[bool | None, Field(description=f"Nor below its statement cost. {_AS_PARTNER}")]
    margin_floor_percent: Annotated[
        str | None, Field(description=f"The least margin of each charge; 0: none. {_AS_PARTNER}")
    ]
    home_currency: Annotated[
        str | None, Field(description="Of fees and manual lines that name none; `null`: the partner's.")
    ]

    @classmethod
    def of(cls, from_month: BillingMonth | None, terms: CustomerTerms) -> "TermsOfMonthAnswer":
        """``terms`` as calls and commands show them."""
        margin_floor = terms.margin_floor_percent
        return cls(
            from_month=from_month,
            billing_enabled=terms.billing_enabled,
            basis=terms.basis.value,
            commitments=terms.commitments.value,
            fallback_markup_percent=shortest_text(terms.fallback_markup_percent),
            carry_forward=terms.carry_forward,
            late_cost=terms.late_cost.value,
            cap_at_list=terms.cap_at_list,
            floor_at_cost=terms.floor_at_cost,
            margin_floor_percent=None if margin_floor is None else shortest_text(margin_floor),
            home_currency=terms.home_currency,
        )


class TermsAnswer(AnswerShape):
    """A customer's terms, those in force from the beginning first."""

    client_api_id: int
    changeable_from: Annotated[
        NullableMonth, Field(description="The first month without an issued statement; `null`: none is issued.")
    ]
    terms: list[TermsOfMonthAnswer]


def get(call: Call) -> Answer:
    """Show the terms."""
    return Answer.json(200, _answer(call))


def change(call: Call) -> Answer:
    """Change the terms that are given."""
    wanted = call.body_as(TermsBody).change()
    change_customer(call.installation, call.caller, call.ids["client_api_id"], wanted)
    return Answer.json(200, _answer(call))


def terms_answer(agreed: AgreedTerms) -> TermsAnswer:
    """Terms as calls and commands show them."""
    terms = [TermsOfMonthAnswer.of(month, terms) for month, terms in agreed.by_month.items()]
    return TermsAnswer(client_api_id=agreed.customer_id, changeable_from=agreed.changeable_from, terms=terms)


def _answer(call: Call) -> TermsAnswer:
    return terms_answer(get_terms(call.installation, call.caller, call.ids["client_api_id"]))


def _faults(call: Call) -> Mapping[str, str]:
    wanted = call.body_as(TermsBody).change()
    return change_faults(call.installation, call.caller, call.ids["client_api_id"], wanted)


ROUTES = (
    Route(
        "GET",
        "/v1/customers/{client_api_id}/terms",
        Permission.READ,
        get,
        "Show a customer's terms by month",
        {200: TermsAnswer},
        knows_deleted=True,
    ),
    Route(
        "PUT",
        "/v1/customers/{client_api_id}/terms",
        Permission.CHANGE,
        change,
        "Change a customer's terms from a month on",
        {200: TermsAnswer},
        body=TermsBody,
        act=Act.CHANGE_CUSTOMER,
        value_faults=_faults,
    ),
)
