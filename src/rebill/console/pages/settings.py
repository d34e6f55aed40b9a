"""Settings: the partner's own."""

from decimal import Decimal

from rebill.console.as_shown import mark_seen, shown
from rebill.console.route import PageRoute
from rebill.console.showing import exact
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.closing import LateCost, Numbering
from rebill.model.errors import ChangedMeanwhile, Invalid, Refusal
from rebill.model.money import parse_decimal
from rebill.model.months import BillingMonth
from rebill.model.partner import PartnerSettings, PartnerSettingsChange
from rebill.services.acting.permission import Permission
from rebill.services.parties.partner_settings import change_partner_settings, get_partner_settings


def show_settings(visit: Visit) -> Page:
    """The settings as they are."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None) -> Page:
    settings = get_partner_settings(visit.installation, visit.caller)
    now = _standing(settings)
    form = shown(visit, settings, now, refusal)
    values = {
        "settings": settings,
        "now": now,
        "as_shown": form.mark,
        "numberings": [(one.value, one.value) for one in Numbering],
        "late_costs": [(one.value, one.value) for one in LateCost],
        "refusal": refusal,
        "faults": form.faults,
    }
    return Page("settings.html", values, form.status)


def _standing(settings: PartnerSettings) -> dict[str, str | bool]:
    """What the fields of the form say of the settings."""
    closing = settings.closing
    return {
        "name": settings.name,
        "currency": settings.currency,
        "billing_start": "" if settings.billing_start is None else str(settings.billing_start),
        "unassigned_threshold": exact(closing.unassigned_threshold),
        "close_day": str(closing.close_day),
        "numbering": closing.numbering.value,
        "late_cost": closing.late_cost.value,
        "bill_input_tax": settings.bill_input_tax,
        "needs_approval": closing.needs_approval,
    }


def alter_settings(visit: Visit) -> PageAnswer:
    """Change the settings."""
    form = visit.form
    try:
        change = PartnerSettingsChange(
            name=form.text("name"),
            currency=form.text("currency"),
            bill_input_tax=form.has("bill_input_tax"),
            billing_start=_billing_start(form),
            changes_billing_start=True,
            unassigned_threshold=_threshold(form),
            close_day=form.number("close_day"),
            needs_approval=form.has("needs_approval"),
            numbering=Numbering(form.text("numbering")) if form.text("numbering") in list(Numbering) else None,
            late_cost=LateCost(form.text("late_cost")) if form.text("late_cost") in list(LateCost) else None,
        )
        change_partner_settings(visit.installation, visit.caller, change, mark_seen(visit))
    except (Invalid, ChangedMeanwhile) as refusal:
        return _shown(visit, refusal)
    return Redirect("/settings", "The settings are changed.")


def _billing_start(form: Fields) -> BillingMonth | None:
    month = form.month("billing_start")
    if month is None and form.has("billing_start"):
        raise Invalid("invalid_partner", "Nothing was changed.", {"billing_start": "must be a month, as YYYY-MM"})
    return month


def _threshold(form: Fields) -> Decimal:
    try:
        return parse_decimal(form.text("unassigned_threshold", "0"))
    except ValueError:
        raise Invalid("invalid_partner", "Nothing was changed.", {"unassigned_threshold": "must be a number"}) from None


ROUTES = (
    PageRoute("GET", "/settings", show_settings, Permission.READ_ADMINISTRATION, "settings"),
    PageRoute("POST", "/settings", alter_settings, Permission.ADMINISTER, "settings", Act.CHANGE_PARTNER),
)
