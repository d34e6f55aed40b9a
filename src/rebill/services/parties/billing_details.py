"""A customer's details on its documents: tax number, language, references, and where they are sent to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from rebill.documents.countries import country_code
from rebill.model.audit import Act
from rebill.model.colors import is_color
from rebill.model.errors import Invalid
from rebill.model.particulars import BillingDetails
from rebill.model.party import Caller
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, description_fault, text_fault
from rebill.services.parties.customer_rules import only_faults
from rebill.services.parties.pictures import picture_fault, picture_of
from rebill.services.parties.read_customers import unknown_customer
from rebill.services.parties.tax_identifiers import tax_id_fault
from rebill.store.customers import customer_name, hold_customer
from rebill.store.particulars import details_in_force, store_details, store_logo
from rebill.store.scope import Scope

_EMAIL = re.compile(r"[^@\s,<>\"]{1,64}@[^@\s,<>\"]+\.[^@\s,<>\"]+")
GREATEST_EMAIL_COUNT = 10
_TEXTS = ("legal_name", "registration_id", "buyer_reference", "portal_title")


@dataclass(frozen=True)
class BillingDetailsChange:
    """What is to be other, by the names that ``BillingDetails`` has for it.

    ``logo``: the picture, base64; ``""`` takes it away, ``None`` leaves it.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    logo: str | None = None


def get_billing_details(installation: Installation, caller: Caller, customer_id: int) -> BillingDetails:
    """The details of a customer, deleted ones too. Raises ``Forbidden`` and ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        _require_customer(scope, customer_id)
        return details_in_force(scope, customer_id)


def change_billing_details(
    installation: Installation, caller: Caller, customer_id: int, change: BillingDetailsChange, as_shown: str = ""
) -> BillingDetails:
    """Change what is given; what was issued keeps what it shows. ``as_shown``: the mark of what the caller saw.

    Raises ``Forbidden``, ``NotFound``, ``ChangedMeanwhile``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> BillingDetails:
        scope = Scope.of(connection, caller)
        # A deleted customer's days are still billed.
        if not hold_customer(scope, customer_id, even_deleted=True):
            raise unknown_customer(customer_id)
        standing = details_in_force(scope, customer_id)
        require_as_shown(standing, as_shown)
        faults = billing_details_faults(change)
        if faults:
            raise Invalid("invalid_billing_details", "Nothing was changed: correct the fields named here.", faults)
        wanted = replace(standing, **_read(change))
        if change.logo is not None:
            wanted = replace(wanted, logo_sha256=_kept_logo(scope, change.logo))
        if wanted != standing:
            store_details(scope, customer_id, wanted)
            record_change(scope, caller, Act.CHANGE_BILLING_DETAILS, customer_id, now, before=standing, after=wanted)
        return wanted

    return installation.database.write(act)


def billing_details_faults(change: BillingDetailsChange) -> dict[str, str]:
    """What is wrong with a change in itself, by field."""
    wanted = replace(BillingDetails(), **_read(change))
    return only_faults(
        {
            **{name: text_fault(getattr(wanted, name)) for name in _TEXTS},
            "country": _country_fault(wanted.country),
            "tax_id": tax_id_fault(wanted.tax_id),
            "language": language_fault(wanted.language),
            "email": email_fault(wanted.email, GREATEST_EMAIL_COUNT),
            "color": color_fault(wanted.color),
            "portal_welcome": description_fault(wanted.portal_welcome),
            "logo": None if not change.logo else picture_fault(change.logo),
        }
    )


def email_fault(email: str, greatest_count: int = 1) -> str | None:
    """What is wrong with addresses for electronic mail, parted by commas; ``""`` is none."""
    fault = text_fault(email, greatest=1000)
    if fault is not None or not email:
        return fault
    addresses = [address.strip() for address in email.split(",")]
    if len(addresses) > greatest_count:
        return f"may be at most {greatest_count}"
    if not all(len(address) <= 254 and address.isascii() and _EMAIL.fullmatch(address) for address in addresses):
        return "must be written name@domain.example"
    return None


def language_fault(language: str) -> str | None:
    """What is wrong with a language's tag, such as ``de`` or ``fr-CH``; ``""`` is none."""
    # Late: few commands need what knows languages.
    from rebill.documents.wording import is_language

    return None if not language or is_language(language) else "is no language: write a tag such as en, de or fr-CH"


def color_fault(color: str) -> str | None:
    """What is wrong with a color; ``""`` is none."""
    return None if not color or is_color(color) else "must be written as #0b6477: # and six digits"


def _kept_logo(scope: Scope, logo: str) -> str:
    """The hash of a picture, which is stored; of none ``""``."""
    if not logo:
        return ""
    picture = picture_of(logo)
    # Whatever the customer, pictures are the partner's.
    store_logo(scope, picture)
    return picture.sha256


def _country_fault(country: str) -> str | None:
    return None if not country or country_code(country) else "is no country: write its ISO 3166 code, such as DE"


def _read(change: BillingDetailsChange) -> dict[str, str]:
    return {name: composed(value.strip()) for name, value in change.given.items()}


def _require_customer(scope: Scope, customer_id: int) -> None:
    if customer_name(scope, customer_id, even_deleted=True) is None:
        raise unknown_customer(customer_id)
