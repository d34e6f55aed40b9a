"""By which earlier months' rules a month's refunds are priced: found from the invoices that they name, in the lake."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from rebill.lake.cost_data_sets import part_paths
from rebill.lake.session import engine_session
from rebill.model.data_set import DataSet
from rebill.model.months import BillingMonth
from rebill.model.rating import RatingInputs, RefundRules
from rebill.model.sql_text import sql_paths
from rebill.services.acting.installation import Installation
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.store.data_sets import data_sets_in_force
from rebill.store.rating_inputs import rating_inputs
from rebill.store.scope import Scope

_REFUND: Final = "ChargeCategory IN ('Usage', 'Purchase') AND (ChargeClass = 'Correction' OR BilledCost < 0)"
_REMEMBERED: Final = 1_000


def month_inputs(
    installation: Installation, scope: Scope, month: BillingMonth, data_sets: Sequence[DataSet]
) -> RatingInputs:
    """Everything ``month`` is priced by, with the rules of the earlier months whose charges ``data_sets`` take back.

    The invoice that a refund names is looked for among the charges of all months. Of several months that have it, the
    last before ``month`` counts; where ``month`` itself has it, or none before it has, its own rules price the refund.
    """
    inputs = rating_inputs(scope, month, recorded_price_book)
    wanted = {invoice for one in data_sets for invoice in _named(installation, one, "x_PreviousInvoiceId")}
    if not wanted:
        return inputs
    months: dict[str, BillingMonth] = {}
    for data_set in data_sets_in_force(scope):
        if data_set.billing_month <= month:
            for invoice in wanted & _named(installation, data_set, "InvoiceId"):
                months[invoice] = max(months.get(invoice, data_set.billing_month), data_set.billing_month)
    earlier = sorted({found for found in months.values() if found != month})
    rules = (_rules(scope, one, tuple(sorted(name for name, of in months.items() if of == one))) for one in earlier)
    return replace(inputs, refund_rules=tuple(rules))


def _rules(scope: Scope, month: BillingMonth, invoices: tuple[str, ...]) -> RefundRules:
    then = rating_inputs(scope, month, recorded_price_book)
    return RefundRules(month, invoices, then.terms, then.books, then.account_books, then.billing_rules)


def _named(installation: Installation, data_set: DataSet, column: str) -> frozenset[str]:
    """The invoices that a column names: ``InvoiceId`` those of the charges, ``x_PreviousInvoiceId`` those refunded."""
    return _read(installation.lake_folder, installation.settings.engine_memory_limit, data_set, column)


# What was imported never changes: it is looked through once in a process.
@lru_cache(_REMEMBERED)
def _read(lake_folder: Path, memory_limit: str, data_set: DataSet, column: str) -> frozenset[str]:
    with engine_session(memory_limit) as connection:
        parts = part_paths(connection, lake_folder, [data_set])
        lines = f"read_parquet({sql_paths(parts)}, union_by_name = true)"
        held = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {lines}").fetchall()}
        if column not in held:
            return frozenset()
        condition = _REFUND if column == "x_PreviousInvoiceId" else "TRUE"
        query = f"SELECT DISTINCT {column} FROM {lines} WHERE {column} IS NOT NULL AND {condition}"
        return frozenset(text for (text,) in connection.execute(query).fetchall())
