"""The application of a server process whose clock stands still where that of the tests does."""

from starlette.types import ASGIApp

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from tests.conftest import SettableClock


def api_application() -> ASGIApp:
    """The partner API on the environment's installation, at 2024-10-15 12:00 UTC for ever."""
    settings = Settings.from_environment()
    return application(Installation(settings, Database(settings.database_url), SettableClock()))
