"""Which imported usage goes on across the changes of owner that an act on assignments makes (``docs/rating.md``).

The record says whether any imported usage is that long at all; the lake is looked into only then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from rebill.engines.duckdb import DuckDBEngine
from rebill.lake.cost_data_sets import part_paths
from rebill.lake.session import engine_session
from rebill.model.assignment import AssignmentOrder
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.rating import AccountBinding
from rebill.model.spanning_usage import LINES_LISTED, SpanningLine, SpanningUsage
from rebill.rating import transfers
from rebill.rating.accounts import APPLICABLE, CHANGES_OF_OWNER
from rebill.rating.tables import binding_table, changed_day_table
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_plan import ChangingAccount, changed_days, owners_after
from rebill.store.data_sets import data_sets_of_long_usage
from rebill.store.rating_inputs import account_bindings
from rebill.store.scope import Scope


@dataclass(frozen=True)
class ChangesOfOwner:
    """Where usage may go across changes of owner: the data sets, the days, and whose everything is after the act."""

    data_sets: tuple[DataSet, ...]
    days: Mapping[tuple[AccountKind, str], set[date]]
    bindings: tuple[AccountBinding, ...]


def changes_of_owner(
    scope: Scope, order: AssignmentOrder, changing: Sequence[ChangingAccount]
) -> ChangesOfOwner | None:
    """What an act that is about to be stored changes of whose accounts are when; ``None`` where no usage can tell."""
    # Most accounts of an order share one plan.
    plans = {id(one.plan): one.plan for one in changing}
    data_sets = data_sets_of_long_usage(scope) if any(map(changed_days, plans.values())) else []
    if not data_sets:
        return None
    days = {(order.kind, one.account.key): found for one in changing if (found := changed_days(one.plan))}
    concerned = {(order.kind, one.account.key) for one in changing}
    others = [one for one in account_bindings(scope) if (one.kind, one.account_key) not in concerned]
    after = [
        AccountBinding(order.kind, one.account.key, customer_id, held.first, held.until)
        for one in changing
        for customer_id, held in owners_after(order.customer_id, one.standing, one.plan)
    ]
    return ChangesOfOwner(tuple(data_sets), days, (*others, *after))


def spanning_usage(installation: Installation, changes: ChangesOfOwner) -> SpanningUsage:
    """The usage of more than a day that goes across these changes, as a run would mark it.

    The act is stored by now, so cost that cannot be read is told beside it, and is no error of the act.
    """
    try:
        return _found(installation, changes)
    except ProgramError as fault:
        return SpanningUsage(fault=str(fault))


def _found(installation: Installation, changes: ChangesOfOwner) -> SpanningUsage:
    memory_limit = installation.settings.engine_memory_limit
    with engine_session(memory_limit) as connection:
        parts = part_paths(connection, installation.lake_folder, changes.data_sets)
    owners = [data_set for data_set in changes.data_sets for _ in data_set.parts]
    with TemporaryDirectory() as scratch, DuckDBEngine(Path(scratch), memory_limit) as engine:
        engine.read_cost_lines(parts)
        engine.view_parts("lake_lines", parts)
        for table in (binding_table(changes.bindings), changed_day_table(changes.days)):
            engine.create_table(table.name, table.columns, table.rows)
        engine.create_table_as("long_lines", transfers.LONG_LINES)
        engine.create_table_as("accounts", transfers.ACCOUNTS_OF_LONG_LINES)
        engine.create_table_as("applicable", APPLICABLE)
        engine.create_table_as("changes_of_owner", CHANGES_OF_OWNER)
        engine.create_table_as("crossing_lines", transfers.CROSSING_LINES)
        ((count,),) = engine.rows("SELECT COUNT(*) FROM crossing_lines")
        rows = engine.rows(transfers.first_crossing_lines(LINES_LISTED)) if count else []
    return SpanningUsage(int(count), tuple(_line(owners[part], *told) for part, *told in rows))


def _line(
    data_set: DataSet,
    source_file: str,
    source_row: int,
    subscription: str | None,
    azure_customer: str | None,
    commitment: str | None,
    charge_kind: str | None,
    start: datetime,
    end: datetime,
    changes_on: date,
    billed_cost: Decimal,
    currency: str,
) -> SpanningLine:
    return SpanningLine(
        data_set.data_set_id,
        data_set.billing_month,
        source_file,
        source_row,
        subscription,
        azure_customer,
        commitment,
        charge_kind,
        start.replace(tzinfo=UTC),
        end.replace(tzinfo=UTC),
        changes_on,
        billed_cost,
        currency,
    )
