"""The clouds that bills are about, as the partner API names them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Cloud(StrEnum):
    """What a statement is about."""

    AZURE = "Azure"
    AWS = "AWS"
    GCP = "GCP"
    MULTI = "Multi"
    """More than one of them, or another one."""


_BY_PROVIDER: Final = {
    "microsoft": Cloud.AZURE,
    "azure": Cloud.AZURE,
    "microsoft azure": Cloud.AZURE,
    "aws": Cloud.AWS,
    "amazon": Cloud.AWS,
    "amazon web services": Cloud.AWS,
    "gcp": Cloud.GCP,
    "google": Cloud.GCP,
    "google cloud": Cloud.GCP,
    "google cloud platform": Cloud.GCP,
}
"""FOCUS ``ProviderName``, whatever its case, to the cloud."""


def cloud_of(providers: Iterable[str | None]) -> Cloud:
    """The cloud of lines of these providers. Lines without one say nothing; where none says anything it is Azure."""
    clouds = {_BY_PROVIDER.get(provider.casefold(), Cloud.MULTI) for provider in providers if provider}
    if not clouds:
        return Cloud.AZURE
    return clouds.pop() if len(clouds) == 1 else Cloud.MULTI
