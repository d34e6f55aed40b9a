"""A statement as the documents a customer gets. Nothing here knows the partner's cost."""

from rebill.documents.statement_csv import statement_csv
from rebill.documents.statement_json import statement_json

__all__ = ["statement_csv", "statement_json"]
