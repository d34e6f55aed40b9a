"""What goes with Estimated statements when they are issued: blocks of late cost, and credit carried forward.

It stands on them before they are issued too, so that what is looked at is what will be issued. The credit itself is
never kept apart: it is the sum of what issued documents carried, which nobody can change.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_

from rebill.model.carrying import Settled, StatementToSettle, WaitingBlock, carry_line, settled
from rebill.model.currencies import minor_digits
from rebill.model.document import DocumentKind
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.statement import CARRY_KINDS, StatementLine, StatementStatus
from rebill.store.closing import WaitingDocument, billing_start
from rebill.store.issued_documents import OWN_MINOR_UNITS, Key, is_waiting_block
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import insert_stored_lines
from rebill.store.tables import statement_lines, statements
from rebill.store.terms import terms_recorded_for

_HAS_COMPANY = or_(statements.c.carried_minor_units != 0, statements.c.block_minor_units != 0)
_IS_ESTIMATED = and_(
    statements.c.status == StatementStatus.ESTIMATED.value,
    statements.c.document_kind == DocumentKind.STATEMENT.value,
)


_FIGURES = (
    "total_minor_units",
    "carried_minor_units",
    "block_minor_units",
    "statement_cost",
    "block_cost",
    "line_count",
)


@dataclass(frozen=True)
class _Standing:
    """An Estimated statement as it is stored."""

    to_settle: StatementToSettle
    key: Key
    own_lines: int
    own_cost: Decimal
    figures: dict[str, Any]


def settle_estimated(scope: Scope, month: BillingMonth, now: datetime, customer_id: int | None = None) -> None:
    """Put blocks and carry lines on Estimated statements, as they will be issued in order of months.

    To be done after anything that changed the statements of ``month``, or what waits for the next statement; as often
    as one likes. ``customer_id``: only this customer's. ``hold_closing`` must be held.
    """
    credit, blocks = _open_credit(scope, customer_id), _waiting_blocks(scope, customer_id)
    start = billing_start(scope)
    concerned = {*credit, *blocks, *_accompanied(scope, month, customer_id)}
    found: dict[Key, list[_Standing]] = defaultdict(list)
    for one in _estimated(scope, {concerned_id for concerned_id, _ in concerned}):
        if one.key in concerned:
            found[one.key].append(one)
    carried_by: dict[int, int | None] = {block.block_id: None for waiting in blocks.values() for block in waiting}
    changed: list[tuple[_Standing, Settled]] = []
    for key, standing in found.items():
        issuable = [one.to_settle for one in standing if start is None or one.to_settle.month >= start]
        going = {one.statement_id: one for one in settled(issuable, blocks.get(key, ()), credit.get(key, 0))}
        for one in standing:
            statement_id = one.to_settle.statement_id
            wanted = going.get(statement_id, Settled(statement_id, (), 0))
            carried_by |= {block.block_id: statement_id for block in wanted.blocks}
            changed.append((one, wanted))
    _stand_on(scope, carried_by)
    _store(scope, [(one, wanted) for one, wanted in changed if _figures(one, wanted) != one.figures], now)


def blocks_to_issue_with(scope: Scope, documents: Sequence[WaitingDocument]) -> list[WaitingDocument]:
    """The blocks that stand on these statements and are issued with them."""
    ids = [document.statement_id for document in documents]
    query = scope.select(statements).where(is_waiting_block(), among(scope.connection, statements.c.carried_by_id, ids))
    rows = scope.connection.execute(query.order_by(statements.c.customer_id, statements.c.billing_month))
    return [
        WaitingDocument(
            row.statement_id, row.customer_id, row.currency, row.run_id, DocumentKind.BLOCK, row.total_minor_units
        )
        for row in rows
    ]


def _of_customer(customer_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if customer_id is None else (statements.c.customer_id == customer_id,)


def _open_credit(scope: Scope, customer_id: int | None) -> dict[Key, int]:
    """What issued documents carried forward and none took up yet."""
    key = (statements.c.customer_id, statements.c.currency)
    query = (
        scope.select(statements, *key, func.sum(statements.c.carried_minor_units).label("credit"))
        .where(
            statements.c.carried_minor_units != 0,
            statements.c.status == StatementStatus.FINAL.value,
            *_of_customer(customer_id),
        )
        .group_by(*key)
    )
    found = {(row.customer_id, row.currency): int(row.credit) for row in scope.connection.execute(query)}
    if any(credit < 0 for credit in found.values()):
        raise AssertionError("no more credit is taken up than was carried")
    return {key: credit for key, credit in found.items() if credit}


def _waiting_blocks(scope: Scope, customer_id: int | None) -> dict[Key, list[WaitingBlock]]:
    query = scope.select(statements).where(is_waiting_block(), *_of_customer(customer_id))
    found: dict[Key, list[WaitingBlock]] = defaultdict(list)
    for row in scope.connection.execute(query):
        block = WaitingBlock(
            row.statement_id, BillingMonth.parse(row.billing_month), row.total_minor_units, row.statement_cost
        )
        found[row.customer_id, row.currency].append(block)
    return found


def _accompanied(scope: Scope, month: BillingMonth, customer_id: int | None) -> set[Key]:
    """Whose Estimated statements have something with them, or come to less than 0 in ``month``."""
    below = and_(statements.c.billing_month == str(month), OWN_MINOR_UNITS < 0)
    query = scope.select(statements, statements.c.customer_id, statements.c.currency).where(
        _IS_ESTIMATED, or_(_HAS_COMPANY, below), *_of_customer(customer_id)
    )
    return {(row.customer_id, row.currency) for row in scope.connection.execute(query)}


def _estimated(scope: Scope, customer_ids: Collection[int]) -> list[_Standing]:
    """The Estimated statements of these customers that have lines."""
    of_customers = among(scope.connection, statements.c.customer_id, customer_ids)
    query = scope.select(statements).where(_IS_ESTIMATED, statements.c.line_count > 0, of_customers)
    rows = scope.connection.execute(query).all()
    terms = terms_recorded_for(scope, customer_ids)
    return [_standing(row, terms(row.customer_id, row.billing_month).carry_forward) for row in rows]


def _standing(row: Any, carries: bool) -> _Standing:
    moved, in_blocks = row.carried_minor_units, row.block_minor_units
    return _Standing(
        StatementToSettle(
            row.statement_id,
            BillingMonth.parse(row.billing_month),
            row.total_minor_units - moved - in_blocks,
            carries,
        ),
        (row.customer_id, row.currency),
        own_lines=row.line_count - (1 if moved else 0),
        own_cost=row.statement_cost - row.block_cost,
        figures={name: getattr(row, name) for name in _FIGURES},
    )


def _stand_on(scope: Scope, carried_by: dict[int, int | None]) -> None:
    moved = (
        scope.update(statements)
        .where(statements.c.statement_id == bindparam("block_id"))
        .values(carried_by_id=bindparam("bearer_id"))
    )
    if carried_by:
        rows = [{"block_id": block_id, "bearer_id": bearer} for block_id, bearer in carried_by.items()]
        scope.connection.execute(moved, rows)


def _store(scope: Scope, changed: Sequence[tuple[_Standing, Settled]], now: datetime) -> None:
    if not changed:
        return
    kinds = [kind.value for kind in CARRY_KINDS]
    ids = [wanted.statement_id for _, wanted in changed]
    old = and_(statement_lines.c.line_kind.in_(kinds), among(scope.connection, statement_lines.c.statement_id, ids))
    scope.connection.execute(scope.delete(statement_lines).where(old))
    query = (
        scope.update(statements)
        .where(statements.c.statement_id == bindparam("settled_id"))
        .values(**{name: bindparam(f"new_{name}") for name in _FIGURES}, updated_at=now)
    )
    scope.connection.execute(
        query,
        [
            {"settled_id": wanted.statement_id}
            | {f"new_{name}": value for name, value in _figures(one, wanted).items()}
            for one, wanted in changed
        ],
    )
    insert_stored_lines(
        scope, {wanted.statement_id: [_line(one, wanted)] for one, wanted in changed if wanted.carried_minor_units}
    )


def _figures(one: _Standing, wanted: Settled) -> dict[str, Any]:
    in_blocks = sum(block.minor_units for block in wanted.blocks)
    block_cost = sum((block.cost for block in wanted.blocks), ZERO)
    return {
        "total_minor_units": one.to_settle.own_minor_units + in_blocks + wanted.carried_minor_units,
        "carried_minor_units": wanted.carried_minor_units,
        "block_minor_units": in_blocks,
        "statement_cost": one.own_cost + block_cost,
        "block_cost": block_cost,
        "line_count": one.own_lines + (1 if wanted.carried_minor_units else 0),
    }


def _line(one: _Standing, wanted: Settled) -> StatementLine:
    _, currency = one.key
    priced = carry_line(wanted.carried_minor_units, minor_digits(currency))
    return StatementLine(one.own_lines + 1, priced, wanted.carried_minor_units)
