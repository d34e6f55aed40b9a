"""What all calls of one server process share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rebill.api.telemetry import Telemetry
from rebill.services.acting.installation import Installation


@dataclass(frozen=True)
class Surroundings:
    """The installation that is served, where counts and logs go, and what tells the OpenAPI 3.1 document."""

    installation: Installation
    telemetry: Telemetry
    openapi: Callable[[], Mapping[str, Any]]
