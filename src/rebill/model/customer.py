"""A partner's customer as it is kept, as it is asked for, and what is to change of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from rebill.model.months import BillingMonth
from rebill.model.party import Address, Classification
from rebill.model.terms import TERM_NAMES, Basis, CommitmentsPolicy, LateCostTerm


@dataclass(frozen=True)
class NewCustomer:
    """What a new customer is to be. Values are checked by ``services.parties.create_customer``.

    ``markup_percent``: a book of one rule over everything; ``None`` = no book.
    ``address_required`` tells whether the calling shape insists on one.
    """

    name: str
    address: Address | None = None
    azure_customer_id: str | None = None
    classification: Classification = Classification.MANAGED_WITHOUT_ACCESS
    trial_expiration: datetime | None = None
    billing_contact: str = ""
    billing_enabled: bool = False
    billing_folder: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    basis: Basis = Basis.LIST
    commitments: CommitmentsPolicy = CommitmentsPolicy.AS_BOUGHT
    markup_percent: Decimal | None = None
    fallback_markup_percent: Decimal = Decimal(0)
    carry_forward: bool = False
    late_cost: LateCostTerm = LateCostTerm.PARTNER
    cap_at_list: bool | None = None
    floor_at_cost: bool | None = None
    margin_floor_percent: Decimal | None = None
    home_currency: str | None = None
    address_required: bool = False


@dataclass(frozen=True)
class TermsChange:
    """What is to change of a customer's terms; ``None`` leaves a term as it is.

    ``from_month``: the first billing month it holds for; ``None`` = the first without an issued statement.
    ``as_partner``: the names of guards that are to be the partner's again, or ``home_currency``.
    """

    billing_enabled: bool | None = None
    basis: Basis | None = None
    commitments: CommitmentsPolicy | None = None
    fallback_markup_percent: Decimal | None = None
    carry_forward: bool | None = None
    late_cost: LateCostTerm | None = None
    cap_at_list: bool | None = None
    floor_at_cost: bool | None = None
    margin_floor_percent: Decimal | None = None
    home_currency: str | None = None
    from_month: BillingMonth | None = None
    as_partner: tuple[str, ...] = ()

    @property
    def given(self) -> dict[str, Any]:
        """The terms that change, by the names that ``CustomerTerms`` has for them."""
        own = {name: value for name in TERM_NAMES if (value := getattr(self, name)) is not None}
        return own | dict.fromkeys(self.as_partner)


@dataclass(frozen=True)
class CustomerChange:
    """What is to change of a customer; ``None`` leaves a thing as it is.

    ``address``: the parts that change, by name. ``trial_expiration``: candidates, each a time or ``None`` for no
    trial; of those the one that differs from what stands is meant. ``tags`` replace the whole list.
    """

    name: str | None = None
    address: Mapping[str, str] = field(default_factory=dict)
    classification: Classification | None = None
    trial_expiration: tuple[datetime | None, ...] = ()
    billing_contact: str | None = None
    billing_folder: str | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    terms: TermsChange = TermsChange()


@dataclass(frozen=True)
class Customer:
    """A partner customer; ``customer_id`` is the API's ``client_api_id``.

    ``billing_enabled`` as of the terms of the current month, or, where that month is issued already, of the
    first month that is not. ``margin_percentage`` of the last statement
    (percent of price, two decimals), ``None`` where there is none or the caller may not see it.
    ``azure_customer_id``: the Azure customer assigned first of those assigned without end, ``""`` where none is.
    """

    customer_id: int
    name: str
    address: Address
    classification: Classification
    trial_expiration: datetime | None
    billing_contact: str
    billing_enabled: bool
    billing_folder: str
    tags: tuple[tuple[str, str], ...]
    generated_external_id: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    margin_percentage: Decimal | None = field(default=None)
    azure_customer_id: str = ""
