"""What every document of a statement says of its lines, in one place."""

from rebill.model.money import text_of, text_of_minor_units
from rebill.model.statement import Statement

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
)
"""The keys of a line, in order."""


def line_documents(statement: Statement) -> list[dict[str, int | str | None]]:
    """Every line of the document as ``LINE_KEYS`` → value, in order; they add up to the total.

    Quantity exact, amount in the currency's minor digits, absent = ``None``. ``correction_of``: the month that
    the line's block corrects.
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
        }
        for number, line, corrects in statement.shown_lines
    ]


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
