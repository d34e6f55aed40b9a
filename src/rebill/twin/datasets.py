"""What the billing export of the twin holds, packed as Microsoft packs it: gzip JSON Lines in several blobs."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import simplejson

from rebill.model.months import BillingMonth
from rebill.twin.world import TwinWorld

BLOB_COUNT: Final = 3


@dataclass(frozen=True)
class ExportedDataSet:
    """One export: ``kind`` is ``usage`` or ``reconciliation``; ``invoice_id`` is ``""`` while it is unbilled.

    ``period`` and ``currency``: of what is unbilled.
    """

    kind: str
    invoice_id: str
    period: str = ""
    currency: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.invoice_id or f'unbilled-{self.period}'}"


def month_of(world: TwinWorld, data_set: ExportedDataSet) -> BillingMonth | None:
    """The month that an export is of; ``None`` where there is no data."""
    if data_set.invoice_id:
        known = (world.invoice_id, world.reissued_id) if world.reissued else (world.invoice_id,)
        has_data = world.is_invoiced and data_set.invoice_id in known and data_set.kind not in world.lacking
        return world.month if has_data else None
    if data_set.currency != world.currency:
        return None
    unbilled = {"current": world.month.following, "last": None if world.is_invoiced else world.month}
    return unbilled.get(data_set.period)


def blobs(world: TwinWorld, data_set: ExportedDataSet, is_old: bool) -> dict[str, bytes]:
    """The blobs of an export by their names. ``is_old``: as they were before the last rows came."""
    month = month_of(world, data_set)
    if month is None:
        return {}
    made = world.usage if data_set.kind == "usage" else world.reconciliation
    rows: Sequence[dict[str, Any]] = made(month, data_set.invoice_id)
    if is_old:
        rows = rows[: len(rows) * 9 // 10]
    size = -(-len(rows) // BLOB_COUNT) or 1
    version = "v1" if is_old else "v2"
    packed = {
        f"part-{number:05}-{version}.c000.json.gz": _packed(rows[number * size : (number + 1) * size])
        for number in range(BLOB_COUNT)
    }
    # Microsoft's own writer leaves parts without a row, too.
    return {**packed, f"part-{BLOB_COUNT:05}-{version}.c000.json.gz": _packed(())}


def _packed(rows: Sequence[dict[str, Any]]) -> bytes:
    text = "".join(simplejson.dumps(row, use_decimal=True) + "\n" for row in rows)
    return gzip.compress(text.encode(), mtime=0)
