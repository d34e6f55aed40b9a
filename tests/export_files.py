"""Runs of Cost Management exports for tests, laid out as Microsoft does: blobs of a run, and a manifest beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.focus_files import Row, write_csv, write_parquet

PROFILE = "/providers/Microsoft.Billing/billingAccounts/1:2_2019-05-31/billingProfiles/ABCD-EFGH"


@dataclass(frozen=True)
class Run:
    """A run of an export: what it is of, when it was asked for, and the rows of each blob by its file name."""

    blobs: Mapping[str, Sequence[Row]]
    submitted: str = "2024-09-20T18:33:03.1032074Z"
    kind: str = "FocusCost"
    export: str = "daily"
    resource: str = PROFILE
    first_day: str = "2024-09-01"
    last_day: str = "2024-09-30"
    run_id: str = "73746dc5-5dcc-4b83-b340-bb1bd2b1ca30"

    @property
    def folder(self) -> str:
        """Where its blobs lie in the container."""
        days = f"{self.first_day}-{self.last_day}".replace("-2", "_2").replace("-", "").replace("_", "-")
        return f"cost/{self.export}/{days}/{self.run_id}-{self.submitted[8:16].replace(':', '')}"


def write_run(container: Path, run: Run, **changes: Any) -> Path:
    """Write a run below ``container`` and return its manifest. ``changes`` replace sections of the manifest."""
    folder = container / run.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in run.blobs.items():
        (write_parquet if name.endswith(".parquet") else write_csv)(folder / name, rows)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**manifest_of(run, folder), **changes}), encoding="utf-8")
    return manifest


def manifest_of(run: Run, folder: Path) -> dict[str, Any]:
    """The manifest that Microsoft writes for the run whose blobs lie in ``folder``."""
    blobs = [
        {
            "blobName": f"{run.folder}/{name}",
            "byteCount": (folder / name).stat().st_size,
            "dataRowCount": len(rows),
            "headerRowCount": 1,
        }
        for name, rows in run.blobs.items()
    ]
    return {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(blob["byteCount"] for blob in blobs),
        "blobCount": len(blobs),
        "dataRowCount": sum(blob["dataRowCount"] for blob in blobs),
        "exportConfig": {
            "exportName": run.export,
            "resourceId": f"{run.resource}/providers/Microsoft.CostManagement/exports/{run.export}",
            "dataVersion": "1.0r2",
            "apiVersion": "2023-07-01-preview",
            "type": run.kind,
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "containerUri": "/subscriptions/1/providers/Microsoft.Storage/storageAccounts/costs",
            "rootFolderPath": "cost",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": run.submitted,
            "runId": run.run_id,
            "startDate": f"{run.first_day}T00:00:00",
            "endDate": f"{run.last_day}T00:00:00",
        },
        "blobs": blobs,
    }
