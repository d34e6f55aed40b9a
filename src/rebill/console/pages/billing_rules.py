"""Billing rules: make one, change or end it, delete it, and try it on a real month; checked while somebody writes."""

from collections.abc import Mapping

from rebill.console.as_shown import mark_seen, shown
from rebill.console.route import PageRoute
from rebill.console.rule_form import form_faults, form_of, order_of
from rebill.console.showing import words
from rebill.console.visit import Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.billing_rule import (
    KeptBillingRule,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleScope,
    RuleSign,
    RuleType,
    SupportTier,
)
from rebill.model.errors import ChangedMeanwhile, Invalid, NotFound, Refusal
from rebill.model.what_if import WhatIf
from rebill.services.acting.permission import Permission
from rebill.services.parties.find_customers import customer_names_in_order
from rebill.services.pricing.create_billing_rule import create_billing_rule, new_billing_rule_faults
from rebill.services.pricing.delete_billing_rule import delete_billing_rule
from rebill.services.pricing.read_billing_rules import get_billing_rule
from rebill.services.pricing.update_billing_rule import billing_rule_change_faults, update_billing_rule
from rebill.services.proof.month_glance import months_of_record
from rebill.services.trials.what_if import TriedMonth, what_if

_SHOWN_ROWS = 100
_CHOICES = {
    "clouds": RuleCloud,
    "rule_types": RuleType,
    "actions": RuleAction,
    "scopes": RuleScope,
    "support_tiers": SupportTier,
    "frequencies": RuleFrequency,
    "signs": RuleSign,
}
_EMPTY = (
    *("name", "fee", "percent", "minimum_fee", "tiers", "start_month", "end_month", "product_name"),
    *("product_description", "as_line", "currency", "everyone", "customers", "agreements"),
)
_FIRST: Mapping[str, str] = {
    **dict.fromkeys(_EMPTY, ""),
    "cloud": RuleCloud.AZURE,
    "rule_type": RuleType.CUSTOM,
    "action": RuleAction.FLAT_FEE,
    "scope": RuleScope.PER_ACCOUNT,
    "support_tier": SupportTier.DEVELOPER,
    "frequency": RuleFrequency.RECURRING,
    "sign": RuleSign.CHARGE,
    "everyone": "yes",
}


def show_new_rule(visit: Visit) -> Page:
    """An empty form."""
    return _editor(visit, None)


def show_rule(visit: Visit) -> Page:
    """A rule in the form."""
    return _editor(visit, _kept(visit))


def check_rule(visit: Visit) -> Page:
    """What is wrong with what stands in the form; nothing is kept."""
    rule_id = visit.form.number("rule")
    kept = None if rule_id is None else get_billing_rule(visit.installation, visit.caller, rule_id)
    faults = _faults(visit, kept)
    if visit.is_partial:
        return Page("billing_rule_check.html", {"faults": faults, "is_checked": True})
    return _editor(visit, kept, faults=faults, is_checked=True)


def make_rule(visit: Visit) -> PageAnswer:
    """Make a rule."""
    faults = _faults(visit, None)
    if faults:
        return _refused(visit, None, faults)
    order, _ = order_of(visit, None)
    try:
        kept = create_billing_rule(visit.installation, visit.caller, order)
    except Invalid as refusal:
        return _refused(visit, None, form_faults(refusal.fields))
    return Redirect(f"/billing-rules/{kept.billing_rule_id}", f"{kept.rule.name} stands; run the month to bill it.")


def alter_rule(visit: Visit) -> PageAnswer:
    """Change a rule, or end it by its last month."""
    kept = _kept(visit)
    faults = _faults(visit, kept)
    if faults:
        return _refused(visit, kept, faults)
    order, _ = order_of(visit, kept.rule)
    try:
        rule_id, mark = kept.billing_rule_id, mark_seen(visit)
        changed = update_billing_rule(visit.installation, visit.caller, rule_id, order, as_shown=mark)
    except ChangedMeanwhile as refusal:
        return _editor(visit, _kept(visit), refusal=refusal)
    except Invalid as refusal:
        return _refused(visit, kept, form_faults(refusal.fields))
    said = f"{changed.rule.name} is changed, from the first month that is not issued."
    return Redirect(f"/billing-rules/{kept.billing_rule_id}", said)


