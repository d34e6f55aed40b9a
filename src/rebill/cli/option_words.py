"""Names of fields that sentences bear, as commands have them: by their options."""

import re
from typing import Final

_ADDRESS: Final = {
    "street1": "--street",
    "street2": "--street-more",
    **{name: f"--{name}" for name in ("zipcode", "city", "state", "country")},
}
_HEAD: Final = ("legal_name", "tax_id", "registration_id", "contact", "email", "phone", "iban", "bic", "payment_days")
_DETAILS: Final = ("legal_name", "country", "tax_id", "registration_id", "buyer_reference", "language", "email")
_OPTIONS: Final = {
    **{f"letterhead.address.{name}": f"partners letterhead {option}" for name, option in _ADDRESS.items()},
    **{f"letterhead.{name}": f"partners letterhead --{name.replace('_', '-')}" for name in _HEAD},
    **{f"customer.address.{name}": f"customers update {option}" for name, option in _ADDRESS.items()},
    **{f"billing_details.{name}": f"customers details --{name.replace('_', '-')}" for name in _DETAILS},
    **{f"address.{name}": option for name, option in _ADDRESS.items()},
    "as_of": "--as-of",
    "billing_start": "--billing-start",
    "correct_issued": "--correct-issued",
    "partner_billing_configuration.enabled": "--no-billing",
    "tax_rules": "tax set",
}
"""What a field is set by: an option of the command that was given, or of another one."""
_NAMED: Final = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(_OPTIONS, key=len, reverse=True)))})(?![\w-])"
)


def in_options(text: str) -> str:
    """A sentence, or the name of a field, where fields stand as the options that set them."""
    return _NAMED.sub(lambda found: _OPTIONS[found[0]], text)
