"""How documents of a month hang together: what a note corrects, and which note took a document back."""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, and_

from rebill.model.document import DocumentReference, DocumentTies
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import given_numbers, statements, voids


def ended_its_edition(scope: Scope) -> ColumnElement[bool]:
    """The condition that a void ended the edition that a document is of; there is one void of an edition at most."""
    same = (getattr(voids.c, name) == statements.c[name] for name in _EDITION)
    return and_(*same, scope.own(voids))


_EDITION = ("customer_id", "billing_month", "currency", "edition")


def ties_between(
    statement_id: int,
    corrects_id: int | None,
    void_id: int | None,
    note_id: int | None,
    numbers: Mapping[int, str],
) -> DocumentTies:
    """The ties of a document; ``void_id`` and ``note_id``: of the void that ended its edition, if one did."""

    def reference(other_id: int | None) -> DocumentReference | None:
        return None if other_id is None else DocumentReference(other_id, numbers.get(other_id, ""))

    takes_back = note_id == statement_id
    if void_id is None or takes_back:
        return DocumentTies(reference(corrects_id), takes_back)
    return DocumentTies(reference(corrects_id), False, True, reference(note_id))


def ties_of(scope: Scope, statement_ids: Collection[int]) -> dict[int, DocumentTies]:
    """The ties of these statements and notes, by id."""
    columns = (statements.c.statement_id, statements.c.corrects_id, voids.c.void_id, voids.c.note_id)
    query = scope.select(statements, *columns).outerjoin(voids, ended_its_edition(scope))
    rows = scope.connection.execute(
        query.where(among(scope.connection, statements.c.statement_id, statement_ids))
    ).all()
    told_of = {other_id for row in rows for other_id in (row.corrects_id, row.note_id) if other_id is not None}
    numbers = _numbers(scope, told_of)
    return {
        row.statement_id: ties_between(row.statement_id, row.corrects_id, row.void_id, row.note_id, numbers)
        for row in rows
    }


def _numbers(scope: Scope, statement_ids: Collection[int]) -> dict[int, str]:
    numbered = and_(given_numbers.c.statement_id == statements.c.statement_id, scope.own(given_numbers))
    columns = (statements.c.statement_id, statements.c.invoice_id, given_numbers.c.invoice_id.label("given_number"))
    query = scope.select(statements, *columns).outerjoin(given_numbers, numbered)
    rows = scope.connection.execute(query.where(among(scope.connection, statements.c.statement_id, statement_ids)))
    return {row.statement_id: row.invoice_id or row.given_number or "" for row in rows}
