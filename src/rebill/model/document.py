"""Documents: statements and notes as they are issued, with what makes each of them one of its kind."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DocumentKind(StrEnum):
    """What a row of the record's statements is."""

    STATEMENT = "statement"
    NOTE = "note"
    """A correction of an issued statement, by itself."""
    BLOCK = "block"
    """A correction of an issued statement that stands on a later one."""
    RECOMPUTATION = "recomputation"
    """What the last run computed for a month that has an issued statement: no customer gets it."""


class DocumentType(StrEnum):
    """What a document is called."""

    STATEMENT = "statement"
    CREDIT_STATEMENT = "credit_statement"
    DEBIT_NOTE = "debit_note"
    CREDIT_NOTE = "credit_note"


class DocumentForm(StrEnum):
    """What a statement or note is to be had as, by the name that commands have for it."""

    media_type: str
    ending: str

    def __new__(cls, name: str, media_type: str, ending: str) -> "DocumentForm":
        form = str.__new__(cls, name)
        form._value_ = name
        form.media_type = media_type
        form.ending = ending
        return form

    JSON = "json", "application/json", "json"
    CSV = "csv", "text/csv", "csv"
    PDF = "pdf", "application/pdf", "pdf"
    CII = "cii", "application/xml", "cii.xml"
    UBL = "ubl", "application/x.ubl+xml", "ubl.xml"
    FOCUS = "focus", "application/x.focus+csv", "focus.csv"
    FOCUS_PARQUET = "focus-parquet", "application/vnd.apache.parquet", "focus.parquet"

    @property
    def is_text(self) -> bool:
        """Whether its bytes are text, in UTF-8."""
        return self not in (DocumentForm.PDF, DocumentForm.FOCUS_PARQUET)

    @property
    def is_data_set(self) -> bool:
        """Whether it is the customer's data set, which has a row for each charge."""
        return self in (DocumentForm.FOCUS, DocumentForm.FOCUS_PARQUET)


class Series(StrEnum):
    """What is numbered by itself, without a gap, for each partner and year."""

    STATEMENTS = "statements"
    NOTES = "notes"


_MARKS = {Series.STATEMENTS: "S", Series.NOTES: "N"}


@dataclass(frozen=True)
class Document:
    """What a statement or note is beside its lines.

    ``edition``: counts from 1; a month that is issued anew after a void has the next one. ``corrects_id``: the
    statement that a note corrects, ``reason``: why. ``invoice_id``: ``""`` until issued, or until the partner's
    own system has given it.
    """

    kind: DocumentKind = DocumentKind.STATEMENT
    edition: int = 1
    corrects_id: int | None = None
    reason: str = ""
    invoice_id: str = ""
    invoice_date: date | None = None

    def type_of(self, total_minor_units: int) -> DocumentType:
        """What a document of this kind with this total is called."""
        if self.kind is DocumentKind.STATEMENT:
            return DocumentType.STATEMENT if total_minor_units >= 0 else DocumentType.CREDIT_STATEMENT
        return DocumentType.DEBIT_NOTE if total_minor_units > 0 else DocumentType.CREDIT_NOTE


@dataclass(frozen=True)
class DocumentReference:
    """Another document that one tells of; ``invoice_id``: ``""`` while it has none."""

    statement_id: int
    invoice_id: str


@dataclass(frozen=True)
class DocumentTies:
    """What ties a document to others of its month.

    ``corrects``: the statement that a note corrects, ``takes_back``: and takes back, with its other notes.
    ``is_taken_back``: that was done to it, ``taken_back_by`` this note: ``None`` where there was nothing to give back.
    """

    corrects: DocumentReference | None = None
    takes_back: bool = False
    is_taken_back: bool = False
    taken_back_by: DocumentReference | None = None


def series_of(kind: DocumentKind) -> Series:
    """The series that numbers documents of this kind."""
    return Series.STATEMENTS if kind is DocumentKind.STATEMENT else Series.NOTES


def invoice_id_text(series: Series, year: int, number: int) -> str:
    """A number as documents show it: ``S2024-000017``, ``N2024-000003``."""
    return f"{_MARKS[series]}{year}-{number:06d}"
