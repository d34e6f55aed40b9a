"""Long lists of assignments: on SQLite a page is counted and found in one index, and its rows are read key by key."""

from datetime import date

import pytest

from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.assignments import assignment_page
from tests.store.plans import plans_of


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_page_reads_no_row_that_it_does_not_show(installation: Installation, partner: Caller) -> None:
    page, day = Page(2, 100), date(2024, 10, 1)
    plans = plans_of(
        installation,
        partner,
        lambda scope: assignment_page(scope, AccountKind.AZURE_CUSTOMER, 123456789, page, day, ()),
    )
    counted, found, read = [plan for _, plan in plans[:3]]
    for plan in (counted, found):
        assert plan == [
            "SEARCH assignments USING COVERING INDEX ix_assignments_of_customer_in_order"
            " (customer_id=? AND partner_id=? AND kind=?)"
        ]
    assert not any("ix_assignments_in_order" in step or "of_customer_in_order" in step for step in read)
