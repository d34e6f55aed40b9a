"""Settings: one frozen object, read from the environment once, at the edge."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from rebill.model.call_limit import GREATEST_CALLS_PER_MINUTE
from rebill.model.errors import Invalid

_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Settings:
    """Where rebill keeps its record and its data, and how it serves.

    ``home``: the data folder. ``database_url``: SQLAlchemy address of the record.
    ``api_key_in_query``: whether ``?api_key=`` is accepted.
    ``engine_memory_limit``: what the embedded engine may use, in DuckDB's notation.
    ``calls_per_minute``: how many calls of the API each key may make, ``None`` without limit.
    ``storage_connection_string_file``: holds the secret of the storage account that exports are fetched from.
    ``font_folder``: fonts that documents may use beside rebill's own.
    """

    home: Path
    database_url: str
    api_key_in_query: bool = True
    engine_memory_limit: str = "600MB"
    calls_per_minute: int | None = None
    storage_connection_string_file: Path | None = None
    font_folder: Path | None = None

    @property
    def lake_folder(self) -> Path:
        return self.home / "lake"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> "Settings":
        """Read ``REBILL_*`` variables; every one is described in ``docs/settings.md``.

        Raises ``Invalid`` for a limit of calls that is none: a limit that was meant must not be off unnoticed.
        """
        folder = home or Path(environment.get("REBILL_HOME") or platformdirs.user_data_path("rebill"))
        folder = folder.expanduser().absolute()
        given = "" if home else environment.get("REBILL_DATABASE_URL", "")
        return cls(
            home=folder,
            database_url=given or f"sqlite:///{folder / 'rebill.sqlite3'}",
            api_key_in_query=environment.get("REBILL_API_KEY_IN_QUERY", "true").lower() != "false",
            engine_memory_limit=environment.get("REBILL_ENGINE_MEMORY_LIMIT", "600MB"),
            calls_per_minute=_calls_per_minute(environment.get("REBILL_CALLS_PER_MINUTE", "")),
            storage_connection_string_file=_path(environment.get("REBILL_STORAGE_CONNECTION_STRING_FILE", "")),
            font_folder=_path(environment.get("REBILL_FONT_FOLDER", "")),
        )


def _calls_per_minute(text: str) -> int | None:
    if not text.strip():
        return None
    number = int(text) if _DIGITS.fullmatch(text) else 0
    if not 1 <= number <= GREATEST_CALLS_PER_MINUTE:
        sentence = (
            f"REBILL_CALLS_PER_MINUTE must be a whole number from 1 to {GREATEST_CALLS_PER_MINUTE}, or not be set."
        )
        raise Invalid("invalid_setting", sentence)
    return number


def _path(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None
