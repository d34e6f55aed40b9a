"""Cost data sets of the record: a data set is visible if, and only if, a row here names it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, or_

from rebill.model.data_set import CurrencySum, DataSet, Part, SourceFile
from rebill.model.delivery import CoveredDays
from rebill.model.listing import Listing, Page
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored
from rebill.store.membership import among_given
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.statements import is_issued_statement
from rebill.store.tables import data_sets, statements


def data_sets_in_force(scope: Scope, month: BillingMonth | None = None) -> list[DataSet]:
    """Data sets in force, of one billing month or of all, in order of month, import and id."""
    query = scope.select(data_sets).where(data_sets.c.replaced_at.is_(None))
    if month is not None:
        query = query.where(data_sets.c.billing_month == str(month))
    ordered = query.order_by(data_sets.c.billing_month, data_sets.c.imported_at, data_sets.c.data_set_id)
    return [_data_set(row) for row in scope.connection.execute(ordered)]


def months_with_cost(scope: Scope) -> set[BillingMonth]:
    """The billing months that some data set in force is of."""
    query = scope.select(data_sets, data_sets.c.billing_month).where(data_sets.c.replaced_at.is_(None)).distinct()
    return {BillingMonth.parse(month) for month in scope.connection.scalars(query)}


def data_sets_of_long_usage(scope: Scope) -> list[DataSet]:
    """Data sets in force that hold usage of more than a day, or may: those in which it was never counted."""
    return [_data_set(row) for row in scope.run(_of_long_usage)]


def _of_long_usage(scope: Scope) -> Select[Any]:
    days = data_sets.c.greatest_usage_days
    query = scope.select(data_sets).where(data_sets.c.replaced_at.is_(None), or_(days.is_(None), days > 1))
    return query.order_by(data_sets.c.billing_month, data_sets.c.imported_at, data_sets.c.data_set_id)


def data_sets_of_issued_months(scope: Scope, customer_ids: Collection[int] | None = None) -> list[DataSet]:
    """Data sets in force of months of which a statement is issued to one of these customers (``None``: to anybody)."""
    if customer_ids is None:
        return [_data_set(row) for row in scope.run(_of_issued_months)]
    return [_data_set(row) for row in scope.run(_of_months_issued_to, customer_ids=list(customer_ids))]


def _of_issued_months(scope: Scope) -> Select[Any]:
    return _of_months(scope, _months_issued(scope))


def _of_months_issued_to(scope: Scope) -> Select[Any]:
    to_these = among_given(scope.dialect, statements.c.customer_id, "customer_ids")
    return _of_months(scope, _months_issued(scope).where(to_these))


def _months_issued(scope: Scope) -> Select[Any]:
    return scope.select(statements, statements.c.billing_month).where(is_issued_statement())


def _of_months(scope: Scope, months: Select[Any]) -> Select[Any]:
    query = scope.select(data_sets).where(data_sets.c.replaced_at.is_(None), data_sets.c.billing_month.in_(months))
    return query.order_by(data_sets.c.billing_month, data_sets.c.imported_at, data_sets.c.data_set_id)


def data_set_page(
    scope: Scope, page: Page, month: BillingMonth | None, with_replaced: bool, after: Sequence[Any]
) -> Listing[DataSet]:
    """A page of the data sets in order of import; of one month where that is given, those in force unless told so."""
    query = scope.select(data_sets)
    if month is not None:
        query = query.where(data_sets.c.billing_month == str(month))
    if not with_replaced:
        query = query.where(data_sets.c.replaced_at.is_(None))
    found = rows_of_page(scope.connection, query, (data_sets.c.imported_at, data_sets.c.data_set_id), page, after)
    items = [_data_set(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].data_set_id if items else None)


def find_data_set(scope: Scope, data_set_id: int) -> DataSet | None:
    """The data set of this id, in force or replaced."""
    if not can_be_stored(data_set_id):
        return None
    row = scope.connection.execute(scope.select(data_sets).where(data_sets.c.data_set_id == data_set_id)).one_or_none()
    return None if row is None else _data_set(row)


def data_sets_of_delivery(
    scope: Scope,
    source_kind: str,
    scope_name: str,
    view: str | None,
    sha256: str | None = None,
    version: str | None = None,
) -> list[DataSet]:
    """What was ever imported under this name of these bytes, or of the delivery that its source gave ``version``.

    In force or not, in order of month and import. Without ``view`` of any.
    """
    wanted = {"view": view, "delivery_sha256": sha256, "source_version": version}
    query = scope.select(data_sets).where(
        data_sets.c.source_kind == source_kind,
        data_sets.c.scope == scope_name,
        *(data_sets.c[name] == value for name, value in wanted.items() if value is not None),
    )
    ordered = query.order_by(data_sets.c.billing_month, data_sets.c.imported_at, data_sets.c.data_set_id)
    return [_data_set(row) for row in scope.connection.execute(ordered)]


def raise_version(scope: Scope, data_set_ids: Collection[int], version: str) -> None:
    """Note that a newer delivery of these data sets' names had the very same bytes."""
    raised = scope.update(data_sets).where(data_sets.c.data_set_id.in_(data_set_ids))
    scope.connection.execute(raised.values(source_version=version))


