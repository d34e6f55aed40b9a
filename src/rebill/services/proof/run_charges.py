"""The charges of a run's statement lines, asked of its rated lines: totals by how they are priced, and derivations."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.data_set import DataSet
from rebill.model.derivation import Step
from rebill.model.identifiers import AccountKind
from rebill.model.rating import BaseKind, Guard
from rebill.model.source_row import SourceRow
from rebill.rating import explained as sql
from rebill.services.proof.charge_steps import Account, ChargeSteps, PricedBy, RatedCharge, not_derived

_GREATEST_FILES: Final = 100_000


@dataclass(frozen=True)
class PricedAlike:
    """Charges of a line that one account, base and rule price; amounts are exact sums."""

    account: Account
    base_kind: BaseKind
    priced_by: PricedBy
    charges: int
    billed_cost: Decimal
    statement_cost: Decimal
    price: Decimal


@dataclass(frozen=True)
class ExplainedCharge:
    """A charge and its derivation."""

    charge: RatedCharge
    steps: tuple[Step, ...]


class RunCharges:
    """A run's tables in an engine, asked for charges of one customer. ``data_sets``: of each part of its cost lines."""

    def __init__(self, engine: DuckDBEngine, steps: ChargeSteps, data_sets: Sequence[DataSet]) -> None:
        self._engine = engine
        self._steps = steps
        self._data_sets = data_sets

    def of_line(self, line: sql.LineOfRun, count: int) -> tuple[tuple[PricedAlike, ...], tuple[ExplainedCharge, ...]]:
        """The charges of a line, summed by how they are priced; and its first ones in the order of the lake."""
        rows = self._engine.rows(sql.totals(line, count))
        first = sorted((rated for *_, rated_alike in rows for rated in rated_alike), key=lambda rated: rated[:2])
        return tuple(self._total(row) for row in rows), self._explained(first[:count])

    def of_row(self, customer_id: int, currency: str, wanted: SourceRow) -> tuple[ExplainedCharge, ...]:
        """The charges of a statement that come from a source row; of several files where none is named."""
        places = self._engine.rows(sql.cost_lines_of_row(wanted.row, wanted.file, _GREATEST_FILES))
        if not places:
            return ()
        found = sql.charges_at([(part, row) for part, row in places], sql.of_customer(customer_id, currency))
        return self._explained(self._engine.rows(found))

    def _total(self, row: Sequence[Any]) -> PricedAlike:
        *account_of, position, base_kind, _, _, _, charges, billed_cost, statement_cost, price, _ = row
        account = Account(*account_of)
        priced_by = self._steps.priced_by(account, position)
        return PricedAlike(account, BaseKind(base_kind), priced_by, int(charges), billed_cost, statement_cost, price)

    def _explained(self, rated: Sequence[Sequence[Any]]) -> tuple[ExplainedCharge, ...]:
        if not rated:
            return ()
        held_rows = self._engine.rows(sql.cost_lines_at([(row[0], row[1]) for row in rated]))
        held = {(part, row): rest for part, row, *rest in held_rows}
        found = []
        for row in rated:
            charge = _rated_charge(row, held[row[0], row[1]])
            found.append(ExplainedCharge(charge, self._steps.steps(charge, self._data_sets[row[0]])))
        return tuple(found)


def _rated_charge(rated: Sequence[Any], held: Sequence[Any]) -> RatedCharge:
    _, _, quantity, billed_cost, statement_cost, price, bound_by, bound_key, guard, *how = rated
    *account, position, base_kind, _, _, _, provider, service, category, currency = how
    file, row, day, description, billed_in_lake, list_cost, effective_cost, _, unit = held
    if billed_in_lake != billed_cost:
        raise not_derived(f"row {row} of {file} costs {billed_in_lake} in the lake, the run left {billed_cost}")
    return RatedCharge(
        account=Account(*account),
        bound_by=AccountKind(bound_by),
        bound_key=bound_key,
        guard=Guard(guard),
        base_kind=BaseKind(base_kind),
        rule_position=position,
        provider=provider,
        service=service,
        category=category,
        currency=currency,
        price=price,
        statement_cost=statement_cost,
        file=file,
        row=row,
        day=day,
        description=description,
        billed_cost=billed_cost,
        list_cost=list_cost,
        effective_cost=effective_cost,
        quantity=quantity,
        unit=unit,
    )
