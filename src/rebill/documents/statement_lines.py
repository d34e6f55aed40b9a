"""What every document of a statement says of its lines, in one place."""

from typing import Any

from rebill.model.money import text_of, text_of_minor_units
from rebill.model.statement import Statement
from rebill.model.tax import DocumentTax

LINE_KEYS = (
    "n",
    "provider",
    "subscription",
    "service",
    "charge_category",
    "quantity",
    "amount",
    "kind",
    "reference",
    "description",
    "correction_of",
    "tax_category",
    "tax_percent",
)
"""The keys of a line, in order."""


def line_documents(statement: Statement, tax: DocumentTax) -> list[dict[str, int | str | None]]:
    """Every line of the document as ``LINE_KEYS`` → value, in order; they add up to the total.

    Quantity exact, amount in the currency's minor digits, absent = ``None``. ``correction_of``: the month that
    the line's block corrects. ``tax``: the document's.
    """
    return [
        {
            "n": number,
            "provider": line.priced.provider,
            "subscription": line.priced.subscription,
            "service": line.priced.service,
            "charge_category": line.priced.charge_category,
            "quantity": None if line.priced.quantity is None else text_of(line.priced.quantity),
            "amount": text_of_minor_units(line.amount_minor_units, statement.minor_digits),
            "kind": line.priced.kind.value,
            "reference": line.priced.reference,
            "description": line.priced.description,
            "correction_of": None if corrects is None else str(corrects),
            "tax_category": None if treatment is None else treatment.category.value,
            "tax_percent": None if treatment is None else treatment.percent_text,
        }
        for (number, line, corrects), treatment in zip(statement.shown_lines, tax.treatments, strict=True)
    ]


def tax_document(statement: Statement, tax: DocumentTax) -> dict[str, Any]:
    """The tax of the document: net total, tax and what is due, and what each treatment's lines add to them."""

    def shown(minor_units: int) -> str:
        return text_of_minor_units(minor_units, statement.minor_digits)

    return {
        "net": shown(tax.net_minor_units),
        "tax": shown(tax.tax_minor_units),
        "payable": shown(tax.payable_minor_units),
        "parts": [
            {
                "category": part.treatment.category.value,
                "percent": part.treatment.percent_text,
                "base": shown(part.base_minor_units),
                "tax": shown(part.tax_minor_units),
                "reason": part.treatment.reason,
                "reason_code": part.treatment.reason_code,
            }
            for part in tax.parts
        ],
    }


def block_documents(statement: Statement) -> list[dict[str, int | str]]:
    """The blocks of a document: heading, the statement each corrects, and its total."""
    return [
        {
            "heading": block.heading,
            "corrects": block.corrects_id,
            "total": text_of_minor_units(block.total_minor_units, statement.minor_digits),
        }
        for block in statement.blocks
    ]
