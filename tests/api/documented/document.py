"""The document in the repository."""

from pathlib import Path

from rebill.api.openapi import openapi_document
from rebill.api.routes import ROUTES
from tests.api.documented.recording import json_text

FILE = Path(__file__).parent.parent.parent.parent / "docs" / "openapi.json"


def document_text() -> str:
    """What the file should hold."""
    return json_text(openapi_document(ROUTES))


def write_document() -> None:
    """Write the file anew."""
    FILE.write_text(document_text(), encoding="utf-8")
