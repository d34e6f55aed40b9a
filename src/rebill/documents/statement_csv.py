"""A statement as CSV (RFC 4180): a header, a row a line, and nothing else."""

import csv
import io

from rebill.documents.spreadsheet_text import harmless
from rebill.documents.statement_json import STATEMENT
from rebill.documents.statement_lines import LINE_KEYS, line_documents
from rebill.model.document import Document
from rebill.model.statement import Statement
from rebill.model.tax import DocumentTax, taxed

_HEAD_KEYS = (
    "statement_id",
    "customer_id",
    "period",
    "currency",
    "status",
    "document_type",
    "invoice_id",
    "invoice_date",
    "corrects",
)
_WORDS = ("provider", "subscription", "service", "charge_category")


def statement_csv(
    statement_id: int, statement: Statement, document: Document = STATEMENT, tax: DocumentTax | None = None
) -> str:
    """The statement's lines, each with the statement's own keys in front; amounts in minor digits, before tax.

    ``tax``: what its documents tell of tax; ``None`` for nothing. A text that a spreadsheet would run as a formula gets
    an apostrophe in front; numbers do not.
    """
    head = (
        str(statement_id),
        str(statement.customer_id),
        str(statement.month),
        statement.currency,
        statement.status.value,
        document.type_of(statement.total_minor_units).value,
        harmless(document.invoice_id),
        "" if document.invoice_date is None else document.invoice_date.isoformat(),
        "" if document.corrects_id is None else str(document.corrects_id),
    )
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow((*_HEAD_KEYS, *LINE_KEYS))
    for line in line_documents(statement, tax or taxed(statement, ())):
        words = [harmless(line[key]) for key in _WORDS]
        told = (line["kind"], line["reference"], harmless(line["description"]), line["correction_of"])
        taxed_as = (line["tax_category"], line["tax_percent"])
        writer.writerow((*head, line["n"], *words, line["quantity"], line["amount"], *told, *taxed_as))
    return rows.getvalue()
