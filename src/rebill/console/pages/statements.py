"""A statement: what it comes to, by day and by service, its lines, and why each has its price."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from rebill.console.charts import day_chart
from rebill.console.route import PageRoute
from rebill.console.visit import Download, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.document import DocumentForm, DocumentKind
from rebill.model.money import ZERO
from rebill.model.statement import StatementStatus
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.read_ties import read_ties
from rebill.services.billing.void_statement import void_statement
from rebill.services.presenting.presented_statement import can_be_electronic, tax_on
from rebill.services.presenting.statement_file import statement_file
from rebill.services.presenting.subscription_names import subscription_names
from rebill.services.proof.beside_last_month import has_last_month
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.spend_by_day import spend_by_day
from rebill.store.statements import StatementRecord

_NO_SERVICE = "Other"
_CORRECTIONS = "Corrections of other months"
_CARRIED = "Carried to or from another statement"
_NO_DAY = "Not of a day: fees, entries, rounding"
_GREATEST_SPAN_DAYS = 62
_SHOWN_CHARGES = 10


def show_statement(visit: Visit) -> Page:
    """A statement or note, with its lines."""
    return statement_page(visit, "/statements")


def statement_page(visit: Visit, place: str) -> Page:
    """What both faces show of a statement or note; ``place``: where its pages lie."""
    installation, caller = visit.installation, visit.caller
    record = get_statement(installation, caller, visit.ids["statement_id"])
    statement, ties = record.statement, read_ties(installation, caller, [record.statement_id])[record.statement_id]
    is_issued, is_statement = statement.status is StatementStatus.FINAL, record.document.kind is DocumentKind.STATEMENT
    # The partner is led to what is still to be told; nobody else can do anything about it.
    with_electronic = can_be_electronic(installation, caller, record) if visit.is_customers else is_issued
    services, subscriptions = (summed_lines([record], by_service) for by_service in (True, False))
    values = {
        "record": record,
        "statement": statement,
        "document_type": record.document.type_of(statement.total_minor_units),
        "ties": ties,
        "can_be_taken_back": is_issued and is_statement and not ties.is_taken_back,
        "tax": tax_on(installation, caller, record),
        "lines": list(statement.shown_lines),
        "place": place,
        "with_electronic": with_electronic,
        "services": services,
        "subscriptions": subscriptions,
        "names": subscription_names(installation, caller, statement.subscriptions),
        "has_last_month": not visit.is_customers and is_statement and has_last_month(installation, caller, record),
    }
    return Page("statement.html", values)


def show_days(visit: Visit) -> Page:
    """What the charges of each day come to."""
    return days_page(visit, "/statements", "Price by day")


def days_page(visit: Visit, place: str, title: str) -> Page:
    """The page of a statement's days, or its part of the statement's page; a price is its customer's cost."""
    found = spend_by_day(visit.installation, visit.caller, visit.ids["statement_id"])
    days = _every_day(found.days)
    chart = day_chart(title, found.currency, days)
    besides = ((_CORRECTIONS, found.corrections), (_CARRIED, found.carried), (_NO_DAY, found.rest))
    values = {
        "chart": chart,
        "rows": days,
        "besides": [(words, amount) for words, amount in besides if amount or words == _NO_DAY],
        "statement_id": visit.ids["statement_id"],
        "place": place,
    }
    return Page("statement_days_part.html" if visit.is_partial else "statement_days.html", values)


def _every_day(days: Sequence[tuple[date, Decimal]]) -> list[tuple[date, Decimal]]:
    """The days from the first to the last one, also those without charges; where that is too many, those with some."""
    if not days or (days[-1][0] - days[0][0]).days > _GREATEST_SPAN_DAYS:
        return list(days)
    amounts = dict(days)
    span = range((days[-1][0] - days[0][0]).days + 1)
    every = [days[0][0] + timedelta(days=number) for number in span]
    return [(day, amounts.get(day, ZERO)) for day in every]


def show_line(visit: Visit) -> Page:
    """Why a line has its price: its derivation, down to single charges."""
    statement_id, number = visit.ids["statement_id"], visit.ids["line_number"]
    found = explain_statement(visit.installation, visit.caller, statement_id, number, shown_charges=_SHOWN_CHARGES)
    line = found.lines[0]
    subscriptions = {one.account.subscription for one in line.totals if one.account.subscription}
    values = {
        "found": found,
        "document": found.document,
        "line": line,
        "statement_id": statement_id,
        "names": subscription_names(visit.installation, visit.caller, subscriptions),
    }
    return Page("statement_line.html", values)


def file_routes(place: str, for_customers: bool) -> tuple[PageRoute, ...]:
    """A route for each form in which statements are to be had."""
    permission = Permission.READ_OWN if for_customers else Permission.READ
    section = "statements" if for_customers else "bills"
    return tuple(
        PageRoute(
            "GET",
            f"{place}/{{statement_id}}/{form.value}",
            partial(_give, form),
            permission,
            section,
            for_customers=for_customers,
        )
        for form in DocumentForm
    )


def _give(form: DocumentForm, visit: Visit) -> Download:
    file = statement_file(visit.installation, visit.caller, visit.ids["statement_id"], form)
    media_type = form.media_type + ("; charset=utf-8" if form is DocumentForm.CSV else "")
    return Download(file.content, media_type, file.name, facts=file.facts)


def void(visit: Visit) -> PageAnswer:
    """Take an issued statement back."""
    statement_id = visit.ids["statement_id"]
    done = void_statement(visit.installation, visit.caller, statement_id, visit.form.text("reason"))
    said = "It waits for a second person to approve it." if done.waits else "The statement is taken back by a note."
    return Redirect(f"/statements/{statement_id}", said)


def summed_lines(records: Sequence[StatementRecord], by_service: bool) -> list[tuple[str, Decimal]]:
    """What the lines of statements in one currency come to by service or subscription, the greatest first."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for statement in (record.statement for record in records):
        for shown in statement.shown_lines:
            priced = shown.line.priced
            name = priced.service if by_service else priced.subscription
            amount = Decimal(shown.line.amount_minor_units).scaleb(-statement.minor_digits)
            sums[name or priced.description or _NO_SERVICE] += amount
    return sorted(sums.items(), key=lambda one: (-abs(one[1]), one[0]))


ROUTES = (
    PageRoute("GET", "/statements/{statement_id}", show_statement, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/days", show_days, Permission.READ, "bills"),
    PageRoute("GET", "/statements/{statement_id}/lines/{line_number}", show_line, Permission.READ, "bills"),
    *file_routes("/statements", for_customers=False),
    PageRoute("POST", "/statements/{statement_id}/void", void, Permission.CHANGE, "bills", Act.VOID_STATEMENT),
)
