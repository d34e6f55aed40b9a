"""The partner's guards for all its customers, by billing month: show them, change them from a month on."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.caller_shapes import NullableMonth
from rebill.api.route import Route, partner_wide
from rebill.api.shapes import Flag, StrictBody
from rebill.api.wire_values import Month, Number
from rebill.model.audit import Act
from rebill.model.money import text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.model.terms import Guards, GuardsChange
from rebill.services.acting.permission import Permission
from rebill.services.parties.partner_guards import (
    PartnerGuards,
    change_partner_guards,
    get_partner_guards,
    partner_guards_faults,
)


class GuardsBody(StrictBody):
    """Guards of all customers that have none of their own; what is left out stays as it is."""

    cap_at_list: Flag | None = None
    floor_at_cost: Flag | None = None
    margin_floor_percent: Number | None = None

    def change(self) -> GuardsChange:
        """The change that is asked for."""
        return GuardsChange(self.cap_at_list, self.floor_at_cost, self.margin_floor_percent)


class PartnerGuardsBody(GuardsBody):
    """Guards that change, from `from_month` on or from the first month that is issued to nobody."""

    from_month: Month | None = None


class GuardsOfMonthAnswer(AnswerShape):
    """Guards that are in force from a month on, until the next ones."""

    from_month: Annotated[NullableMonth, Field(description="`null`: from the beginning.")]
    cap_at_list: Annotated[bool, Field(description="No charge is priced above list.")]
    floor_at_cost: Annotated[bool, Field(description="No charge is priced below its statement cost.")]
    margin_floor_percent: Annotated[str, Field(description="The least margin of each charge; 0: none.")]

    @classmethod
    def of(cls, from_month: BillingMonth | None, guards: Guards) -> "GuardsOfMonthAnswer":
        """``guards`` as calls and commands show them."""
        return cls(
            from_month=from_month,
            cap_at_list=guards.cap_at_list,
            floor_at_cost=guards.floor_at_cost,
            margin_floor_percent=text_of(without_spare_zeros(guards.margin_floor_percent)),
        )


class PartnerGuardsAnswer(AnswerShape):
    """The partner's guards, in order of months; before the first there are none."""

    changeable_from: Annotated[
        NullableMonth, Field(description="The first month that is issued to nobody; `null`: none is issued.")
    ]
    guards: list[GuardsOfMonthAnswer]


def get(call: Call) -> Answer:
    """The guards of every customer that has none of its own."""
    return Answer.json(200, partner_guards_answer(get_partner_guards(call.installation, call.caller)))


def change(call: Call) -> Answer:
    """Change the guards that are given."""
    body = call.body_as(PartnerGuardsBody)
    kept = change_partner_guards(call.installation, call.caller, body.change(), body.from_month)
    return Answer.json(200, partner_guards_answer(kept))


def partner_guards_answer(kept: PartnerGuards) -> PartnerGuardsAnswer:
    """Guards as calls and commands show them."""
    guards = [GuardsOfMonthAnswer.of(month, guards) for month, guards in kept.by_month.items()]
    return PartnerGuardsAnswer(changeable_from=kept.changeable_from, guards=guards)


def _faults(call: Call) -> Mapping[str, str]:
    body = call.body_as(PartnerGuardsBody)
    return partner_guards_faults(call.installation, call.caller, body.change(), body.from_month)


ROUTES = partner_wide(
    Route(
        "GET",
        "/v1/partner_guards",
        Permission.READ,
        get,
        "Show the partner's guards by month",
        {200: PartnerGuardsAnswer},
    ),
    Route(
        "PUT",
        "/v1/partner_guards",
        Permission.CHANGE,
        change,
        "Change the partner's guards from a month on",
        {200: PartnerGuardsAnswer},
        body=PartnerGuardsBody,
        act=Act.CHANGE_PARTNER_GUARDS,
        value_faults=_faults,
    ),
)
