"""What stands on documents and what they cost, summed for reports: Estimated ones, and all that stand issued."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, or_

from rebill.model.document import DocumentKind
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.statement import CARRY_KINDS, LineKind, StatementStatus
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import billing_rules, statement_lines, statements, voids


@dataclass(frozen=True)
class DocumentFigures:
    """A document before carry lines and blocks. ``run_id``: of the run that it was computed from."""

    statement_id: int
    customer_id: int
    month: BillingMonth
    currency: str
    price_minor_units: int
    cost: Decimal
    run_id: int


def document_figures(
    scope: Scope, month: BillingMonth | None = None, customer_id: int | None = None
) -> list[DocumentFigures]:
    """Statements, then notes and blocks in order of issue; not those that were taken back."""
    columns = statements.c
    query = scope.select(
        statements,
        columns.statement_id,
        columns.customer_id,
        columns.billing_month,
        columns.currency,
        columns.total_minor_units - columns.carried_minor_units - columns.block_minor_units,
        columns.statement_cost,
        columns.block_cost,
        columns.run_id,
        columns.edition,
    ).where(is_counted())
    if month is not None:
        query = query.where(columns.billing_month == str(month))
    if customer_id is not None:
        query = query.where(columns.customer_id == customer_id)
    taken_back = _taken_back(scope)
    comes_after = columns.document_kind != DocumentKind.STATEMENT.value
    order = (comes_after, columns.issued_at, columns.number, columns.statement_id)
    months: dict[str, BillingMonth] = {}
    return [
        DocumentFigures(
            statement_id,
            owner_id,
            months.get(billed_in) or months.setdefault(billed_in, BillingMonth.parse(billed_in)),
            currency,
            price,
            cost - block_cost,
            run_id,
        )
        for statement_id, owner_id, billed_in, currency, price, cost, block_cost, run_id, edition in (
            scope.connection.execute(query.order_by(*order))
        )
        if (owner_id, billed_in, currency, edition) not in taken_back
    ]


@dataclass(frozen=True)
class MonthSums:
    """What the documents of a month and currency come to together, before carry lines and blocks."""

    currency: str
    price_minor_units: int
    cost: Decimal
    document_count: int
    final_count: int


def month_sums(scope: Scope, month: BillingMonth) -> list[MonthSums]:
    """The documents of a month that count, summed by currency, exact: a database of text has no exact sums."""
    columns = statements.c
    query = scope.select(
        statements,
        columns.currency,
        columns.customer_id,
        columns.edition,
        columns.status == StatementStatus.FINAL.value,
        columns.total_minor_units - columns.carried_minor_units - columns.block_minor_units,
        columns.statement_cost,
        columns.block_cost,
    ).where(is_counted(), columns.billing_month == str(month))
    taken_back = _taken_back(scope)
    found: dict[str, MonthSums] = {}
    for currency, customer_id, edition, is_final, price, cost, block_cost in scope.connection.execute(query):
        if (customer_id, str(month), currency, edition) in taken_back:
            continue
        known = found.get(currency) or MonthSums(currency, 0, ZERO, 0, 0)
        found[currency] = MonthSums(
            currency,
            known.price_minor_units + price,
            known.cost + cost - block_cost,
            known.document_count + 1,
            known.final_count + bool(is_final),
        )
    return list(found.values())


def is_counted() -> ColumnElement[bool]:
    """Estimated statements, and all that stands issued."""
    final = statements.c.status == StatementStatus.FINAL.value
    kinds = (DocumentKind.STATEMENT.value, DocumentKind.NOTE.value, DocumentKind.BLOCK.value)
    return and_(
        statements.c.line_count > 0,
        or_(
            and_(final, statements.c.document_kind.in_(kinds)),
            and_(~final, statements.c.document_kind == DocumentKind.STATEMENT.value),
        ),
    )


def _taken_back(scope: Scope) -> set[tuple[int, str, str, int]]:
    return {
        (row.customer_id, row.billing_month, row.currency, row.edition)
        for row in scope.connection.execute(scope.select(voids))
    }


def shown_by_service(scope: Scope, statement_ids: Sequence[int]) -> dict[tuple[str, str | None], int]:
    """What documents show, by currency and service (of lines that no charges make: what they show), in minor units."""
    lines = statement_lines
    service = func.coalesce(lines.c.service, func.nullif(lines.c.description, ""))
    query = (
        scope.select(
            lines, statements.c.currency, service.label("named"), func.sum(lines.c.amount_minor_units).label("sum")
        )
        .join(statements, and_(statements.c.statement_id == lines.c.statement_id, scope.own(statements)))
        .where(
            among(scope.connection, lines.c.statement_id, statement_ids),
            lines.c.line_kind.not_in([kind.value for kind in CARRY_KINDS]),
        )
        .group_by(statements.c.currency, service)
    )
    return {(row.currency, row.named): int(row.sum) for row in scope.connection.execute(query)}


def exact_of_added_lines(scope: Scope, statement_ids: Sequence[int]) -> dict[tuple[str, str, str], Decimal]:
    """The exact amounts of lines that no charges make, by currency, kind and name: of the rule, or what is read."""
    lines = statement_lines
    kinds = [kind.value for kind in (*CARRY_KINDS, LineKind.CHARGES)]
    of_rule = and_(
        lines.c.line_kind.in_([LineKind.SUPPORT.value, LineKind.CUSTOM.value]),
        billing_rules.c.billing_rule_id == lines.c.reference,
        scope.own(billing_rules),
    )
    query = (
        scope.select(lines, statements.c.currency, billing_rules.c.name.label("rule"), *lines.c)
        .join(statements, and_(statements.c.statement_id == lines.c.statement_id, scope.own(statements)))
        .outerjoin(billing_rules, of_rule)
        .where(among(scope.connection, lines.c.statement_id, statement_ids), lines.c.line_kind.not_in(kinds))
    )
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in scope.connection.execute(query):
        found[row.currency, row.line_kind, row.rule or row.description] += row.exact_amount
    return dict(found)
