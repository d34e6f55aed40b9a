"""A statement or note as JSON (``docs/cli.md``, statements show)."""

import json

from rebill.documents.statement_lines import block_documents, line_documents
from rebill.model.document import Document
from rebill.model.statement import Statement

STATEMENT = Document()


def statement_json(statement_id: int, statement: Statement, document: Document = STATEMENT) -> str:
    """The statement as one JSON document; amounts and total are text in the currency's minor digits."""
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
        "lines": line_documents(statement),
        "blocks": block_documents(statement),
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
