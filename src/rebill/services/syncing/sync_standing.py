"""How the syncs of the whole installation stand, for the operator who watches over it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rebill.model.movement import AlarmKind
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord
from rebill.services.acting.installation import Installation
from rebill.store.syncs import all_syncs


@dataclass(frozen=True)
class SyncStanding:
    """How the syncs of a part stand, all partners together; it names none.

    ``done_at``: when the partner that waits longest was last synced well; ``None`` where one never was.
    ``failing``: how many partners' latest sync failed or was interrupted. ``alarms``: of all latest syncs, by
    their kinds.
    """

    done_at: datetime | None
    failing: int
    alarms: Mapping[AlarmKind, int]


def sync_standing(installation: Installation) -> dict[SyncPart, SyncStanding]:
    """The standing of every part that was ever synced."""
    with installation.database.reading() as connection:
        records = list(all_syncs(connection))
    return {part: standing for part in SyncPart if (standing := _standing(part, records)) is not None}


def _standing(part: SyncPart, records: list[tuple[int, SyncRecord]]) -> SyncStanding | None:
    latest: dict[int, SyncRecord] = {}
    done: dict[int, datetime] = {}
    for partner_id, record in records:
        if record.part is not part or record.outcome is SyncOutcome.RUNNING:
            continue
        latest.setdefault(partner_id, record)
        if record.outcome is SyncOutcome.DONE:
            done.setdefault(partner_id, record.started_at)
    if not latest:
        return None
    return SyncStanding(
        min(done.values()) if done.keys() == latest.keys() else None,
        sum(record.outcome is not SyncOutcome.DONE for record in latest.values()),
        Counter(alarm.kind for record in latest.values() for alarm in record.result.alarms),
    )
