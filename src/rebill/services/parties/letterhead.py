"""The partner's letterhead: what every document shows of it. Issued documents keep the one they were issued with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.particulars import Letterhead
from rebill.model.party import Caller
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, description_fault, text_fault
from rebill.services.parties.billing_details import color_fault, email_fault, language_fault
from rebill.services.parties.customer_rules import only_faults
from rebill.services.parties.pictures import picture_fault, picture_of
from rebill.services.parties.tax_identifiers import bic_fault, iban_fault, tax_id_fault
from rebill.store.particulars import letterhead_in_force, store_letterhead, store_logo
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope

GREATEST_PAYMENT_DAYS = 365
_TEXTS = ("legal_name", "registration_id", "contact", "phone", "portal_title")


@dataclass(frozen=True)
class LetterheadChange:
    """What is to be other, by the names that ``Letterhead`` has for it; of the address the parts that change.

    ``logo``: the picture, base64; ``""`` takes it away, ``None`` leaves it. ``payment_days`` below 0: on receipt.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    logo: str | None = None


def get_letterhead(installation: Installation, caller: Caller) -> Letterhead:
    """The letterhead of the caller's partner. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return letterhead_in_force(Scope.of(connection, caller))


def change_letterhead(
    installation: Installation, caller: Caller, change: LetterheadChange, as_shown: str = ""
) -> Letterhead:
    """Change what is given; ``as_shown``: the mark of the letterhead that the caller saw.

    Raises ``Forbidden``, ``ChangedMeanwhile``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> Letterhead:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        standing = letterhead_in_force(scope)
        require_as_shown(standing, as_shown)
        wanted = _changed(standing, change)
        faults = letterhead_faults(change)
        if faults:
            raise Invalid("invalid_letterhead", "Nothing was changed: correct the fields named here.", faults)
        if change.logo:
            picture = picture_of(change.logo)
            store_logo(scope, picture)
            wanted = replace(wanted, logo_sha256=picture.sha256)
        if wanted != standing:
            store_letterhead(scope, wanted)
            record_change(scope, caller, Act.CHANGE_LETTERHEAD, scope.partner_id, now, before=standing, after=wanted)
        return wanted

    return installation.database.write(act)


def letterhead_faults(change: LetterheadChange) -> dict[str, str]:
    """What is wrong with a change in itself, by field."""
    wanted = _changed(Letterhead(), change)
    texts = {name: text_fault(getattr(wanted, name)) for name in _TEXTS}
    parts = {f"address.{name}": text_fault(value) for name, value in vars(wanted.address).items()}
    return only_faults(
        {
            **texts,
            **parts,
            "tax_id": tax_id_fault(wanted.tax_id),
            "email": email_fault(wanted.email),
            "iban": iban_fault(wanted.iban),
            "bic": bic_fault(wanted.bic),
            "payment_days": _days_fault(wanted.payment_days),
            "footer": description_fault(wanted.footer),
            "color": color_fault(wanted.color),
            "portal_welcome": description_fault(wanted.portal_welcome),
            "language": language_fault(wanted.language) if wanted.language else "is required",
            "logo": None if not change.logo else picture_fault(change.logo),
        }
    )


def _changed(standing: Letterhead, change: LetterheadChange) -> Letterhead:
    given: dict[str, Any] = {
        name: composed(value.strip()) if isinstance(value, str) else value for name, value in change.given.items()
    }
    if given.get("payment_days", 0) < 0:
        given["payment_days"] = None
    if change.logo == "":
        given["logo_sha256"] = ""
    parts = {name: composed(value.strip()) for name, value in change.address.items()}
    return replace(standing, address=replace(standing.address, **parts), **given)


def _days_fault(days: int | None) -> str | None:
    if days is None or days <= GREATEST_PAYMENT_DAYS:
        return None
    return f"is at most {GREATEST_PAYMENT_DAYS}"
