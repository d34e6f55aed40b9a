"""Numbers that the partner's own system gave to issued documents."""

from datetime import datetime

from rebill.store.scope import Scope
from rebill.store.tables import given_numbers, statements


def is_number_taken(scope: Scope, invoice_id: str) -> bool:
    """Whether any document of the partner has this number, from either system."""
    given = scope.select(given_numbers, given_numbers.c.statement_id).where(given_numbers.c.invoice_id == invoice_id)
    own = scope.select(statements, statements.c.statement_id).where(statements.c.invoice_id == invoice_id)
    return any(scope.connection.scalars(query).first() is not None for query in (given, own))


def add_given_number(scope: Scope, statement_id: int, invoice_id: str, now: datetime) -> None:
    """Number a document for ever; the database refuses a second number, and a number twice."""
    scope.insert(given_numbers, [{"statement_id": statement_id, "invoice_id": invoice_id, "given_at": now}])
