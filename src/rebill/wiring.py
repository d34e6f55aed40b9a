"""Builds the adapters and hands them over; nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebill.services.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def open_installation(settings: Settings | None = None) -> Installation:
    """The installation that ``settings`` name (default: the environment's); nothing is created or checked yet."""
    chosen = settings or Settings.from_environment()
    return Installation(settings=chosen, database=Database(chosen.database_url))


def api_application() -> ASGIApp:
    """The partner API on the environment's installation: the factory that every server process calls once."""
    from rebill.api.application import application

    return application(open_installation())
