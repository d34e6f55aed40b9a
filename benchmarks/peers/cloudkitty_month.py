"""The prices of a month by CloudKitty's hashmap rating, in process: no message queue, no storage, no API.

HashMap multiplies a point's quantity with the rates whose field has the point's value, for one tenant's scope. So the
amount of a line is the quantity, a customer is a scope with two rates (of a list price and of a cost), and this script
decides beforehand what HashMap has no words for: the owner on the day of the line, and which amount is the base.
"""

import datetime
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow.dataset as ds
from cloudkitty import config, dataframe, db  # noqa: F401  (config registers the options)
from cloudkitty.rating import hash as hashmap
from cloudkitty.rating.hash.db import api as hash_db_api
from cloudkitty.rating.hash.db.sqlalchemy import models
from oslo_config import cfg

from benchmarks.peers.month import COLUMNS, LINE, Answer, Binding, Month, Terms, tell

_SERVICE: Final = "cost"
_FIELD: Final = "base"
_LIST: Final = "list"
_COST: Final = "cost"
_FIRST: Final = datetime.datetime(2024, 9, 1)  # noqa: DTZ001  (CloudKitty keeps its days so)
_UNTIL: Final = datetime.datetime(2024, 10, 1)  # noqa: DTZ001  (the same)
_BATCH: Final = 100_000
Line = Mapping[str, Any]


def prices(month: Month) -> Answer:
    """The price of every statement line."""
    terms = {one.customer_id: one for one in month.terms()}
    ratings = {customer: hashmap.HashMap(str(customer)) for customer in terms}
    owner = _Owners(month)
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    rating_seconds = 0.0
    for batch in ds.dataset(month.parts).to_batches(columns=list(COLUMNS), batch_size=_BATCH):
        points: dict[int, list[dataframe.DataPoint]] = defaultdict(list)
        for line in batch.to_pylist():
            customer = owner.of(line)
            if customer in terms:
                points[customer].append(_point(line, terms[customer]))
        started = time.perf_counter()
        rated = {
            customer: ratings[customer].process(dataframe.DataFrame(_FIRST, _UNTIL, {_SERVICE: own}))
            for customer, own in points.items()
        }
        rating_seconds += time.perf_counter() - started
        for customer, frame in rated.items():
            for _, point in frame.iterpoints():
                found[customer, *(point.groupby[name] for name in LINE)] += point.price
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for (*_, currency), price in found.items():
        totals[currency] += price
    return Answer(len(found), dict(totals), rating_seconds)


def _make_rates(folder: Path, month: Month) -> None:
    cfg.CONF([], project="cloudkitty", default_config_files=[])
    cfg.CONF.set_override("connection", f"sqlite:///{folder / 'rates.sqlite3'}", group="database")
    with db.session_for_write() as session:
        models.Base.metadata.create_all(session.get_bind())
    api = hash_db_api.get_instance()
    common = {"created_by": "benchmark", "start": _FIRST}
    service = api.create_service(_SERVICE).service_id
    api.create_mapping(cost="1", map_type="flat", service_id=service, **common)
    field = api.create_field(service, _FIELD).field_id
    for one in month.terms():
        for value, factor in ((_LIST, one.factor), (_COST, one.cost_factor)):
            api.create_mapping(
                cost=factor, map_type="rate", value=value, field_id=field, tenant_id=str(one.customer_id), **common
            )


class _Owners:
    def __init__(self, month: Month) -> None:
        self._bound: list[tuple[str, dict[str, Binding]]] = [
            (column, {one.account_key: one for one in bindings})
            for kind, column in (("subscription", "SubAccountId"), ("azure_customer", "x_AzureCustomerId"))
            for bindings in month.bindings(kind)
        ]

    def of(self, line: Line) -> int | None:
        """The customer that owns the line on its day."""
        day = line["ChargePeriodStart"].date()
        for column, bindings in self._bound:
            binding = bindings.get(line[column])
            if binding is not None and binding.first_day <= day < binding.until_day:
                return binding.customer_id
        return None


def _point(line: Line, terms: Terms) -> dataframe.DataPoint:
    base, amount = _base(line, terms)
    groups = {name: line[name] for name in LINE}
    return dataframe.DataPoint(line["BillingCurrency"], amount, 0, groups, {_FIELD: base})


def _base(line: Line, terms: Terms) -> tuple[str, Decimal]:
    """Which of its rates prices the line, and the amount; no rate of ``none``."""
    category, billed, listed = line["ChargeCategory"], line["BilledCost"], line["ListCost"]
    if category == "Tax":
        return "none", Decimal(0)
    if category in ("Credit", "Adjustment"):
        return "none", billed
    if line["CommitmentDiscountId"] is None:
        has_list = terms.basis == "list" and listed is not None and (listed != 0 or billed == 0)
        return (_LIST, listed) if has_list else (_COST, billed)
    if terms.commitments == "as_bought":
        return _COST, billed
    if category == "Purchase":
        return "none", Decimal(0)
    if terms.commitments == "amortized":
        return _COST, line["EffectiveCost"] or Decimal(0)
    return (_LIST, listed or Decimal(0)) if line["CommitmentDiscountStatus"] == "Used" else ("none", Decimal(0))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        tell(prices, partial(_make_rates, Path(folder)))
