"""What every peer reads and answers. Standard library only: each runs in an environment of its own."""

import csv
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from benchmarks.memory import peak_megabytes

AMOUNTS: Final = ("BilledCost", "ListCost", "EffectiveCost")
LINE: Final = ("ProviderName", "SubAccountId", "ServiceName", "ChargeCategory", "BillingCurrency")
"""What tells a customer's statement lines apart, and its statements."""
COLUMNS: Final = (
    *AMOUNTS,
    *LINE,
    "PricingQuantity",
    "PricingUnit",
    "ChargePeriodStart",
    "x_AzureCustomerId",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
)


@dataclass(frozen=True)
class Binding:
    """Whose an account is from a day up to, not including, another."""

    account_key: str
    customer_id: int
    first_day: date
    until_day: date


@dataclass(frozen=True)
class Terms:
    """How a customer is billed; factors as text, exact."""

    customer_id: int
    basis: str
    commitments: str
    factor: str
    cost_factor: str


class Month:
    """The month in a workplace's folder, as ``benchmarks.prepared`` leaves it for peers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def parts(self) -> list[str]:
        """The lake's Parquet files."""
        return [str(part) for part in json.loads((self._folder / "parts.json").read_text(encoding="utf-8"))]

    def bindings(self, kind: str) -> list[list[Binding]]:
        """The bindings of a kind, such that no account stands in one of the lists twice."""
        lists: list[dict[str, Binding]] = []
        for row in self._rows("bindings.csv"):
            if row["kind"] != kind:
                continue
            days = date.fromisoformat(row["effective_from"]), date.fromisoformat(row["effective_to"])
            binding = Binding(row["account_key"], int(row["customer_id"]), *days)
            free = next((found for found in lists if binding.account_key not in found), None)
            if free is None:
                free = {}
                lists.append(free)
            free[binding.account_key] = binding
        return [list(found.values()) for found in lists]

    def terms(self) -> list[Terms]:
        """Of every customer that is billed."""
        return [
            Terms(int(row["customer_id"]), row["basis"], row["commitments"], row["factor"], row["cost_factor"])
            for row in self._rows("terms.csv")
        ]

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self._folder / name).open(newline="", encoding="utf-8") as text:
            return list(csv.DictReader(text))


@dataclass(frozen=True)
class Answer:
    """How many statement lines came out, what they come to by currency, and the seconds of rating where told apart."""

    lines: int
    totals: Mapping[str, Decimal | float]
    rating_seconds: float | None = None


def tell(act: Callable[[Month], Answer], before: Callable[[Month], None] | None = None) -> None:
    """Time ``act`` on the month in the folder that the command line names, and print one JSON object.

    ``before`` is not timed: what stands already when a month is billed.
    """
    month = Month(Path(sys.argv[1]))
    if before is not None:
        before(month)
    started = time.perf_counter()
    answer = act(month)
    seconds = time.perf_counter() - started
    told = asdict(answer) | {"totals": {currency: str(total) for currency, total in answer.totals.items()}}
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes(), "answer": told}))
