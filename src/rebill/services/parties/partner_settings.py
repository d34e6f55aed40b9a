"""The partner's own settings: read and change them."""

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.closing import GREATEST_CLOSE_DAY
from rebill.model.errors import Invalid
from rebill.model.money import checked_percent, entered_amount, kept_amount
from rebill.model.partner import PartnerSettings, PartnerSettingsChange
from rebill.model.party import Caller
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, name_fault
from rebill.services.parties.customer_rules import currency_fault, only_faults
from rebill.store.closing import closing_settings_of, hold_closing, store_closing_settings
from rebill.store.partners import hold_creation, hold_partner, partner_by_name, settings_of, store_settings
from rebill.store.scope import Scope

_GREATEST_SHARE = Decimal(100)


def get_partner_settings(installation: Installation, caller: Caller) -> PartnerSettings:
    """The settings of the caller's partner. Raises ``Forbidden``."""
    require(caller, Permission.READ_ADMINISTRATION)
    with installation.database.reading() as connection:
        return _standing(Scope.of(connection, caller))


def change_partner_settings(
    installation: Installation, caller: Caller, change: PartnerSettingsChange, as_shown: str = ""
) -> PartnerSettings:
    """Change the settings that are given; ``as_shown``: the mark of the settings that the caller saw.

    A partner calls itself as it likes, whatever others do; only names for commands are one for the whole installation.
    Raises ``Forbidden``, ``ChangedMeanwhile``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> PartnerSettings:
        scope = Scope.of(connection, caller)
        if change.names_for_commands:
            hold_creation(connection)
        # Whoever issues documents reads the rules for closing, and holds this too.
        hold_closing(scope)
        hold_partner(scope)
        standing = _standing(scope)
        require_as_shown(standing, as_shown)
        faults = partner_settings_faults(change)
        if change.names_for_commands and "name" not in faults and _is_taken(scope, change.name):
            faults["name"] = "is taken: choose another"
        if faults:
            raise Invalid("invalid_partner", "Nothing was changed: correct the fields named here.", faults)
        wanted = _changed(standing, change)
        if wanted != standing:
            store_settings(scope, wanted)
            store_closing_settings(scope, wanted.closing)
            record_change(scope, caller, Act.CHANGE_PARTNER, scope.partner_id, now, before=standing, after=wanted)
        return wanted

    return installation.database.write(act)


def partner_settings_faults(change: PartnerSettingsChange) -> dict[str, str]:
    """What is wrong with a change in itself, by field."""
    return only_faults(
        {
            "name": None if change.name is None else name_fault(change.name),
            "currency": currency_fault(change.currency),
            "unassigned_threshold": _threshold_fault(change.unassigned_threshold),
            "tolerance_percent": _percent_fault(change.tolerance_percent),
            "movement_percent": _percent_fault(change.movement_percent),
            "tolerance_amount": _threshold_fault(change.tolerance_amount),
            "close_day": _close_day_fault(change.close_day),
        }
    )


def _is_taken(scope: Scope, name: str | None) -> bool:
    """Whether commands call another partner by a name that this one is to have."""
    named = None if name is None else partner_by_name(scope.connection, composed(name))
    return named is not None and named.partner_id != scope.partner_id


def _threshold_fault(threshold: Decimal | None) -> str | None:
    if threshold is None:
        return None
    try:
        return "must not lie below 0" if entered_amount(threshold) < 0 else None
    except ValueError as error:
        return str(error)


def _percent_fault(percent: Decimal | None) -> str | None:
    if percent is None:
        return None
    try:
        checked_percent(percent, _GREATEST_SHARE)
    except ValueError as error:
        return str(error)
    return None


def _close_day_fault(day: int | None) -> str | None:
    if day is None or 1 <= day <= GREATEST_CLOSE_DAY:
        return None
    return f"must be a day of every month: 1 to {GREATEST_CLOSE_DAY}"


def _standing(scope: Scope) -> PartnerSettings:
    return replace(settings_of(scope), closing=closing_settings_of(scope))


def _changed(standing: PartnerSettings, change: PartnerSettingsChange) -> PartnerSettings:
    closing = change.closing
    for name in ("unassigned_threshold", "tolerance_amount"):
        if name in closing:
            closing[name] = kept_amount(closing[name])
    name = standing.name if change.name is None else composed(change.name)
    is_for_commands = change.names_for_commands and change.name is not None
    return replace(
        standing,
        name=name,
        name_for_commands=name if is_for_commands else standing.name_for_commands,
        currency=change.currency or standing.currency,
        bill_input_tax=standing.bill_input_tax if change.bill_input_tax is None else change.bill_input_tax,
        billing_start=change.billing_start if change.changes_billing_start else standing.billing_start,
        closing=replace(standing.closing, **closing),
    )
