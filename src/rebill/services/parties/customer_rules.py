"""What a customer's fields must be, alike for one that is created and one that changes."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from rebill.model.currencies import minor_digits
from rebill.model.party import Address
from rebill.model.price_book import Adjustment
from rebill.services.acting.plain_text import text_fault

GREATEST_TAG_COUNT = 20
UNKNOWN_CUSTOMER = "names no customer: list the customers to find its client_api_id"
_FOLDER_PART = re.compile(r"[A-Za-z0-9 ._-]+")
_ADDRESS_PARTS = ("street1", "street2", "city", "state", "zipcode", "country")
_REQUIRED_ADDRESS_PARTS = ("street1", "city", "state", "zipcode", "country")


def only_faults(found: Mapping[str, str | None]) -> dict[str, str]:
    """The fields of ``found`` that have a fault."""
    return {field: fault for field, fault in found.items() if fault is not None}


def trial_fault(trial_expiration: datetime | None, now: datetime) -> str | None:
    """What is wrong with the end of a trial that is set ``now``."""
    return "must lie in the future" if trial_expiration is not None and trial_expiration <= now else None


def address_faults(address: Address) -> dict[str, str]:
    """What is wrong with an address that is given, by field."""
    return only_faults(
        {
            f"address.{part}": text_fault(getattr(address, part), required=part in _REQUIRED_ADDRESS_PARTS)
            for part in _ADDRESS_PARTS
        }
    )


def tag_faults(tags: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What is wrong with tags, by field."""
    faults = {"tags": f"may be at most {GREATEST_TAG_COUNT}"} if len(tags) > GREATEST_TAG_COUNT else {}
    seen: set[str] = set()
    for place, (key, value) in enumerate(tags[: GREATEST_TAG_COUNT + 1]):
        key_fault = text_fault(key, required=True) or ("is there twice" if key in seen else None)
        value_fault = text_fault(value)
        if key_fault is not None:
            faults[f"tags[{place}].key"] = key_fault
        if value_fault is not None:
            faults[f"tags[{place}].value"] = value_fault
        seen.add(key)
    return faults


def folder_fault(folder: str) -> str | None:
    """What is wrong with the folder of a customer's statements; ``""`` is none in particular."""
    if not folder:
        return None
    fault = text_fault(folder)
    if fault is not None:
        return fault
    parts = folder.split("/")
    if any(_FOLDER_PART.fullmatch(part) is None or part.strip() in ("", ".") or ".." in part for part in parts):
        return (
            "must be a relative path of letters, digits, space, '.', '_' and '-', its parts parted by '/', without '..'"
        )
    return None


def currency_fault(currency: str | None) -> str | None:
    """What is wrong with a currency's code; nothing with ``None``."""
    if currency is None:
        return None
    try:
        minor_digits(currency)
    except ValueError as error:
        return str(error)
    return None


def percent_fault(percent: Decimal | None, check: Callable[[Decimal], Adjustment | Decimal]) -> str | None:
    """What ``check`` says against ``percent``."""
    if percent is None:
        return None
    try:
        check(percent)
    except ValueError as error:
        return str(error)
    return None