def remove_rule(visit: Visit) -> Redirect:
    """Delete a rule."""
    kept = _kept(visit)
    delete_billing_rule(visit.installation, visit.caller, kept.billing_rule_id)
    return Redirect("/price-books", f"{kept.rule.name} is deleted; issued months keep what it did.")


def try_rule(visit: Visit) -> Page:
    """What a month would be with what stands in the form; nothing is stored."""
    rule_id = visit.form.number("rule")
    kept = None if rule_id is None else get_billing_rule(visit.installation, visit.caller, rule_id)
    order, unread = order_of(visit, None)
    month = visit.form.month("month")
    if month is None:
        unread["month"] = "is required: the month that it is tried on"
    if unread or month is None:
        return _refused(visit, kept, unread)
    replaced = () if kept is None or not kept.rule.applies_in(month) else (kept.billing_rule_id,)
    try:
        tried = what_if(visit.installation, visit.caller, WhatIf(month, rule=order, without_rule_ids=replaced))
    except (Invalid, NotFound) as refusal:
        fields = {name.removeprefix("rule."): fault for name, fault in refusal.fields.items()}
        return _refused(visit, kept, form_faults(fields))
    return _editor(visit, kept, tried=tried)


def _kept(visit: Visit) -> KeptBillingRule:
    return get_billing_rule(visit.installation, visit.caller, visit.ids["billing_rule_id"])


def _faults(visit: Visit, kept: KeptBillingRule | None) -> dict[str, str]:
    """Everything that is wrong with the form, by its own names."""
    order, unread = order_of(visit, None if kept is None else kept.rule)
    if kept is None:
        found = new_billing_rule_faults(visit.installation, visit.caller, order)
    else:
        found = billing_rule_change_faults(visit.installation, visit.caller, kept.billing_rule_id, order)
    return {**form_faults(found), **unread}


def _refused(visit: Visit, kept: KeptBillingRule | None, faults: dict[str, str]) -> Page:
    return _editor(visit, kept, faults=faults, status=422)


def _editor(
    visit: Visit,
    kept: KeptBillingRule | None,
    faults: Mapping[str, str] | None = None,
    is_checked: bool = False,
    tried: TriedMonth | None = None,
    status: int = 200,
    refusal: Refusal | None = None,
) -> Page:
    names = dict(customer_names_in_order(visit.installation, visit.caller))
    standing = dict(_FIRST) if kept is None else form_of(kept.rule, names)
    typed = {name: visit.form.text(name) for name in standing} if visit.method == "POST" else {}
    form = shown(visit, None if kept is None else kept.rule, standing, refusal)
    months = months_of_record(visit.installation, visit.caller)
    values = {
        "kept": kept,
        "shown": {**standing, **typed},
        "as_shown": form.mark if kept else "",
        "refusal": refusal,
        "faults": {**form.faults, **(faults or {})},
        "is_checked": is_checked or bool(faults),
        "is_refused": status != 200 or refusal is not None,
        "choices": {name: [(one.value, words(one)) for one in kind] for name, kind in _CHOICES.items()},
        "months": months,
        "month": visit.form.month("month") or months[0],
        "tried": tried,
        "changed": [] if tried is None else [row for row in tried.rows if row.now != row.then],
        "shown_rows": _SHOWN_ROWS,
    }
    return Page("billing_rule.html", values, status if refusal is None else form.status)


_RULE = "/billing-rules/{billing_rule_id}"
ROUTES = (
    PageRoute("GET", "/billing-rules/new", show_new_rule, Permission.CHANGE, "prices"),
    PageRoute("POST", "/billing-rules/new", make_rule, Permission.CHANGE, "prices", Act.CREATE_BILLING_RULE),
    PageRoute("POST", "/billing-rules/check", check_rule, Permission.READ, "prices", long=True),
    PageRoute("POST", "/billing-rules/what-if", try_rule, Permission.READ, "prices", long=True),
    PageRoute("GET", _RULE, show_rule, Permission.READ, "prices"),
    PageRoute("POST", _RULE, alter_rule, Permission.CHANGE, "prices", Act.CHANGE_BILLING_RULE),
    PageRoute("POST", f"{_RULE}/delete", remove_rule, Permission.CHANGE, "prices", Act.DELETE_BILLING_RULE),
)
