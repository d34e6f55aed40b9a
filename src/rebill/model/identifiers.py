"""How the identifiers of accounts are compared, alike in importer, API and command line."""

import re
from enum import StrEnum
from typing import Final

_ASCII_FOLD = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TRIMMED = " \t\r\n"
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
NO_RESELLER: Final = "-1"
"""By which Microsoft's files say of a charge that its reseller is none any more."""
GREATEST_IDENTIFIER_LENGTH = 128
GREATEST_COMMITMENT_LENGTH = 512
"""Ids of reservations are paths."""
AgreementId = int | str
"""The id of an enterprise agreement as rules name it: a whole number as such, any other as folded text."""
_WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class AccountKind(StrEnum):
    """What a partner assigns to a customer."""

    AZURE_CUSTOMER = "azure_customer"
    """An Azure customer tenant, as Partner Center lists it."""
    SUBSCRIPTION = "subscription"
    """An Azure subscription, or another cloud's account (FOCUS ``SubAccountId``)."""
    COMMITMENT = "commitment"
    """A reservation or savings plan (FOCUS ``CommitmentDiscountId``), of charges that name neither of the above."""
    CHARGE_KIND = "charge_kind"
    """All charges of an ``AllocatedKind`` that name none of the above which is assigned."""

    @property
    def is_allocated(self) -> bool:
        """Whether charges that name neither subscription nor tenant are found by it."""
        return self in (AccountKind.COMMITMENT, AccountKind.CHARGE_KIND)


MOST_SPECIFIC_FIRST: Final = (
    AccountKind.SUBSCRIPTION,
    AccountKind.AZURE_CUSTOMER,
    AccountKind.COMMITMENT,
    AccountKind.CHARGE_KIND,
)
"""Whose a charge is: of the accounts that it names, the first of these kinds that anybody has on its day."""


class AllocatedKind(StrEnum):
    """What a charge that names neither subscription nor tenant is; exactly one of these."""

    PURCHASE = "purchase"
    ADJUSTMENT = "adjustment"
    CREDIT = "credit"
    TAX = "tax"
    UNUSED_COMMITMENT = "unused_commitment"
    USAGE = "usage"


def fold(identifier: str) -> str:
    """Map A–Z to a–z and nothing else. The only case folding of identifiers there is."""
    return identifier.lower() if identifier.isascii() else identifier.translate(_ASCII_FOLD)


def trimmed(identifier: str) -> str:
    """``identifier`` without leading and trailing space, TAB, CR and LF."""
    return identifier.strip(_TRIMMED)


def azure_customer_key(identifier: str) -> str:
    """The form in which ids of Azure customers are compared: trimmed and folded."""
    return fold(trimmed(identifier))


def cost_line_azure_customer_key(identifier: str) -> str:
    """``x_AzureCustomerId`` of a cost line: without ``org:``, folded, the zero GUID = absent (``""``)."""
    key = azure_customer_key(identifier).removeprefix("org:")
    return "" if key == ZERO_GUID else key


def subscription_key(identifier: str) -> str:
    """``<GUID>`` and ``/subscriptions/<GUID>`` name one subscription: bare and folded."""
    return azure_customer_key(identifier).removeprefix("/subscriptions/")


def cost_line_subscription_key(identifier: str) -> str:
    """``SubAccountId`` of a cost line: bare and folded, the zero GUID = absent (``""``)."""
    key = subscription_key(identifier)
    return "" if key == ZERO_GUID else key


def price_book_account_key(identifier: str) -> str:
    """The form in which a price book's accounts are compared with a line's billing account, tenant and subscription."""
    return subscription_key(identifier).removeprefix("org:")


def account_key(kind: AccountKind, identifier: str) -> str:
    """The comparison form of ``identifier`` as an account of ``kind``."""
    return subscription_key(identifier) if kind is AccountKind.SUBSCRIPTION else azure_customer_key(identifier)


def greatest_length(kind: AccountKind) -> int:
    """How many characters an id of ``kind`` has at most."""
    return GREATEST_COMMITMENT_LENGTH if kind is AccountKind.COMMITMENT else GREATEST_IDENTIFIER_LENGTH


def agreement_id(identifier: str) -> AgreementId:
    """An enterprise agreement by its billing account's id, which may be a path: the last part of it, folded."""
    key = fold(trimmed(identifier)).rpartition("/")[2]
    return int(key) if _WHOLE_NUMBER.fullmatch(key) else key
