"""The numbers of the API's benchmark: medians, ratios, targets, and how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from benchmarks.api.acts import ACTS
from benchmarks.api.traffic import GREATEST_ANSWER_SECONDS, Measured
from benchmarks.api.world import Sizes
from benchmarks.report import machine

GREATEST_P99_MILLISECONDS: Final = 50
_HELD: Final = {True: "held", False: "missed"}


@dataclass(frozen=True)
class Target:
    """A bound of a figure of one store; ``figure`` is ``None`` where what it needs was not measured."""

    title: str
    figure: float | None
    bound: float
    is_greatest: bool = True

    @property
    def is_held(self) -> bool:
        if self.figure is None:
            return False
        return self.figure <= self.bound if self.is_greatest else self.figure >= self.bound

    @property
    def text(self) -> str:
        sign = "≤" if self.is_greatest else "≥"
        return f"{self.title} {sign} {self.bound:g}: {self.figure:.2f} ({_HELD[self.is_held]})"


@dataclass(frozen=True)
class Figure:
    """Medians of an act's repetitions. Milliseconds; ``greatest``: of all requests of all repetitions.

    ``server`` and ``database``: as in ``Measured``.
    """

    requests: int
    rate: float
    p50: float
    p99: float
    greatest: float
    server: float
    database: float


@dataclass(frozen=True)
class StoreReport:
    """What was measured on one store: an act's repetitions by its name."""

    store: str
    version: str
    measured: Mapping[str, Sequence[Measured]]

    @property
    def figures(self) -> dict[str, Figure]:
        """The medians of every act."""
        return {name: _figure_of(repetitions) for name, repetitions in self.measured.items()}

    def rate_to(self, name: str, peer: str) -> float | None:
        """The rate of an act in shares of another's: the median over the repetitions, each with its own neighbour."""
        pairs = self._pairs(name, peer)
        return round(median(one.rate / other.rate for one, other in pairs), 2) if pairs else None

    def time_to(self, name: str, peer: str) -> float | None:
        """The usual time to an answer in shares of another's, in the same way."""
        pairs = self._pairs(name, peer)
        return round(median(one.p50 / other.p50 for one, other in pairs), 2) if pairs else None

    def _pairs(self, name: str, peer: str) -> list[tuple[Measured, Measured]]:
        return list(zip(self.measured.get(name, ()), self.measured.get(peer, ()), strict=False))

    @property
    def targets(self) -> list[Target]:
        """Those whose acts were measured."""
        figures = self.figures
        add_one = figures.get("add_one")
        greatest = max(figure.greatest for figure in figures.values()) / 1000
        targets = [
            Target("add 1 id: rate ÷ bare transaction", self.rate_to("add_one", "transaction"), 0.6, False),
            Target("add 1 id: p99, ms", add_one.p99 if add_one else None, GREATEST_P99_MILLISECONDS),
            Target("add 10,000 ids ÷ add 1 id, alone", self.time_to("lone_add_ten_thousand", "lone_add_one"), 25),
            Target("page of 100: many ÷ few", self.time_to("page_of_many", "page_of_few"), 3),
            Target("page of 100 by key: many ÷ few", self.time_to("page_of_many_by_key", "page_of_few"), 3),
            Target("slowest answer of all, s", greatest, GREATEST_ANSWER_SECONDS),
        ]
        return [target for target in targets if target.figure is not None]


def _figure_of(repetitions: Sequence[Measured]) -> Figure:
    return Figure(
        requests=sum(one.answered for one in repetitions),
        rate=round(median(one.rate for one in repetitions), 1),
        p50=round(median(one.p50 for one in repetitions), 2),
        p99=round(median(one.p99 for one in repetitions), 2),
        greatest=round(max(one.greatest for one in repetitions), 2),
        server=round(median(one.server for one in repetitions), 2),
        database=round(median(one.database for one in repetitions), 2),
    )


@dataclass(frozen=True)
class Report:
    """Everything measured."""

    sizes: Sizes
    repetitions: int
    stores: Sequence[StoreReport]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "machine": machine(),
            "repetitions": self.repetitions,
            "sizes": asdict(self.sizes),
            "stores": [_store_document(store) for store in self.stores],
        }

    def text(self) -> str:
        """As tables for people."""
        sizes = self.sizes
        head = (
            f"{machine()}\nMedians of {self.repetitions}, alternating; {sizes.connections} connections (alone: 1), "
            f"server processes: {sizes.processes}; many = {sizes.many:,} assignments, few = {sizes.few:,}.\n"
            "server, database: their processor time for one request, ms.\n"
        )
        return "\n".join([head, *(_store_text(store) for store in self.stores)])


def _store_document(store: StoreReport) -> dict[str, Any]:
    return {
        "store": store.store,
        "version": store.version,
        "acts": {name: asdict(figure) for name, figure in store.figures.items()},
        "targets": [asdict(target) | {"is_held": target.is_held} for target in store.targets],
    }


def _store_text(store: StoreReport) -> str:
    columns = (
        f"{'requests/s':>11}{'÷ bare':>8}{'p50 ms':>10}{'p99 ms':>10}{'greatest':>10}{'server':>9}{'database':>10}"
    )
    rows = [f"{store.version:38}{columns}"]
    for name, figure in store.figures.items():
        ratio = store.rate_to(name, "transaction")
        shown = "" if ratio is None else f"{ratio:.2f}"
        rows.append(
            f"{ACTS[name].title:38}{figure.rate:>11,.1f}{shown:>8}{figure.p50:>10,.1f}{figure.p99:>10,.1f}"
            f"{figure.greatest:>10,.1f}{figure.server:>9,.2f}{figure.database:>10,.2f}"
        )
    return "\n".join([*rows, *(f"  {target.text}" for target in store.targets)]) + "\n"
