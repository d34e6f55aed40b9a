"""What the audit trail keeps of a customer: what was given for it, none of what is computed."""

from collections.abc import Mapping

from rebill.model.customer import Customer
from rebill.model.terms import TERM_NAMES
from rebill.store.scope import Scope
from rebill.store.terms import terms_by_month

_COMPUTED = ("billing_enabled", "margin_percentage", "azure_customer_id", "updated_at")


def customer_details(scope: Scope, customer: Customer) -> Mapping[str, object]:
    """``customer`` itself, and its terms as the record has them now, by the month they are in force from."""
    given = {name: value for name, value in vars(customer).items() if name not in _COMPUTED}
    by_month = terms_by_month(scope, customer.customer_id)
    terms = {month: {name: getattr(terms, name) for name in TERM_NAMES} for month, terms in by_month.items()}
    return {**given, "terms": terms}
