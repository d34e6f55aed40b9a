"""What all calls of one server process share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rebill.api.openapi import openapi_document
from rebill.api.telemetry import Telemetry
from rebill.services.acting.installation import Installation

if TYPE_CHECKING:
    from rebill.api.route import Route


@dataclass(frozen=True)
class Surroundings:
    """The installation that is served, the routes, and where counts and logs go."""

    installation: Installation
    telemetry: Telemetry
    routes: "Sequence[Route]"

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document of the routes."""
        return openapi_document(self.routes)
