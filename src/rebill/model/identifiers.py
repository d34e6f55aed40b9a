"""How the identifiers of accounts are compared, alike in importer, API and command line."""

from enum import StrEnum

_ASCII_FOLD = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TRIMMED = " \t\r\n"
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
GREATEST_IDENTIFIER_LENGTH = 128


class AccountKind(StrEnum):
    """What a partner assigns to a customer."""

    AZURE_CUSTOMER = "azure_customer"
    """An Azure customer tenant, as Partner Center lists it."""
    SUBSCRIPTION = "subscription"
    """An Azure subscription, or another cloud's account (FOCUS ``SubAccountId``)."""


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


def price_book_account_key(identifier: str) -> str:
    """The form in which a price book's accounts are compared with a line's billing account, tenant and subscription."""
    return subscription_key(identifier).removeprefix("org:")


def account_key(kind: AccountKind, identifier: str) -> str:
    """The comparison form of ``identifier`` as an account of ``kind``."""
    return azure_customer_key(identifier) if kind is AccountKind.AZURE_CUSTOMER else subscription_key(identifier)
