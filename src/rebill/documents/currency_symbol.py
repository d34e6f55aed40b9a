"""How a currency is written beside an amount."""

from functools import cache


@cache
def currency_symbol(currency: str) -> str:
    """The symbol of an ISO 4217 code as English text has it (``$``, ``€``, ``CA$``); the code where it has none."""
    # Late: a third of the time a command takes to start, and few need it.
    from babel.numbers import get_currency_symbol

    return get_currency_symbol(currency, locale="en")
