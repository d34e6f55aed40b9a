"""Words, numbers and days as whoever looks reads them: a customer's own language in the portal, English elsewhere."""

from datetime import date
from decimal import Decimal

from jinja2 import pass_context
from jinja2.runtime import Context

from rebill.console import showing
from rebill.console.portal_wording import said_in
from rebill.documents.wording import Wording
from rebill.model.currencies import minor_digits
from rebill.model.money import round_half_away
from rebill.model.months import BillingMonth


@pass_context
def say(context: Context, english: str) -> str:
    """Words of a template in the language of the page."""
    wording = _wording(context)
    return english if wording is None else said_in(wording.language, english)


@pass_context
def amount(context: Context, value: Decimal | None, currency: str) -> str:
    """As ``showing.amount``."""
    wording = _wording(context)
    if wording is None or value is None:
        return showing.amount(value, currency)
    digits = minor_digits(currency)
    return wording.decimal(round_half_away(value, digits), digits)


@pass_context
def money(context: Context, value: Decimal | None, currency: str) -> str:
    """As ``showing.money``."""
    return showing.NOTHING if value is None else f"{amount(context, value, currency)} {currency}"


@pass_context
def exact(context: Context, value: Decimal | None) -> str:
    """As ``showing.exact``."""
    wording = _wording(context)
    return showing.exact(value) if wording is None or value is None else wording.number(value)


@pass_context
def month_name(context: Context, month: BillingMonth) -> str:
    """As ``showing.month_name``."""
    wording = _wording(context)
    return showing.month_name(month) if wording is None else wording.month(month)


@pass_context
def day(context: Context, value: date | None) -> str:
    """As ``showing.day``."""
    wording = _wording(context)
    return showing.day(value) if wording is None or value is None else wording.day(value)


@pass_context
def named(context: Context, value: BillingMonth | date | str) -> str:
    """A month or a day in words; a name stays as it is."""
    if isinstance(value, BillingMonth):
        return month_name(context, value)
    return day(context, value) if isinstance(value, date) else value


@pass_context
def shortly(context: Context, value: BillingMonth | str) -> str:
    """A month as ``showing.short_month``; a name stays as it is."""
    if not isinstance(value, BillingMonth):
        return value
    wording = _wording(context)
    return showing.short_month(value) if wording is None else wording.short_month(value)


FILTERS = {
    "amount": amount,
    "money": money,
    "exact": exact,
    "month_name": month_name,
    "day": day,
    "named": named,
    "shortly": shortly,
}


def _wording(context: Context) -> Wording | None:
    found: Wording | None = context.get("wording")
    return found
