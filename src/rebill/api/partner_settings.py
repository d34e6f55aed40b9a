"""The partner's own settings: show and change them."""

from collections.abc import Mapping

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.caller_shapes import PartnerSettingsAnswer, PartnerSettingsBody
from rebill.api.route import Route, partner_wide
from rebill.model.audit import Act
from rebill.services.acting.permission import Permission
from rebill.services.parties.partner_settings import (
    change_partner_settings,
    get_partner_settings,
    partner_settings_faults,
)


def get(call: Call) -> Answer:
    """The partner's own settings."""
    return Answer.json(200, PartnerSettingsAnswer.of(get_partner_settings(call.installation, call.caller)))


def change(call: Call) -> Answer:
    """What is given changes. Statements of months before `billing_start` are never issued; `null` takes it away."""
    wanted = call.body_as(PartnerSettingsBody).change()
    settings = change_partner_settings(call.installation, call.caller, wanted)
    return Answer.json(200, PartnerSettingsAnswer.of(settings))


def _faults(call: Call) -> Mapping[str, str]:
    return partner_settings_faults(call.body_as(PartnerSettingsBody).change())


ROUTES = partner_wide(
    Route(
        "GET",
        "/v1/partner_settings",
        Permission.READ_ADMINISTRATION,
        get,
        "Show the partner's settings",
        {200: PartnerSettingsAnswer},
    ),
    Route(
        "PUT",
        "/v1/partner_settings",
        Permission.ADMINISTER,
        change,
        "Change the partner's settings",
        {200: PartnerSettingsAnswer},
        body=PartnerSettingsBody,
        act=Act.CHANGE_PARTNER,
        value_faults=_faults,
    ),
)
