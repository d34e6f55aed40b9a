"""Which statements of a month can be no electronic invoices, and for want of which fields (``docs/documents.md``)."""

from collections.abc import Collection, Sequence, Set
from typing import Final

from rebill.documents.electronic_invoice import lacking_fields
from rebill.model.checklist import IncompleteDocument
from rebill.model.months import BillingMonth
from rebill.model.particulars import Particulars
from rebill.model.party import Caller
from rebill.model.statement import LineKind, StatementStatus
from rebill.model.tax import TaxedLines, TaxTreatment, lines_of, treatment_of_lines
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.particulars import particulars_in_force, particulars_of_issued
from rebill.store.scope import Scope
from rebill.store.statements import (
    LineSort,
    StatementRecord,
    sorts_of_lines,
    statements_of_month,
    statements_with_blocks,
)

_OF_CUSTOMERS: Final = ("customer.", "billing_details.")


def incomplete_estimates(installation: Installation, caller: Caller, month: BillingMonth) -> list[IncompleteDocument]:
    """The Estimated statements of a month that would be no electronic invoices, were they issued now.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return [one for one in incomplete_documents(Scope.of(connection, caller), month) if not one.is_issued]


def incomplete_documents(
    scope: Scope, month: BillingMonth, corrected: Collection[int] = ()
) -> list[IncompleteDocument]:
    """The same, and issued statements and notes, by what they were issued with; what is not issued comes first.

    ``corrected``: issued statements that wait to be corrected. Their notes would show what is in force.
    """
    records = statements_of_month(scope, month, with_notes=True)
    issued = [one for one in records if one.statement.status is StatementStatus.FINAL]
    as_issued = particulars_of_issued(scope, [one.statement_id for one in issued])
    waiting = [one for one in records if one.statement_id not in as_issued or one.statement_id in corrected]
    customer_ids = {one.statement.customer_id for one in waiting}
    in_force = particulars_in_force(scope, customer_ids) if customer_ids else {}
    shown = [(one, as_issued.get(one.statement_id) or in_force[one.statement.customer_id], False) for one in records]
    shown += [(one, in_force[one.statement.customer_id], True) for one in issued if one.statement_id in corrected]
    sorts = _told_apart(scope, shown)
    found = []
    for record, particulars, is_correction in shown:
        statement = record.statement
        of_all = {LineSort(statement.month, LineKind.CHARGES, None)}
        treatments = _treatments(particulars, sorts.get(record.statement_id, of_all))
        fields = lacking_fields(particulars, treatments, statement.minor_digits)
        if fields:
            is_issued = statement.status is StatementStatus.FINAL and not is_correction
            name = record.customer_name
            found.append(
                IncompleteDocument(record.statement_id, statement.customer_id, name, is_issued, fields, is_correction)
            )
    return sorted(found, key=lambda one: (one.is_issued, one.customer_name, one.statement_id))


def is_of_customer(field: str) -> bool:
    """Whether a field is completed at the customer, not for all of them at once."""
    return field.startswith(_OF_CUSTOMERS)


def _told_apart(scope: Scope, shown: Sequence[tuple[StatementRecord, Particulars, bool]]) -> dict[int, set[LineSort]]:
    """The sorts of lines of those statements whose lines may fall under several rules; the others' need not be read."""
    rules = [(record.statement_id, particulars.tax_rules) for record, particulars, _ in shown if particulars.tax_rules]
    ids = {statement_id for statement_id, _ in rules}
    by_lines = {one for one, of_one in rules if any(rule.lines is not TaxedLines.ALL for rule in of_one)}
    asked = by_lines | statements_with_blocks(scope, ids)
    return sorts_of_lines(scope, sorted(asked)) if asked else {}


def _treatments(particulars: Particulars, sorts: Set[LineSort]) -> set[TaxTreatment | None]:
    customer_id, rules = particulars.recipient.customer_id, particulars.tax_rules
    return {
        treatment_of_lines(customer_id, lines_of(sort.kind, sort.charge_category), sort.month, rules) for sort in sorts
    }
