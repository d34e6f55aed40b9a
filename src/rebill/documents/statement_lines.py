"""What every document of a statement says of its lines, in one place."""

from rebill.model.money import text_of, text_of_minor_units
from rebill.model.statement import Statement

LINE_KEYS = ("n", "provider", "subscription", "service", "charge_category", "quantity", "amount")
"""The keys of a line, in order."""


def line_documents(statement: Statement) -> list[dict[str, int | str | None]]:
    """The lines as ``LINE_KEYS`` → value: quantity exact, amount in the currency's minor digits, absent = ``None``."""
    return [
        {
            "n": line.number,
            "provider": line.priced.provider,
            "subscription": line.priced.subscription,
            "service": line.priced.service,
            "charge_category": line.priced.charge_category,
            "quantity": None if line.priced.quantity is None else text_of(line.priced.quantity),
            "amount": text_of_minor_units(line.amount_minor_units, statement.minor_digits),
        }
        for line in statement.lines
    ]
