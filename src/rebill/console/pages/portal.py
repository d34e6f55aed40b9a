"""The portal: a customer's own statements and what they come to; no partner's cost, no margin, no other name."""

from collections import defaultdict
from decimal import Decimal

from rebill.console.charts import bar_chart
from rebill.console.pages.statements import days_page, file_routes, statement_values
from rebill.console.route import Handler, PageRoute
from rebill.console.visit import Page, Visit
from rebill.model.listing import Page as ListPage
from rebill.model.money import ZERO
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import get_statement, list_statements
from rebill.services.parties.read_customers import get_customer
from rebill.store.statements import StatementRecord

_SHOWN = 120
_CHART_MONTHS = 24


def show_statements(visit: Visit) -> Page:
    """The customer's statements and notes, the last month first."""
    records = _records(visit)
    return Page("portal.html", {"records": records, "customer": _customer_name(visit)})


def show_cost(visit: Visit) -> Page:
    """What the months come to, by currency."""
    by_currency: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for record in _records(visit):
        statement = record.statement
        amount = Decimal(statement.total_minor_units).scaleb(-statement.minor_digits)
        by_currency[statement.currency][str(statement.month)] += amount
    charts = []
    for currency, months in sorted(by_currency.items()):
        rows = sorted(months.items())[-_CHART_MONTHS:]
        charts.append((bar_chart("Statements by month", currency, rows), rows))
    return Page("portal_cost.html", {"charts": charts, "customer": _customer_name(visit)})


def show_statement(visit: Visit) -> Page:
    """One statement with its lines."""
    return Page("statement.html", statement_values(_record(visit), "/portal/statements"))


def show_days(visit: Visit) -> Page:
    """What the charges of each day come to."""
    return days_page(visit, "/portal/statements")


def _record(visit: Visit) -> StatementRecord:
    return get_statement(visit.installation, visit.caller, visit.ids["statement_id"])


def _records(visit: Visit) -> list[StatementRecord]:
    page = ListPage(per_page=_SHOWN)
    listing = list_statements(visit.installation, visit.caller, page, StatementFilter(with_notes=True))
    records = [one.record for one in listing.items]
    return sorted(
        records,
        key=lambda one: (str(one.statement.month), one.statement.status is StatementStatus.FINAL, one.statement_id),
        reverse=True,
    )


def _customer_name(visit: Visit) -> str:
    customer_id = visit.caller.customer_id
    if customer_id is None:
        raise AssertionError("only a customer visits the portal")
    return get_customer(visit.installation, visit.caller, customer_id).name


def _route(path: str, handler: Handler, section: str = "statements") -> PageRoute:
    return PageRoute("GET", path, handler, Permission.READ_OWN, section, for_customers=True)


ROUTES = (
    _route("/portal", show_statements),
    _route("/portal/cost", show_cost, "spend"),
    _route("/portal/statements/{statement_id}", show_statement),
    _route("/portal/statements/{statement_id}/days", show_days),
    *file_routes("/portal/statements", for_customers=True),
)
