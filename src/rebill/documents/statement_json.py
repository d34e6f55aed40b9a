"""A statement as JSON (``docs/cli.md``, statements show)."""

import json

from rebill.documents.statement_lines import line_documents
from rebill.model.statement import Statement


def statement_json(statement_id: int, statement: Statement) -> str:
    """The statement as one JSON document; amounts and total are text in the currency's minor digits."""
    document = {
        "statement_id": statement_id,
        "customer_id": statement.customer_id,
        "period": str(statement.month),
        "currency": statement.currency,
        "status": statement.status.value,
        "total": statement.price_text,
        "lines": line_documents(statement),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
