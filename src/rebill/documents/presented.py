"""A statement or note with everything that its documents show."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from rebill.model.document import Document, DocumentType
from rebill.model.particulars import Particulars
from rebill.model.statement import Statement
from rebill.model.tax import DocumentTax, taxed


@dataclass(frozen=True)
class CorrectedDocument:
    """An issued document that another one corrects: its number (``""``: none yet) and date."""

    statement_id: int
    invoice_id: str
    invoice_date: date | None


@dataclass(frozen=True)
class PresentedStatement:
    """``corrects``: the statements that a note, or blocks on a statement, correct. ``logo``: a picture, or ``b""``."""

    statement_id: int
    statement: Statement
    document: Document
    particulars: Particulars
    corrects: tuple[CorrectedDocument, ...] = ()
    logo: bytes = field(default=b"")

    @cached_property
    def tax(self) -> DocumentTax:
        """The tax on it, by the rules that it was issued with."""
        return taxed(self.statement, self.particulars.tax_rules)

    def told_tax_id(self, tax_id: str) -> str:
        """A tax number as documents tell it: ``""`` where all is outside the scope of tax, as EN 16931 has it."""
        return "" if self.tax.is_not_subject else tax_id

    @property
    def type(self) -> DocumentType:
        return self.document.type_of(self.statement.total_minor_units)

    @property
    def due_date(self) -> date | None:
        """When it is to be paid; ``None`` = on receipt, or not issued yet."""
        days = self.particulars.letterhead.payment_days
        issued = self.document.invoice_date
        return None if days is None or issued is None else issued + timedelta(days)
