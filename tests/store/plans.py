"""How SQLite would answer what was asked of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.scope import Scope


def plans_of(installation: Installation, caller: Caller, ask: Callable[[Scope], object]) -> list[tuple[str, list[str]]]:
    """Each SELECT that ``ask`` sends to the database, with the steps of its plan."""
    asked: list[tuple[str, Any]] = []
    database = installation.database

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        # Of several rows a list would be sent.
        asked.append((statement, tuple(values) if isinstance(values, list) else values))

    with database.reading() as connection:
        ask(Scope.of(connection, caller))
        return [
            (statement, [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)])
            for statement, values in [one for one in asked if one[0].startswith("SELECT")]
        ]
