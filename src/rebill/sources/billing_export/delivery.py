"""A fetched export as a delivery of cost."""

from dataclasses import dataclass
from pathlib import Path

from rebill.model.delivery import DeliveryOrigin
from rebill.sources.billing_export.export import BlobFile
from rebill.sources.cost_files import CostFile


@dataclass(frozen=True)
class FetchedExport:
    """The files of one version of an export, and what Microsoft says of them."""

    origin: DeliveryOrigin
    fetched: tuple[BlobFile, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no file of it holds a row."""
        return all(file.is_empty for file in self.fetched)

    def files(self, folder: Path) -> list[CostFile]:
        """The files that hold rows, where they were fetched to; nothing is put into ``folder``."""
        return [CostFile(file.path, file.name) for file in self.fetched if not file.is_empty]
