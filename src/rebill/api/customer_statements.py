"""Statements of customers: list, get as any of their documents."""

from decimal import Decimal
from typing import Any

from rebill.api.accept import preferred
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.errors import NotAcceptable
from rebill.api.paging import list_answer, page_of
from rebill.api.query import choice, month
from rebill.api.resource import Resource
from rebill.api.statement_shapes import (
    CurrencyAnswer,
    StatementAnswer,
    StatementBlockAnswer,
    StatementLineAnswer,
    StatementList,
    StatementSummary,
    StatementTaxAnswer,
)
from rebill.documents.currency_symbol import currency_symbol
from rebill.documents.statement_lines import block_documents, line_documents, tax_document
from rebill.model.cloud import Cloud, cloud_of
from rebill.model.document import DocumentForm
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_statements import get_statement, list_statements, unknown_statement
from rebill.services.presenting.presented_statement import tax_on
from rebill.services.presenting.statement_file import statement_file
from rebill.store.statements import StatementRecord

_FORMS = {form.media_type: form for form in DocumentForm}
_PARAMETERS = {DocumentForm.CSV: "; charset=utf-8; header=present"}
FILTERS = (
    choice("status", "Only statements of this status.", tuple(StatementStatus)),
    month("billing_period", "Only statements of this billing month."),
    choice("documents", "Credit and debit notes too (all), or statements only.", ("statements", "all")),
)


def list_all(call: Call) -> Answer:
    """The statements of the partner's customers, deleted ones' too; a customer's own key sees its own.

    `Estimated` ones are rebuilt by every run; `Final` ones are issued and never change. Credit and debit notes
    stand in the list with `documents=all` only.
    """
    status = call.parameters.text("status")
    wanted = StatementFilter(
        customer_id=call.filter_customer_id,
        month=call.parameters.month("billing_period"),
        status=None if status is None else StatementStatus(status),
        with_notes=call.parameters.text("documents") == "all",
    )
    listing = list_statements(call.installation, call.caller, page_of(call.parameters), wanted)
    artifacts = [StatementSummary(**_summary(listed.record, listed.cloud)) for listed in listing.items]
    return list_answer(call, StatementList(billing_artifacts=artifacts), listing)


def get(call: Call) -> Answer:
    """One statement with its lines, which add up to its total; by `Accept` as any of its documents.

    What is issued is to be had as electronic invoice (CII, UBL) where letterhead, customer and tax tell enough. No
    answer shows what a statement costs the partner.
    """
    statement_id = call.ids["statement_id"]
    record = get_statement(call.installation, call.caller, statement_id)
    if call.filter_customer_id not in (None, record.statement.customer_id):
        raise unknown_statement(statement_id)
    media_type = preferred(call.accept, tuple(_FORMS))
    if media_type is None:
        raise NotAcceptable(tuple(_FORMS))
    headers = {"Vary": "Accept"}
    if media_type == DocumentForm.JSON.media_type:
        return Answer.json(200, statement_answer(call, record), headers)
    file = statement_file(call.installation, call.caller, statement_id, _FORMS[media_type])
    headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return Answer(200, file.content, headers, media_type + _PARAMETERS.get(file.form, ""), file.facts)


def statement_id_of(call: Call) -> int:
    """The id of the path; of the customer that the caller narrows down to, if it does. Raises ``NotFound``."""
    statement_id = call.ids["statement_id"]
    wanted = call.filter_customer_id
    if wanted is not None:
        statement = get_statement(call.installation, call.caller, statement_id).statement
        if statement.customer_id != wanted:
            raise unknown_statement(statement_id)
    return statement_id


def statement_answer(call: Call, record: StatementRecord) -> StatementAnswer:
    """A statement with its lines and its tax, as the API shows it."""
    tax = tax_on(call.installation, call.caller, record)
    statement = record.statement
    cloud = cloud_of(line.priced.provider for line in statement.lines)
    lines = [StatementLineAnswer.model_validate(line) for line in line_documents(statement, tax)]
    blocks = [StatementBlockAnswer.model_validate(block) for block in block_documents(statement)]
    return StatementAnswer(
        **_summary(record, cloud),
        reason=record.document.reason,
        lines=lines,
        blocks=blocks,
        tax=StatementTaxAnswer.model_validate(tax_document(statement, tax)),
    )


def _summary(record: StatementRecord, cloud: Cloud) -> dict[str, Any]:
    statement, document = record.statement, record.document
    return {
        "id": record.statement_id,
        "customer_id": statement.customer_id,
        "cloud": cloud.value,
        "billing_period": str(statement.month),
        "total_amount": Decimal(statement.price_text),
        "status": statement.status.value,
        "detailed_billing_records_generation_time": record.updated_at,
        "statement_generation_time": record.updated_at,
        "statement_summary_generation_time": record.updated_at,
        "currency": CurrencyAnswer(name=statement.currency, symbol=currency_symbol(statement.currency)),
        "invoice_id": document.invoice_id,
        "invoice_date": "" if document.invoice_date is None else document.invoice_date.isoformat(),
        "document_type": document.type_of(statement.total_minor_units).value,
        "corrects": document.corrects_id,
    }


STATEMENTS = Resource(
    "/v1/customer_statements",
    "statement_id",
    StatementAnswer,
    StatementList,
    "/billing_artifacts/0/id",
    Permission.READ_OWN,
    found=get_statement,
)
ROUTES = (
    STATEMENTS.listed(list_all, "List statements", *FILTERS),
    STATEMENTS.shown(
        get,
        "Show a statement with its lines, as any of its documents",
        other_forms=tuple(_FORMS)[1:],
        may_conflict=True,
        headers={"Vary": "The answer differs by `Accept`."},
    ),
)
