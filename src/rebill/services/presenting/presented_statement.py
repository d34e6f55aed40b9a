"""Gather what the documents of a statement show."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from rebill.documents.electronic_invoice import has_electronic_invoice
from rebill.documents.presented import CorrectedDocument, PresentedStatement
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.model.tax import DocumentTax, TaxCategory, taxed
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.store.particulars import find_logo, particulars_of, tax_rules_of
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord, find_statement
from rebill.store.subscription_names import told_names


def presented_statement(installation: Installation, caller: Caller, statement_id: int) -> PresentedStatement:
    """One statement or note with everything its documents show. Raises ``NotFound`` for one ``caller`` may not see."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        record = find_statement(scope, statement_id)
        if record is None:
            raise unknown_statement(statement_id)
        return _presented(scope, record, today_of(installation.clock()))


def tax_on(installation: Installation, caller: Caller, record: StatementRecord) -> DocumentTax:
    """The tax that the documents of a statement show, by the rules that it was issued with. Raises ``Forbidden``."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        partners = Scope(connection, caller.partner_id)
        particulars = particulars_of(partners, record.statement_id, record.statement.customer_id)
    return taxed(record.statement, particulars.tax_rules)


def can_be_electronic(installation: Installation, caller: Caller, record: StatementRecord) -> bool:
    """Whether a statement or note can be had as an electronic invoice, too. Raises ``Forbidden``."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        return has_electronic_invoice(_presented(scope, record, today_of(installation.clock())))


def tells_of_tax(installation: Installation, caller: Caller, customer_id: int) -> bool:
    """Whether any rule tells of tax on a customer's documents, now or in a month. Raises ``Forbidden``."""
    require(caller, Permission.READ_OWN)
    if caller.customer_id not in (None, customer_id):
        raise AssertionError("a customer asks about itself")
    with installation.database.reading() as connection:
        rules = tax_rules_of(Scope(connection, caller.partner_id), customer_id)
    return any(rule.treatment.category is not TaxCategory.NONE for rule in rules)


def _presented(scope: Scope, record: StatementRecord, day: date) -> PresentedStatement:
    # The letterhead and the rules for all customers are the partner's: a customer's key sees them on its documents.
    partners = Scope(scope.connection, scope.partner_id)
    customer_id = record.statement.customer_id
    particulars = particulars_of(partners, record.statement_id, customer_id)
    if record.statement.status is not StatementStatus.FINAL:
        shown = {(customer_id, subscription) for subscription in record.statement.subscriptions}
        names = told_names(partners, shown, day).get(customer_id, {})
        particulars = replace(particulars, subscription_names=names)
    logo = find_logo(partners, particulars.logo_sha256)
    corrected = [block.corrects_id for block in record.statement.blocks]
    if record.document.corrects_id is not None:
        corrected.insert(0, record.document.corrects_id)
    return PresentedStatement(
        record.statement_id,
        record.statement,
        record.document,
        particulars,
        _corrected(scope, corrected),
        b"" if logo is None else logo.content,
    )


def _corrected(scope: Scope, statement_ids: Sequence[int]) -> tuple[CorrectedDocument, ...]:
    found = []
    for statement_id in dict.fromkeys(statement_ids):
        record = find_statement(scope, statement_id)
        if record is None:
            raise AssertionError("what a document corrects is the same customer's")
        document = record.document
        found.append(CorrectedDocument(statement_id, document.invoice_id, document.invoice_date))
    return tuple(found)
