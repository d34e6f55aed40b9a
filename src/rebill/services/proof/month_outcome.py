"""What a month comes to under some inputs: prices by customer, currency and service, and what they cost."""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.data_set import DataSet
from rebill.model.money import ZERO, minor_units
from rebill.model.rating import RatingInputs
from rebill.model.statement import PricedLine
from rebill.services.acting.installation import Installation
from rebill.services.runs.recompute import Watch, recomputed


class CustomerCurrency(NamedTuple):
    """One statement's worth of a month."""

    customer_id: int
    currency: str


class ServiceKey(NamedTuple):
    """What differences are told by; ``service``: of a line that no charges make, the name it shows."""

    customer_id: int
    currency: str
    service: str | None


@dataclass(frozen=True)
class MonthOutcome:
    """``exact``: prices by service; ``shown``: totals in minor units; ``cost``: statement costs, exact."""

    exact: Mapping[ServiceKey, Decimal] = field(default_factory=dict)
    shown: Mapping[CustomerCurrency, int] = field(default_factory=dict)
    cost: Mapping[CustomerCurrency, Decimal] = field(default_factory=dict)


class MonthOutcomes:
    """Computes months in ``folder``, one after another; nothing stays of them there."""

    def __init__(self, installation: Installation, folder: Path, watch: Watch | None = None) -> None:
        self._installation = installation
        self._folder = folder
        self._watch = watch

    def of(
        self, inputs: RatingInputs, data_sets: Sequence[DataSet], digits: Mapping[str, int] = MINOR_DIGITS
    ) -> MonthOutcome:
        """What the month comes to. ``digits``: currency → decimals of its minor unit. Raises as a run does."""
        folder = self._folder / "outcome"
        try:
            rated = recomputed(self._installation, inputs, data_sets, folder, self._watch)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        exact: dict[ServiceKey, Decimal] = defaultdict(lambda: ZERO)
        shown: dict[CustomerCurrency, int] = {}
        cost: dict[CustomerCurrency, Decimal] = {}
        for one in rated.customers:
            key = CustomerCurrency(one.customer_id, one.currency)
            shown[key] = minor_units(sum((line.exact_amount for line in one.lines), ZERO), digits[one.currency])
            cost[key] = one.statement_cost
            for line in one.lines:
                exact[service_key(*key, line)] += line.exact_amount
        return MonthOutcome(dict(exact), shown, cost)


def service_key(customer_id: int, currency: str, line: PricedLine) -> ServiceKey:
    """Under which service a line is counted."""
    return ServiceKey(customer_id, currency, line.service or line.description or None)
