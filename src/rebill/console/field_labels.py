"""What pages call the fields of their forms, for a form that is looked at once more after signing in again."""

import re
from collections.abc import Mapping
from typing import Final

from rebill.console.pages.letterhead import FIELD_LABELS as OF_LETTERHEADS
from rebill.console.showing import words
from rebill.console.visit import Fields

LABELS: Final[Mapping[str, str]] = {
    **OF_LETTERHEADS,
    "accept_rejects": "Take the good rows of a file with unreadable ones",
    "account": "Account",
    "accounts": "Accounts",
    "action": "What it does",
    "agreements": "Enterprise agreements",
    "amends": "The invoice that it amends",
    "amount": "Amount before tax",
    "as_line": "A share of spend stands as a line of its own",
    "basis": "Prices from",
    "bill_input_tax": "Microsoft’s tax is billed on",
    "billing_contact": "Billing contact",
    "billing_enabled": "It is billed",
    "billing_start": "First month that is billed here",
    "book": "Price book",
    "book_name": "Name",
    "cap_at_list": "No charge above list",
    "carry_forward": "Credit is carried forward",
    "category": "Category of tax",
    "classification": "Portal",
    "close_day": "Months close from this day of the next on",
    "cloud": "Charges of",
    "color": "The color",
    "commitments": "Commitments",
    "correct_issued": "Days of issued statements may change hands",
    "cost": "What it costs you",
    "currency": "Currency",
    "customer": "Customer",
    "customers": "Customers",
    "date_order": "Dates such as 03/04/2026",
    "day": "From which day on",
    "doing": "With the chosen accounts",
    "end_month": "Last month",
    "everyone": "Every customer, those to come too",
    "fallback_markup_percent": "Fallback markup in percent",
    "fee": "Flat fee",
    "file": "Cost file",
    "floor_at_cost": "No charge below cost",
    "frequency": "How often",
    "from_month": "From month",
    "home_currency": "Home currency",
    "in_place_of": "Scope in whose place this comes",
    "invoice_id": "Microsoft’s invoice",
    "kind": "Kind",
    "late_cost": "Late cost",
    "layout": "Layout",
    "line": "Line",
    "line_reason": "Reason, as the customer reads it",
    "lines": "Lines",
    "logo": "Logo",
    "margin_floor_percent": "Least margin in percent",
    "markup_percent": "Markup in percent",
    "minimum_fee": "Least fee of tiers",
    "month": "Month",
    "name": "Name",
    "needs_approval": "A second person approves what is issued",
    "no_logo": "The logo is taken away",
    "number": "Number",
    "numbering": "Numbers of documents",
    "overlap_reason": "Why charges that stand in another data set are no double",
    "own_color": "A color of its own",
    "partner_billing_configuration.folder": "Billing folder",
    "percent": "Percent",
    "period": "Month, if the file names none",
    "product_description": "Description",
    "product_name": "Product",
    "read_anew": "Read the file anew, in place of what its bytes were read as",
    "reason": "Reason",
    "reason_code": "The same by the VATEX list",
    "role": "Role",
    "rule_type": "Kind",
    "scope": "Scope",
    "sign": "It is a",
    "sign_in_name": "Signs in as",
    "specification": "What it says",
    "start_month": "First month",
    "support_tier": "Plan",
    "tiers": "Tiers",
    "to_month": "To month",
    "total": "Total before tax",
    "unassigned_threshold": "Unassigned cost that does not hold a month back",
}
"""Field → its words. What has none here is the page's own and nobody typed it."""
UNSEEN: Final = frozenset(
    {
        *(
            "after",
            "as_shown",
            "disabled",
            "facts",
            "form_token",
            "go_on",
            "next",
            "of",
            "once",
            "owner",
            "partner_number",
            "password",
            "price_book_id",
            "rule",
        ),
        *("sign_in_token", "statement_id", "terms", "text", "way"),
    }
)
"""Fields that are the page's own, or are never shown again."""
_NAME_OF_CODE: Final = re.compile(r"[a-z]+(?:_[a-z]+)+")


def labelled(form: Fields) -> list[tuple[str, list[str]]]:
    """What was typed into a form, each field under the words that its page has for it; empty ones are left out."""
    return [
        (LABELS[name], [words(one) if _NAME_OF_CODE.fullmatch(one) else one for one in form.all(name)])
        for name in form.values
        if name in LABELS and form.all(name)
    ]
