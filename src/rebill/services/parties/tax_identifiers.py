"""The form of identifiers that documents show: of taxpayers by their country's check digits, of bank accounts."""

import re

_TAX_ID = re.compile(r"[A-Za-z]{2}[A-Za-z0-9 .\-/+*]{2,30}")
_PREFIXES = {"EL": "GR", "XI": "GB"}
"""What stands in front of numbers of countries that have another code: Greece, and Northern Ireland."""


def tax_id_fault(tax_id: str) -> str | None:
    """What is wrong with a taxpayer's number, country in front; ``""`` is none.

    Of some countries only the form is known. Nobody is asked whether the number was given to anyone.
    """
    if not tax_id:
        return None
    if _TAX_ID.fullmatch(tax_id) is None:
        return "begins with the two letters of its country, such as DE136695976"
    # Late: a command that shows no tax pays nothing for it.
    from stdnum import get_cc_module

    country = _PREFIXES.get(tax_id[:2].upper(), tax_id[:2].upper())
    numbers = get_cc_module(country.lower(), "vat")
    # In some countries the two letters belong to the number.
    if numbers is None or numbers.is_valid(tax_id[2:]) or numbers.is_valid(tax_id):
        return None
    return f"is no such number of {country}: its check digits or its length are others"


def iban_fault(iban: str) -> str | None:
    """What is wrong with a bank account's number; ``""`` is none."""
    from stdnum import iban as numbers

    return None if not iban or numbers.is_valid(iban) else "is no IBAN: its check digits or its length are others"


def bic_fault(bic: str) -> str | None:
    """What is wrong with a bank's code; ``""`` is none."""
    from stdnum import bic as codes

    return None if not bic or codes.is_valid(bic) else "is no BIC: eight or eleven letters and digits"
