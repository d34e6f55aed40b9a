"""The portal: a customer's own statements and what they come to; no partner's cost, no margin, no other name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebill.console.charts import BarChart, month_chart
from rebill.console.look import style_sheet
from rebill.console.pages.statements import days_page, file_routes, statement_page, summed_lines
from rebill.console.route import Handler, PageRoute
from rebill.console.visit import Download, Page, Visit
from rebill.model.listing import Page as ListPage
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import get_statement, list_statements
from rebill.services.billing.read_ties import read_ties
from rebill.services.parties.portal_look import portal_logo, portal_look
from rebill.services.parties.read_customers import get_customer
from rebill.services.presenting.presented_statement import tells_of_tax
from rebill.services.presenting.subscription_names import subscription_names
from rebill.store.statements import StatementRecord

_SHOWN = 120
_CHART_MONTHS = 24


def show_statements(visit: Visit) -> Page:
    """The customer's statements and notes, the last month first."""
    records = _records(visit)
    ties = read_ties(visit.installation, visit.caller, [record.statement_id for record in records])
    values = {"records": records, "ties": ties, "customer": _customer_name(visit), "is_taxed": _is_taxed(visit)}
    return Page("portal.html", values)


@dataclass(frozen=True)
class Spend:
    """What statements in one currency come to; ``services`` and ``subscriptions``: of the month that is chosen.

    ``names``: of subscriptions, where they are known. ``records``: the statements of that month, whose days can be
    asked for.
    """

    currency: str
    chart: BarChart | None
    months: Sequence[tuple[BillingMonth, Decimal]]
    services: Sequence[tuple[str, Decimal]]
    subscriptions: Sequence[tuple[str, Decimal]]
    names: Mapping[str, str]
    records: Sequence[StatementRecord]


def show_cost(visit: Visit) -> Page:
    """What the months come to by currency, and one of them by service, subscription and day."""
    records = _records(visit)
    months = sorted({record.statement.month for record in records}, reverse=True)
    asked = visit.query.month()
    month = asked if asked in months or not months else months[0]
    by_currency: dict[str, list[StatementRecord]] = defaultdict(list)
    for record in records:
        by_currency[record.statement.currency].append(record)
    spends = [_spend(visit, currency, of_currency, month) for currency, of_currency in sorted(by_currency.items())]
    values = {
        "spends": spends,
        "months": months,
        "month": month,
        "customer": _customer_name(visit),
        "is_taxed": _is_taxed(visit),
    }
    return Page("portal_cost.html", values)


def _spend(visit: Visit, currency: str, records: Sequence[StatementRecord], month: BillingMonth | None) -> Spend:
    by_month: dict[BillingMonth, Decimal] = defaultdict(lambda: ZERO)
    for record in records:
        statement = record.statement
        amount = Decimal(statement.total_minor_units).scaleb(-statement.minor_digits)
        by_month[statement.month] += amount
    rows = sorted(by_month.items())[-_CHART_MONTHS:]
    of_month = [record.statement_id for record in records if record.statement.month == month]
    # A list of statements goes without their lines.
    chosen = [get_statement(visit.installation, visit.caller, statement_id) for statement_id in of_month]
    services, subscriptions = (summed_lines(chosen, by_service) for by_service in (True, False))
    shown = {subscription for record in chosen for subscription in record.statement.subscriptions}
    names = subscription_names(visit.installation, visit.caller, shown)
    chart = month_chart("Statements by month", currency, rows)
    return Spend(currency, chart, rows, services, subscriptions, names, chosen)


def show_look(visit: Visit) -> Download:
    """The partner's color as a style sheet."""
    sheet = style_sheet(portal_look(visit.installation, visit.caller, _customer_id(visit)).color)
    return Download(sheet.encode(), "text/css; charset=utf-8", "look.css", is_part_of_page=True)


def show_logo(visit: Visit) -> Download:
    """The partner's logo."""
    logo = portal_logo(visit.installation, visit.caller, _customer_id(visit))
    return Download(logo.content, logo.media_type, "logo", is_part_of_page=True)


def show_statement(visit: Visit) -> Page:
    """One statement with its lines."""
    return statement_page(visit, "/portal/statements")


def show_days(visit: Visit) -> Page:
    """What the charges of each day come to."""
    return days_page(visit, "/portal/statements", "Cost by day")


def _records(visit: Visit) -> list[StatementRecord]:
    page = ListPage(per_page=_SHOWN)
    listing = list_statements(visit.installation, visit.caller, page, StatementFilter(with_notes=True))
    records = [one.record for one in listing.items]
    return sorted(
        records,
        key=lambda one: (str(one.statement.month), one.statement.status is StatementStatus.FINAL, one.statement_id),
        reverse=True,
    )


def _customer_id(visit: Visit) -> int:
    customer_id = visit.caller.customer_id
    if customer_id is None:
        raise AssertionError("only a customer visits the portal")
    return customer_id


def _is_taxed(visit: Visit) -> bool:
    return tells_of_tax(visit.installation, visit.caller, _customer_id(visit))


def _customer_name(visit: Visit) -> str:
    return get_customer(visit.installation, visit.caller, _customer_id(visit)).name


def _route(path: str, handler: Handler, section: str = "statements") -> PageRoute:
    return PageRoute("GET", path, handler, Permission.READ_OWN, section, for_customers=True)


ROUTES = (
    _route("/portal", show_statements),
    _route("/portal/cost", show_cost, "spend"),
    _route("/portal/look.css", show_look),
    _route("/portal/logo", show_logo),
    _route("/portal/statements/{statement_id}", show_statement),
    _route("/portal/statements/{statement_id}/days", show_days),
    *file_routes("/portal/statements", for_customers=True),
)