def recorded_data_sets(scope: Scope, data_set_ids: Collection[int]) -> set[int]:
    """Which of these ids the record knows, in force or replaced."""
    query = scope.select(data_sets, data_sets.c.data_set_id).where(data_sets.c.data_set_id.in_(data_set_ids))
    return set(scope.connection.scalars(query))


def add_data_sets(scope: Scope, added: Sequence[DataSet], replaced: Collection[int], at: datetime) -> None:
    """Put ``added`` in force in place of ``replaced``, but for those of them that are ``superseded``."""
    ended = scope.update(data_sets).where(data_sets.c.data_set_id.in_(replaced))
    scope.connection.execute(ended.values(replaced_at=at))
    scope.insert(data_sets, [_row(data_set) for data_set in added])


def _row(data_set: DataSet) -> dict[str, Any]:
    return {
        "data_set_id": data_set.data_set_id,
        "source_kind": data_set.source_kind,
        "scope": data_set.scope,
        "view": data_set.view,
        "billing_month": str(data_set.billing_month),
        "layout": data_set.layout,
        "delivery_sha256": data_set.delivery_sha256,
        "line_count": data_set.rows,
        "reject_count": data_set.reject_count,
        "files": [asdict(file) for file in data_set.files],
        "parts": [asdict(part) for part in data_set.parts],
        "sums": [found.document() for found in data_set.sums],
        "manifest_sha256": data_set.manifest_sha256,
        "imported_at": data_set.imported_at,
        "overlap_reason": data_set.overlap_reason,
        "greatest_usage_days": data_set.greatest_usage_days,
        "replaced_at": data_set.replaced_at,
        "source_version": data_set.source_version,
        "covered_from": data_set.covered.first if data_set.covered else None,
        "covered_to": data_set.covered.last if data_set.covered else None,
        "invoice_lines": data_set.invoice_lines,
    }


def _data_set(row: Row[Any]) -> DataSet:
    return DataSet(
        data_set_id=row.data_set_id,
        source_kind=row.source_kind,
        scope=row.scope,
        view=row.view,
        billing_month=BillingMonth.parse(row.billing_month),
        layout=row.layout,
        delivery_sha256=row.delivery_sha256,
        rows=row.line_count,
        reject_count=row.reject_count,
        files=tuple(map(SourceFile.recorded, row.files)),
        parts=tuple(Part(**part) for part in row.parts),
        sums=tuple(CurrencySum.of_document(found) for found in row.sums),
        manifest_sha256=row.manifest_sha256,
        imported_at=row.imported_at,
        replaced_at=row.replaced_at,
        overlap_reason=row.overlap_reason,
        greatest_usage_days=row.greatest_usage_days,
        source_version=row.source_version,
        covered=CoveredDays(row.covered_from, row.covered_to) if row.covered_from and row.covered_to else None,
        invoice_lines=row.invoice_lines,
    )
