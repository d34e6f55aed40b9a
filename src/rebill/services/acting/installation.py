"""What every service works with: the adapters that ``rebill.wiring`` built, in one object."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rebill.settings import Settings
from rebill.store.database import Database

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time, in UTC: the one place that reads it."""
    return datetime.now(UTC)


def today_of(now: datetime) -> date:
    """The day of a moment, in UTC."""
    return now.astimezone(UTC).date()


@dataclass(frozen=True)
class Installation:
    """One installation of rebill: its settings, its record, its clock. Its lake lies in ``settings.lake_folder``."""

    settings: Settings
    database: Database
    clock: Clock = system_clock

    def close(self) -> None:
        """Return what it holds open; it can be used again afterwards."""
        self.database.close()

    @property
    def lake_folder(self) -> Path:
        return self.settings.lake_folder
