"""Dry runs of price books: who asked for what, and what came of it. Nothing of a month is stored with them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from rebill.model.dry_run import CurrencyDifference, DryRun, DryRunStatus, ServiceDifference
from rebill.model.money import text_of
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.scope import Scope
from rebill.store.tables import price_book_dry_runs

_TABLE = price_book_dry_runs


def begin_dry_run(
    scope: Scope,
    book_id: int,
    customer_id: int,
    month: BillingMonth,
    owner_ids: Sequence[str],
    place: int,
    now: datetime,
) -> int:
    """Note that a dry run works at ``place``; answers its id. One that was still noted there is interrupted."""
    before = scope.update(_TABLE).where(_TABLE.c.place == place, _TABLE.c.status == DryRunStatus.RUNNING.value)
    scope.connection.execute(before.values(status=DryRunStatus.INTERRUPTED.value, finished_at=now))
    dry_run_id = draw_id(scope.connection, _TABLE.c.dry_run_id)
    row = {
        "dry_run_id": dry_run_id,
        "customer_id": customer_id,
        "price_book_id": book_id,
        "billing_month": str(month),
        "owner_ids": list(owner_ids),
        "place": place,
        "status": DryRunStatus.RUNNING.value,
        "requested_at": now,
        "differences": [],
        "fault": "",
    }
    scope.insert(_TABLE, [row])
    return dry_run_id


def end_dry_run(
    scope: Scope,
    dry_run_id: int,
    status: DryRunStatus,
    differences: Sequence[CurrencyDifference],
    fault: str,
    now: datetime,
) -> None:
    """Note what came of a dry run: ``differences``, or why it failed."""
    values = {
        "status": status.value,
        "finished_at": now,
        "fault": fault,
        "differences": [_document(difference) for difference in differences],
    }
    scope.connection.execute(scope.update(_TABLE).where(_TABLE.c.dry_run_id == dry_run_id).values(**values))


def find_dry_run(scope: Scope, dry_run_id: int) -> tuple[DryRun, int] | None:
    """A dry run, and the place where it works or worked."""
    if not can_be_stored(dry_run_id):
        return None
    row = scope.connection.execute(scope.select(_TABLE).where(_TABLE.c.dry_run_id == dry_run_id)).one_or_none()
    return None if row is None else (_dry_run(row), row.place)


def _document(difference: CurrencyDifference) -> dict[str, Any]:
    services = [[one.service, text_of(one.today), text_of(one.under_book)] for one in difference.services]
    return {"currency": difference.currency, "services": services}


def _difference(document: dict[str, Any]) -> CurrencyDifference:
    services = (
        ServiceDifference(name, Decimal(today), Decimal(under_book)) for name, today, under_book in document["services"]
    )
    return CurrencyDifference(document["currency"], tuple(services))


def _dry_run(row: Row[Any]) -> DryRun:
    return DryRun(
        dry_run_id=row.dry_run_id,
        price_book_id=row.price_book_id,
        customer_id=row.customer_id,
        month=BillingMonth.parse(row.billing_month),
        owner_ids=tuple(row.owner_ids),
        status=DryRunStatus(row.status),
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        differences=tuple(_difference(document) for document in row.differences),
        fault=row.fault,
    )
