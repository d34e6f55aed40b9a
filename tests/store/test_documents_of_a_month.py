"""What is asked of a month looks through no other month's documents, however many there are: by plans of SQLite."""

from collections.abc import Callable

import pytest

from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.store.bill_rows import bill_rows
from rebill.store.closing import first_month_to_issue_before, statements_to_issue
from rebill.store.margin_figures import month_sums
from rebill.store.scope import Scope
from rebill.store.statements import statement_page, statements_by_status, statements_of_month
from rebill.store.told_parties import alike_estimates, documents_of_month
from tests.store.plans import plans_of

MONTH = BillingMonth(2024, 9)
QUESTIONS: dict[str, Callable[[Scope], object]] = {
    "bills": lambda scope: bill_rows(scope, MONTH),
    "counted by status": lambda scope: statements_by_status(scope, MONTH),
    "what they tell": lambda scope: documents_of_month(scope, MONTH),
    "estimates that tell the same": lambda scope: alike_estimates(scope, MONTH),
    "statements": lambda scope: statements_of_month(scope, MONTH),
    "a page of them": lambda scope: statement_page(scope, Page(1, 50), StatementFilter(month=MONTH), ()),
    "sums": lambda scope: month_sums(scope, MONTH),
    "to issue": lambda scope: statements_to_issue(scope, MONTH, None),
    "to issue before": lambda scope: first_month_to_issue_before(scope, MONTH),
}


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_documents_of_a_month_are_found_by_their_month(
    installation: Installation, partner: Caller, question: str
) -> None:
    plans = plans_of(installation, partner, QUESTIONS[question])
    steps = [step for _, plan in plans for step in plan if step.startswith(("SEARCH statements", "SCAN statements"))]
    assert steps
    for step in steps:
        assert "billing_month" in step, step
