"""Long lists of assignments: on SQLite a page is counted and found in one index, and its rows are read key by key."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.assignments import assignment_page
from rebill.store.scope import Scope


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_page_reads_no_row_that_it_does_not_show(installation: Installation, partner: Caller) -> None:
    asked: list[tuple[str, Any]] = []
    database = installation.database

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    with database.reading() as connection:
        scope = Scope.of(connection, partner)
        assignment_page(scope, AccountKind.AZURE_CUSTOMER, 123456789, Page(2, 100), date(2024, 10, 1), ())
        counted, found, read = [
            [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in [one for one in asked if one[0].startswith("SELECT")][:3]
        ]
    for plan in (counted, found):
        assert plan == [
            "SEARCH assignments USING COVERING INDEX ix_assignments_of_customer_in_order"
            " (customer_id=? AND partner_id=? AND kind=?)"
        ]
    assert not any("ix_assignments_in_order" in step or "of_customer_in_order" in step for step in read)
