"""A statement or note as a file, in any of its forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rebill.documents import statement_csv, statement_json
from rebill.documents.cii import cii
from rebill.documents.electronic_invoice import INCOMPLETE, electronic_invoice
from rebill.documents.presented import PresentedStatement
from rebill.documents.ubl import ubl
from rebill.model.counting import counted
from rebill.model.document import DocumentForm
from rebill.model.errors import Conflict
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.services.acting.installation import Installation
from rebill.services.presenting.customer_data_set import write_customer_data_set
from rebill.services.presenting.presented_statement import presented_statement

GREATEST_ANSWER_BYTES = 256 * 1024**2
"""What a data set may have that is answered as a whole."""
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")
"""What of a number that another system gave stands in no file's name: separators of folders, spaces, quotes."""


@dataclass(frozen=True)
class StatementFile:
    """A document as bytes, and the name it is suggested to have.

    ``lacking``: characters of it that no font has. ``untold``: for want of which fields an issued PDF has no electronic
    invoice inside, each with what is needed.
    """

    form: DocumentForm
    name: str
    content: bytes
    lacking: str = ""
    untold: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, object]:
        """What a log tells of it besides."""
        without_font = {"without_font": self.lacking} if self.lacking else {}
        return without_font | ({"without_electronic_invoice": sorted(self.untold)} if self.untold else {})

    @property
    def told(self) -> str:
        """What is to be told of it although it was made; ``""`` for nothing."""
        told = []
        if self.lacking:
            few = self.lacking[:20]
            lacking = counted(len(self.lacking), "character has no font and is", "characters have no font and are")
            told.append(f"{lacking} shown as \ufffd: set REBILL_FONT_FOLDER ({few})")
        if self.untold:
            fields = ", ".join(f"{name} {fault}" for name, fault in self.untold.items())
            told.append(f"the PDF is without the electronic invoice: {fields}")
        return "; ".join(told)


def statement_file(installation: Installation, caller: Caller, statement_id: int, form: DocumentForm) -> StatementFile:
    """A statement or note in this form.

    Raises ``NotFound`` for one that ``caller`` may not see, and ``Conflict`` for an electronic invoice of what is not
    issued, or says too little.
    """
    if form.is_data_set:
        return _data_set_file(installation, caller, statement_id, form)
    return file_of(installation, presented_statement(installation, caller, statement_id), form)


def _data_set_file(installation: Installation, caller: Caller, statement_id: int, form: DocumentForm) -> StatementFile:
    name = suggested_name(presented_statement(installation, caller, statement_id), form)
    with TemporaryDirectory(prefix="rebill-data-set-") as folder:
        file = Path(folder) / f"data.{form.ending}"
        write_customer_data_set(installation, caller, statement_id, form, file)
        if file.stat().st_size > GREATEST_ANSWER_BYTES:
            raise Conflict(
                "data_set_too_large",
                f"The data set has more than {GREATEST_ANSWER_BYTES // 1024**2} MiB: rebill statements export "
                "writes it to a file; or let it be delivered.",
            )
        return StatementFile(form, name, file.read_bytes())


def file_of(installation: Installation, presented: PresentedStatement, form: DocumentForm) -> StatementFile:
    """What is presented, in this form."""
    name = suggested_name(presented, form)
    if form is not DocumentForm.PDF:
        return StatementFile(form, name, _content(presented, form))
    # Late: what sets documents takes long to load.
    from rebill.documents.statement_pdf import set_statement

    inside, untold = _inside(presented)
    content, lacking = set_statement(presented, inside, installation.settings.font_folder)
    return StatementFile(form, name, content, lacking, untold)


def _content(presented: PresentedStatement, form: DocumentForm) -> bytes:
    one = (presented.statement_id, presented.statement, presented.document, presented.tax)
    if form is DocumentForm.JSON:
        return statement_json(*one).encode()
    if form is DocumentForm.CSV:
        return statement_csv(*one).encode()
    if form is DocumentForm.CII:
        return cii(electronic_invoice(presented)).encode()
    if form is DocumentForm.UBL:
        return ubl(electronic_invoice(presented)).encode()
    raise AssertionError(f"{form} is made elsewhere")


def _inside(presented: PresentedStatement) -> tuple[str, Mapping[str, str]]:
    """The electronic invoice inside a PDF, and what it lacks; ``""`` where there is none, as of an estimate."""
    try:
        return cii(electronic_invoice(presented)), {}
    except Conflict as refusal:
        return "", refusal.fields if refusal.code == INCOMPLETE else {}


def suggested_name(presented: PresentedStatement, form: DocumentForm) -> str:
    """What whoever gets the file reads first: what it is, of which month, its number; an estimate has its currency.

    Such as ``statement-2024-09-S2024-000017.pdf``, ``credit-note-2024-09-N2024-000003.csv`` and
    ``statement-2024-09-estimated-USD.pdf``. What is issued and still without a number has none in its name.
    """
    statement, document = presented.statement, presented.document
    is_issued = statement.status is StatementStatus.FINAL
    known_by = document.invoice_id if is_issued else f"estimated-{statement.currency}"
    parts = (presented.type.value.replace("_", "-"), str(statement.month), _NOT_IN_NAMES.sub("-", known_by).strip("-."))
    return f"{'-'.join(filter(None, parts))}.{form.ending}"
