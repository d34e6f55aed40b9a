"""Look at a customer's terms, month by month."""

from collections.abc import Mapping
from dataclasses import dataclass

from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.terms import CustomerTerms
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import unknown_customer
from rebill.store.customers import customer_name
from rebill.store.scope import Scope
from rebill.store.terms import ALWAYS, first_changeable_month, terms_by_month


@dataclass(frozen=True)
class AgreedTerms:
    """A customer's terms by the month they are in force from (``None``: from the beginning), in order.

    ``changeable_from``: the first month that a change can be for; ``None``: any.
    """

    customer_id: int
    by_month: Mapping[BillingMonth | None, CustomerTerms]
    changeable_from: BillingMonth | None


def get_terms(installation: Installation, caller: Caller, customer_id: int) -> AgreedTerms:
    """The terms of a customer, deleted ones too. Raises ``Forbidden`` and ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_name(scope, customer_id, even_deleted=True) is None:
            raise unknown_customer(customer_id)
        by_month = {_month(month): terms for month, terms in terms_by_month(scope, customer_id).items()}
        return AgreedTerms(customer_id, by_month, _month(first_changeable_month(scope, customer_id)))


def _month(text: str) -> BillingMonth | None:
    return None if text == ALWAYS else BillingMonth.parse(text)
