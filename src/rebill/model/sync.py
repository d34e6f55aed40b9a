"""Syncs: what was brought from Microsoft by itself, when, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from rebill.model.counting import counted
from rebill.model.movement import Alarm


class SyncPart(StrEnum):
    """What is synced; stable."""

    CATALOGUE = "catalogue"
    """Partner Center's customers and subscriptions."""
    COSTS = "costs"
    """Microsoft Graph's billing export, and Partner Center's invoices."""
    EXPORTS = "exports"
    """Cost Management's exports, in storage."""


class SyncOutcome(StrEnum):
    """How a sync of a part ended; stable."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its process was told to stop, or was gone, before it ended."""


GREATEST_MOVED_COUNT: Final = 100
"""So many of the customers that changed, and of those that went, a sync names; all of them are counted."""


@dataclass(frozen=True)
class MovedCustomer:
    """An Azure customer that Microsoft tells otherwise than before, or lists no longer.

    ``before`` and ``now``: what is told otherwise, by the name of it; of one that is gone both are empty.
    """

    azure_customer_id: str
    name: str
    before: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return not self.now

    @property
    def told(self) -> str:
        """What became of it: ``gone``, or ``name: Contoso → Fabrikam``."""
        if self.is_gone:
            return "gone"
        return "; ".join(f"{what}: {self.before[what] or 'none'} → {new or 'none'}" for what, new in self.now.items())


@dataclass(frozen=True)
class SyncResult:
    """What a sync of a part brought: counts by name, and what moved oddly.

    ``refused``: deliveries and places by their names, each with the reason. ``moved``: the first customers that changed
    or are gone.
    """

    counts: Mapping[str, int]
    alarms: tuple[Alarm, ...] = field(default=())
    refused: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[MovedCustomer, ...] = ()

    @property
    def told(self) -> str:
        """The counts in words: ``4 deliveries, 1 invoice total``."""
        return ", ".join(_told(name.replace("_", " "), count) for name, count in self.counts.items())


def _told(many: str, count: int) -> str:
    one = f"{many.removesuffix('ies')}y" if many.endswith("ies") else many.removesuffix("s")
    return counted(count, one, many)


@dataclass(frozen=True)
class SyncRecord:
    """One sync of a part. ``fault_code`` and ``fault`` say why it failed."""

    sync_id: int
    part: SyncPart
    started_at: datetime
    ended_at: datetime | None
    outcome: SyncOutcome
    result: SyncResult
    fault_code: str = ""
    fault: str = ""

    @property
    def duration_seconds(self) -> float | None:
        """How long it took, once it has ended."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()
