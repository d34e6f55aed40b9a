"""What a document shows of those whom it concerns: the partner's letterhead, and the customer's details."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from rebill.model.party import Address
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Letterhead:
    """The partner as its documents show it. ``""`` = left out; ``legal_name``: the partner's name instead.

    ``payment_days``: how long after the document's date it is to be paid; ``None`` = on receipt. ``language``: of
    customers without one of their own, a tag such as ``de`` or ``fr-CH``. ``logo_sha256`` names a stored picture.
    ``color``: of headings and of the portal, ``#0b6477``. ``portal_title``, ``portal_welcome``: what the portal says.
    """

    legal_name: str = ""
    address: Address = field(default=Address())
    tax_id: str = ""
    registration_id: str = ""
    contact: str = ""
    email: str = ""
    phone: str = ""
    iban: str = ""
    bic: str = ""
    payment_days: int | None = None
    footer: str = ""
    language: str = DEFAULT_LANGUAGE
    logo_sha256: str = ""
    color: str = ""
    portal_title: str = ""
    portal_welcome: str = ""


@dataclass(frozen=True)
class BillingDetails:
    """What a customer's documents show of it beside its name and address. ``""`` = left out.

    ``country``: ISO 3166, where the address does not tell it.
    ``language`` ``""``: as the letterhead says. ``buyer_reference``: what its accountants find the document by.
    ``email``: where documents are sent to, several parted by commas. ``logo_sha256``, ``color``, ``portal_title``,
    ``portal_welcome``: what this customer is shown in place of the letterhead's.
    """

    legal_name: str = ""
    country: str = ""
    tax_id: str = ""
    registration_id: str = ""
    buyer_reference: str = ""
    language: str = ""
    email: str = ""
    logo_sha256: str = ""
    color: str = ""
    portal_title: str = ""
    portal_welcome: str = ""


@dataclass(frozen=True)
class Recipient:
    """A customer as a document shows it."""

    customer_id: int
    name: str
    address: Address
    details: BillingDetails = field(default=BillingDetails())

    @property
    def shown_name(self) -> str:
        return self.details.legal_name or self.name


@dataclass(frozen=True)
class Particulars:
    """Everything that a document shows and its statement does not say.

    Of an issued document as it was when it was issued; ``tax_rules``: those that may concern its customer.
    ``subscription_names``: what the subscriptions on its lines are called, where that is known, by their identifiers.
    """

    partner_name: str
    letterhead: Letterhead
    recipient: Recipient
    tax_rules: tuple[TaxRule, ...] = field(default=())
    subscription_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def issuer_name(self) -> str:
        return self.letterhead.legal_name or self.partner_name

    @property
    def language(self) -> str:
        return self.recipient.details.language or self.letterhead.language

    @property
    def logo_sha256(self) -> str:
        return self.recipient.details.logo_sha256 or self.letterhead.logo_sha256

    @property
    def color(self) -> str:
        return self.recipient.details.color or self.letterhead.color

    def as_document(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "partner_name": self.partner_name,
            "letterhead": asdict(self.letterhead),
            "recipient": asdict(self.recipient),
            "tax_rules": [
                {
                    "customer_id": rule.customer_id,
                    "lines": rule.lines.value,
                    "from_month": rule.from_month,
                    **treatment_document(rule.treatment),
                }
                for rule in self.tax_rules
            ],
            "subscription_names": dict(self.subscription_names),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "Particulars":
        """What ``as_document`` wrote down."""
        recipient = document["recipient"]
        return cls(
            document["partner_name"],
            letterhead_of(document["letterhead"]),
            Recipient(
                recipient["customer_id"],
                recipient["name"],
                Address(**recipient["address"]),
                BillingDetails(**recipient["details"]),
            ),
            tax_rules_of_document(document["tax_rules"]),
            # Documents that were issued before these were kept show identifiers alone.
            document.get("subscription_names", {}),
        )


def tax_rules_of_document(documents: Sequence[Mapping[str, Any]]) -> tuple[TaxRule, ...]:
    """Rules of tax that ``as_document`` wrote down."""
    return tuple(
        TaxRule(rule["customer_id"], TaxedLines(rule["lines"]), rule["from_month"], treatment_of(rule))
        for rule in documents
    )


def letterhead_of(document: Mapping[str, Any]) -> Letterhead:
    """A letterhead written down field by field."""
    return Letterhead(**{**document, "address": Address(**document["address"])})


def treatment_document(treatment: TaxTreatment) -> dict[str, Any]:
    """A treatment field by field, its percent as text."""
    return {
        "category": treatment.category.value,
        "percent": treatment.percent_text,
        "reason": treatment.reason,
        "reason_code": treatment.reason_code,
    }


def treatment_of(document: Mapping[str, Any]) -> TaxTreatment:
    """What ``treatment_document`` wrote down."""
    return TaxTreatment(
        TaxCategory(document["category"]), Decimal(document["percent"]), document["reason"], document["reason_code"]
    )
