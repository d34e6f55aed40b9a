"""Builds the adapters and hands them over; nothing else does."""

from __future__ import annotations

import atexit
import gc
from threading import Thread
from typing import TYPE_CHECKING

from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database

_COLLECTED_AFTER = (20_000, 20, 20)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def open_installation(settings: Settings | None = None) -> Installation:
    """The installation that ``settings`` name (default: the environment's); nothing is created or checked yet."""
    chosen = settings or Settings.from_environment()
    return Installation(settings=chosen, database=Database(chosen.database_url))


def served_application() -> ASGIApp:
    """The partner API and the pages on the environment's installation: the factory that every server process calls."""
    return at_rest(both_faces(open_installation()))


def both_faces(installation: Installation) -> ASGIApp:
    """The pages where they have an address, the partner API everywhere else; one log and one count of requests.

    Of an address that neither has, somebody with a browser is told by a page.
    """
    from rebill.api.application import application
    from rebill.api.compression import Compression
    from rebill.api.request_target import in_origin_form
    from rebill.api.routes import is_of_api
    from rebill.api.telemetry import Telemetry
    from rebill.console.application import Console, is_from_browser

    telemetry = Telemetry()
    api, console = application(installation, telemetry=telemetry), Console(installation, telemetry)
    pages = Compression(console)

    def is_page(scope: Scope) -> bool:
        path = scope["path"]
        return console.has(path) or (is_from_browser(scope) and not is_of_api(path))

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            # Beside the first calls: a server is ready no later for it.
            Thread(target=console.prepare, name="pages").start()
        scope = in_origin_form(scope)
        await (pages if scope["type"] == "http" and is_page(scope) else api)(scope, receive, send)

    return served


def at_rest(built: ASGIApp) -> ASGIApp:
    """Let the garbage collector pass over what a server process is made of, and come less often.

    Left as it is, it walks through every object of the program again and again while a call of ten thousand ids makes
    its own: a third of that call's time. What calls make is nearly all freed without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    # Else what is frozen is still there when the process ends, and extension modules call it leaked.
    atexit.register(gc.unfreeze)
    return built
