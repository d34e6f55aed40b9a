"""What hands a delivery over: its files, and what it says of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rebill.model.delivery import DeliveryOrigin
from rebill.sources.cost_files import CostFile, find_cost_files


class DeliverySource(Protocol):
    """A delivery that can be taken in.

    ``origin``: what its source says of it; ``None``: nothing. ``files`` brings its files where they can be read;
    ``folder`` is empty, and there for those that come from elsewhere. Raises ``Invalid`` for what is not there.
    """

    @property
    def origin(self) -> DeliveryOrigin | None: ...

    def files(self, folder: Path) -> list[CostFile]: ...


@dataclass(frozen=True)
class GivenFiles:
    """Files and folders that somebody names: nothing is known of them but what they hold."""

    paths: tuple[Path, ...]
    origin: DeliveryOrigin | None = None

    def files(self, folder: Path) -> list[CostFile]:
        """The files as they lie; nothing is put into ``folder``."""
        return find_cost_files(self.paths)
