"""A statement or note as JSON (``docs/cli.md``, statements show)."""

import json

from rebill.documents.statement_lines import block_documents, line_documents, tax_document
from rebill.model.document import Document
from rebill.model.statement import Statement
from rebill.model.tax import DocumentTax, taxed

STATEMENT = Document()


def statement_json(
    statement_id: int, statement: Statement, document: Document = STATEMENT, tax: DocumentTax | None = None
) -> str:
    """The statement as one JSON document; amounts and total are text in the currency's minor digits.

    ``tax``: what its documents tell of tax; ``None`` for nothing.
    """
    tax = tax or taxed(statement, ())
    told = {
        "statement_id": statement_id,
        "customer_id": statement.customer_id,
        "period": str(statement.month),
        "currency": statement.currency,
        "status": statement.status.value,
        "document_type": document.type_of(statement.total_minor_units).value,
        "invoice_id": document.invoice_id,
        "invoice_date": None if document.invoice_date is None else document.invoice_date.isoformat(),
        "corrects": document.corrects_id,
        "reason": document.reason,
        "total": statement.price_text,
        "lines": line_documents(statement, tax),
        "blocks": block_documents(statement),
        "tax": tax_document(statement, tax),
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
