"""Builds the adapters and hands them over; nothing else does."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database

_COLLECTED_AFTER = (20_000, 20, 20)

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def open_installation(settings: Settings | None = None) -> Installation:
    """The installation that ``settings`` name (default: the environment's); nothing is created or checked yet."""
    chosen = settings or Settings.from_environment()
    return Installation(settings=chosen, database=Database(chosen.database_url))


def api_application() -> ASGIApp:
    """The partner API on the environment's installation: the factory that every server process calls once."""
    from rebill.api.application import application

    return at_rest(application(open_installation()))


def at_rest(built: ASGIApp) -> ASGIApp:
    """Let the garbage collector pass over what a server process is made of, and come less often.

    Left as it is, it walks through every object of the program again and again while a call of ten thousand ids makes
    its own: a third of that call's time. What calls make is nearly all freed without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    return built
