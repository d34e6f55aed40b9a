"""A statement: what it comes to, by day and by service, its lines, and why each has its price."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from rebill.console.charts import bar_chart
from rebill.console.route import PageRoute
from rebill.console.visit import Download, Page, PageAnswer, Redirect, Visit
from rebill.documents.statement_csv import statement_csv
from rebill.documents.statement_json import statement_json
from rebill.model.audit import Act
from rebill.model.statement import ShownLine, Statement
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.void_statement import void_statement
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.spend_by_day import spend_by_day
from rebill.store.statements import StatementRecord

_NO_SERVICE = "Other"


def show_statement(visit: Visit) -> Page:
    """A statement or note, with its lines."""
    record = get_statement(visit.installation, visit.caller, visit.ids["statement_id"])
    return Page("statement.html", statement_values(record, "/statements"))


def statement_values(record: StatementRecord, place: str) -> dict[str, object]:
    """What both faces show of a statement; ``place``: where its pages lie."""
    statement = record.statement
    lines = list(statement.shown_lines)
    services, subscriptions = _summed(lines, statement, by_service=True), _summed(lines, statement, by_service=False)
    return {
        "record": record,
        "statement": statement,
        "document_type": record.document.type_of(statement.total_minor_units),
        "lines": lines,
        "place": place,
        "services": services,
        "subscriptions": subscriptions,
    }


def show_days(visit: Visit) -> Page:
    """What the charges of each day come to."""
    return days_page(visit, "/statements")


def days_page(visit: Visit, place: str) -> Page:
    """The page of a statement's days, or its part of the statement's page."""
    found = spend_by_day(visit.installation, visit.caller, visit.ids["statement_id"])
    rows: list[tuple[str, Decimal]] = [(day.isoformat(), amount) for day, amount in found.days]
    chart = bar_chart("Cost by day", found.currency, [(label[8:], amount) for label, amount in rows])
    values = {
        "found": found,
        "chart": chart,
        "rows": [*rows, ("Not of a day: fees, entries, rounding", found.rest)],
        "statement_id": visit.ids["statement_id"],
        "place": place,
    }
    return Page("statement_days_part.html" if visit.is_partial else "statement_days.html", values)


def show_line(visit: Visit) -> Page:
    """Why a line has its price: its derivation, down to single charges."""
    statement_id, number = visit.ids["statement_id"], visit.ids["line_number"]
    found = explain_statement(visit.installation, visit.caller, statement_id, number)
    values = {"found": found, "document": found.document, "line": found.lines[0], "statement_id": statement_id}
    return Page("statement_line.html", values)


def give_csv(visit: Visit) -> Download:
    """The statement as CSV."""
    return csv_of(get_statement(visit.installation, visit.caller, visit.ids["statement_id"]))


def give_json(visit: Visit) -> Download:
    """The statement as JSON."""
    return json_of(get_statement(visit.installation, visit.caller, visit.ids["statement_id"]))


def csv_of(record: StatementRecord) -> Download:
    """A statement's lines as a file."""
    text = statement_csv(record.statement_id, record.statement, record.document)
    return Download(text.encode(), "text/csv; charset=utf-8", f"{_file_name(record)}.csv")


def json_of(record: StatementRecord) -> Download:
    """A statement as a file."""
    text = statement_json(record.statement_id, record.statement, record.document)
    return Download(text.encode(), "application/json", f"{_file_name(record)}.json")


def void(visit: Visit) -> PageAnswer:
    """Take an issued statement back."""
    statement_id = visit.ids["statement_id"]
    done = void_statement(visit.installation, visit.caller, statement_id, visit.form.text("reason"))
    said = "It waits for a second person to approve it." if done.waits else "The statement is taken back by a note."
    return Redirect(f"/statements/{statement_id}", said)


def _file_name(record: StatementRecord) -> str:
    named = record.document.invoice_id or f"statement {record.statement_id}"
    return f"{named} {record.statement.month}"


def _summed(lines: Sequence[ShownLine], statement: Statement, by_service: bool) -> list[tuple[str, Decimal]]:
    """What lines come to by service or subscription, the greatest first."""
    sums: dict[str, int] = defaultdict(int)
    for shown in lines:
        priced = shown.line.priced
        name = priced.service if by_service else priced.subscription
        sums[name or priced.description or _NO_SERVICE] += shown.line.amount_minor_units
    amounts = [(name, Decimal(units).scaleb(-statement.minor_digits)) for name, units in sums.items()]
    return sorted(amounts, key=lambda one: (-abs(one[1]), one[0]))


ROUTES = (
    PageRoute("GET", "/statements/{statement_id}", show_statement, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/days", show_days, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/lines/{line_number}", show_line, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/csv", give_csv, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/json", give_json, Permission.READ, "bills"),
    PageRoute("POST", "/statements/{statement_id}/void", void, Permission.CHANGE, "bills", Act.VOID_STATEMENT),
)
