"""``python -m tests.api.documented``: records the examples anew, and writes docs/openapi.json from the routes."""

import subprocess
import sys
import tempfile
from pathlib import Path

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from tests.api.client import api_client
from tests.api.documented.document import write_document
from tests.api.documented.partner import admin_key, documented_partner
from tests.api.documented.recording import FOLDER, written
from tests.api.documented.stories import tell_all
from tests.api.world import naming_provider
from tests.conftest import SettableClock


def record() -> None:
    """Tell the stories on an empty record, and keep what was answered."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        settings = Settings(home=home, database_url=f"sqlite:///{home / 'rebill.sqlite3'}")
        database, clock = Database(settings.database_url), SettableClock()
        upgrade(database)
        installation = Installation(settings, database, clock)
        partner, key = admin_key(installation)
        with api_client(application(naming_provider(installation)), key) as api:
            examples = tell_all(documented_partner(installation, partner, api, clock, home)).examples
        database.close()
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.json"):
        file.unlink()
    for name, text in written(examples).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--document"]:
        write_document()
    else:
        record()
        # In a process of its own, which has not read the examples of before.
        subprocess.run([sys.executable, "-m", "tests.api.documented", "--document"], check=True)
