"""Tax: the rules of what stands on documents beside the net total, for every customer and for one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from rebill.console.route import PageRoute
from rebill.console.showing import tax_category
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.customer import Customer
from rebill.model.errors import Invalid, Refusal
from rebill.model.money import ZERO, parse_decimal
from rebill.model.months import BillingMonth
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.services.acting.permission import Permission
from rebill.services.parties.find_customers import names_of
from rebill.services.parties.read_customers import get_customer
from rebill.services.parties.tax_rules import list_tax_rules, set_tax_rule
from rebill.store.terms import ALWAYS

_EVERYBODYS: Final = "/settings/tax"
_CUSTOMERS: Final = "/customers/{customer_id}/tax"


def show_tax(visit: Visit) -> Page:
    """The rules: all of them, or those that may concern one customer."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None) -> Page:
    customer_id = visit.ids.get("customer_id")
    rules = list_tax_rules(visit.installation, visit.caller, customer_id)
    customer, names = _named(visit, customer_id, rules)
    values = {
        "rules": rules,
        "customer": customer,
        "names": names,
        "place": _place(customer_id),
        "owner_id": customer_id,
        "lines": [(one.value, one.value) for one in TaxedLines],
        "categories": [(one.value, tax_category(one)) for one in TaxCategory],
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
    }
    return Page("tax.html", values, 200 if refusal is None else 422)


def _named(
    visit: Visit, customer_id: int | None, rules: Sequence[TaxRule]
) -> tuple[Customer | None, Mapping[int, str]]:
    """The customer of the page, and the names of those whose rules are shown."""
    if customer_id is None:
        owners = {one.customer_id for one in rules if one.customer_id is not None}
        return None, names_of(visit.installation, visit.caller, owners)
    customer = get_customer(visit.installation, visit.caller, customer_id)
    return customer, {customer_id: customer.name}


def put_in_force(visit: Visit) -> PageAnswer:
    """Put a rule in force from a month on, or end one."""
    form, customer_id = visit.form, visit.ids.get("customer_id")
    try:
        wanted = TaxRule(customer_id, _lines(form), ALWAYS, _treatment(form))
        rule = set_tax_rule(visit.installation, visit.caller, wanted, _from_month(form))
    except Invalid as refusal:
        return _shown(visit, refusal)
    since = "the beginning" if rule.from_month == ALWAYS else rule.from_month
    return Redirect(_place(customer_id), f"The rule is in force from {since} on.")


def _place(customer_id: int | None) -> str:
    return _EVERYBODYS if customer_id is None else _CUSTOMERS.format(customer_id=customer_id)


def _lines(form: Fields) -> TaxedLines:
    given = form.text("lines", TaxedLines.ALL)
    if given not in list(TaxedLines):
        raise _faulty("lines", f"must be one of {', '.join(TaxedLines)}")
    return TaxedLines(given)


def _treatment(form: Fields) -> TaxTreatment:
    given = form.text("category")
    if given not in list(TaxCategory):
        raise _faulty("category", f"must be one of {', '.join(TaxCategory)}")
    return TaxTreatment(TaxCategory(given), _percent(form), form.text("reason"), form.text("reason_code"))


def _percent(form: Fields) -> Decimal:
    text = form.text("percent")
    try:
        return parse_decimal(text) if text else ZERO
    except ValueError:
        raise _faulty("percent", "must be a number, such as 19") from None


def _from_month(form: Fields) -> BillingMonth | None:
    month = form.month("from_month")
    if month is None and form.has("from_month"):
        raise _faulty("from_month", "must be a month, as YYYY-MM")
    return month


def _faulty(field: str, fault: str) -> Invalid:
    return Invalid("invalid_tax_rule", "Nothing was changed: correct the fields named here.", {field: fault})


ROUTES = (
    PageRoute("GET", _EVERYBODYS, show_tax, Permission.READ, "settings"),
    PageRoute("POST", _EVERYBODYS, put_in_force, Permission.CHANGE, "settings", Act.SET_TAX_RULE),
    PageRoute("GET", _CUSTOMERS, show_tax, Permission.READ, "customers"),
    PageRoute("POST", _CUSTOMERS, put_in_force, Permission.CHANGE, "customers", Act.SET_TAX_RULE),
)
