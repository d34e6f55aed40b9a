"""A partner's customer as it is kept, and as it is asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from rebill.model.party import Address, Classification
from rebill.model.terms import Basis, CommitmentsPolicy


@dataclass(frozen=True)
class NewCustomer:
    """What a new customer is to be. Values are checked by ``services.create_customer``.

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
    address_required: bool = False


@dataclass(frozen=True)
class Customer:
    """A partner customer; ``customer_id`` is the API's ``client_api_id``.

    ``billing_enabled`` as of the newest terms. ``margin_percentage`` of the last statement
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
