"""Names of fields that refusals bear, and that their sentences name, as pages say them: by the words of the forms."""

import re
from collections.abc import Mapping
from typing import Final

from rebill.console.field_labels import LABELS
from rebill.console.pages.letterhead import FIELD_LABELS as OF_LETTERHEADS
from rebill.console.showing import words
from rebill.model.rating import Attention

_PLACES: Final = {
    "letterhead": "in the letterhead",
    "customer": "of the customer",
    "billing_details": "of the customer",
}
"""Where the field is that a dotted name leads to, after the words of the field itself."""
_FIELDS: Final[Mapping[str, str]] = {
    **LABELS,
    "add_csp_customers": LABELS["customers"],
    "add_enterprise_agreements": LABELS["agreements"],
    "add_spend_ratio_as_custom_line_item": LABELS["as_line"],
    "apply_flat_fee_cost": LABELS["fee"],
    "billing_month": LABELS["month"],
    "billing_period": LABELS["month"],
    "billing_rule_type": LABELS["rule_type"],
    "client_api_id": LABELS["customer"],
    "customer_id": LABELS["customer"],
    "file": "Cost file",
    "flat_fee_cost": LABELS["fee"],
    "partner_cost": LABELS["cost"],
    "password": "Password",
    "price_book_id": LABELS["book"],
    "pricing_info.min_spend_range": LABELS["tiers"],
    "pricing_info.min_spend_rate": LABELS["tiers"],
    "rule_action": LABELS["action"],
    "tax_rules": "Tax",
    "user_id": "User",
}
"""Field of a refusal → what its form calls it."""
_ELSEWHERE: Final = {
    f"{place}.{field}": f"{label} {where}"
    for place, where in _PLACES.items()
    for field, label in OF_LETTERHEADS.items()
}
IN_SENTENCES: Final[Mapping[str, str]] = {
    **_ELSEWHERE,
    "add_enterprise_agreements": LABELS["agreements"],
    "apply_flat_fee_cost": LABELS["fee"],
    "azure_customer_id": "Azure customer",
    "azure_subscription": "Azure subscription",
    "billing_start": LABELS["billing_start"],
    "correct_issued": LABELS["correct_issued"],
    "end_month": LABELS["end_month"],
    "min_spend_range": LABELS["tiers"],
    "partner_billing_configuration.enabled": LABELS["billing_enabled"],
    "rule_action": LABELS["action"],
    "start_month": LABELS["start_month"],
    "tax_rules": "Tax",
    **{kind.value: words(kind.value) for kind in Attention},
}
"""Names that sentences of refusals bear → what the forms call these fields."""
IDENTIFIER: Final = "client_api_id"
"""What calls and commands name a customer by; a page has its id only."""
_NAME_OF_CODE: Final = re.compile(r"[a-z]+(?:_[a-z0-9]+)*(?: [\w–-]+)*")


def labelled(name: str) -> str:
    """A field of a refusal in the words of its form; what no form asks for stays as it is: accounts, rows of files."""
    known = _FIELDS.get(name) or _ELSEWHERE.get(name)
    if known is not None:
        return known
    return words(name) if _NAME_OF_CODE.fullmatch(name) else name


def not_said_in(faults: Mapping[str, str], sentence: str) -> dict[str, str]:
    """The faults that ``sentence`` does not tell of already."""
    return {name: fault for name, fault in faults.items() if fault not in sentence}
