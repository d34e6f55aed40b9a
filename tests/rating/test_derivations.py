"""Every charge of random months derives, by its printed arithmetic alone, to the price that the oracle gives it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.data_set import DataSet, SourceFile
from rebill.model.rating import CustomerLines, RatingInputs
from rebill.model.statement import LineKind
from rebill.rating.explained import LineOfRun
from rebill.services.proof.charge_steps import ChargeSteps
from rebill.services.proof.rule_line_steps import charged_month, exact_now, rule_line_steps
from rebill.services.proof.run_charges import ExplainedCharge, RunCharges
from rebill.services.runs.rate_month import ImportedCost, rate_month
from tests.rating import oracle
from tests.rating.calculator import computed
from tests.rating.lines import Line
from tests.rating.months import MONTH, few_lines, many_lines, rating_inputs, write_parts
from tests.rating.oracle import Rated
from tests.rating.test_engine_against_oracle import imported_sums

_FILE = "part"


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def imported(number: int) -> DataSet:
    """The data set of a part."""
    file = SourceFile(f"{_FILE}-{number}", "ab" * 32, 1, "focus", 1, 0)
    moment = datetime(2024, 10, 1, tzinfo=UTC)
    return DataSet(number, "file", "scope", "focus", MONTH, "focus", "cd" * 32, 1, 0, (file,), (), (), "", moment)


@settings(max_examples=30, deadline=None)
@given(lines=few_lines(), inputs=rating_inputs(), part_count=st.integers(1, 3))
def test_charges_derive_to_their_prices(
    scratch: Path, lines: list[Line], inputs: RatingInputs, part_count: int
) -> None:
    assert all_derive(scratch, lines, inputs, part_count) <= len(lines)


@settings(max_examples=30, deadline=None)
@given(lines=many_lines(), inputs=rating_inputs())
def test_charges_of_months_derive_to_their_prices(scratch: Path, lines: list[Line], inputs: RatingInputs) -> None:
    assert all_derive(scratch, lines, inputs, part_count=2) <= len(lines)


def all_derive(scratch: Path, lines: list[Line], inputs: RatingInputs, part_count: int) -> int:
    """Derive every billed charge of a month; how many there are."""
    parts = write_parts(lines, scratch, part_count)
    size = max(1, -(-len(lines) // part_count))
    derived: dict[int, ExplainedCharge] = {}
    with DuckDBEngine(scratch / "spill", "600MB") as engine:
        cost = ImportedCost(parts, len(lines), imported_sums(lines))
        rated = rate_month(engine, inputs, cost, scratch)
        engine.view_parts("bare_lines", parts)
        sources = f"'{_FILE}-' || CAST(part AS VARCHAR) AS x_SourceFile, part_row + 1 AS x_SourceRow"
        engine.create_table_as("lake_lines", f"SELECT *, {sources} FROM bare_lines")
        for found in rated.customers:
            added_by_rules(engine, inputs, found)
            steps = ChargeSteps(inputs, found.customer_id, "Acorn")
            charges = RunCharges(engine, steps, [imported(number) for number in range(part_count)])
            for priced in found.lines:
                if priced.kind is not LineKind.CHARGES:
                    continue
                four = (priced.provider, priced.subscription, priced.service, priced.charge_category)
                line = LineOfRun(found.customer_id, found.currency, *four)
                totals, explained = charges.of_line(line, 1000)
                assert sum((total.price for total in totals), Decimal(0)) == priced.exact_amount
                assert sum(total.charges for total in totals) == len(explained) == priced.charges
                for one in explained:
                    derived[int(one.charge.file.removeprefix("part-")) * size + one.charge.row - 1] = one
    billed = {
        number: outcome
        for number, outcome in enumerate(oracle.rate_line(line, inputs) for line in lines)
        if outcome.binding == "billed"
    }
    assert derived.keys() == billed.keys()
    for number, explained_charge in derived.items():
        as_printed(explained_charge, lines[number], billed[number])
    return len(derived)


def added_by_rules(engine: DuckDBEngine, inputs: RatingInputs, found: CustomerLines) -> None:
    """The lines that billing rules add derive to what the run gave them."""
    if all(priced.kind is LineKind.CHARGES for priced in found.lines):
        return
    charged = charged_month(engine, found.customer_id)
    for priced in found.lines:
        if priced.kind is not LineKind.CHARGES:
            steps = rule_line_steps(inputs, found.customer_id, found.currency, priced, charged)
            results = computed([step.document() for step in steps])
            assert results[priced.kind.value] == priced.exact_amount
    now = exact_now(inputs, found.customer_id, found.currency, charged)
    assert now == {priced.key: priced.exact_amount for priced in found.lines}


def as_printed(explained: ExplainedCharge, line: Line, outcome: Rated) -> None:
    """The printed steps come to the oracle's price, and name its base and rule."""
    documents = [step.document() for step in explained.steps]
    results = computed(documents)
    assert results["price"] == outcome.price
    assert documents[-1]["step"] == "price"
    facts = {document["step"]: document.get("facts", {}) for document in documents}
    assert facts["base"]["base_kind"].upper() == outcome.base_kind
    assert outcome.base_kind == "SUPPORT_RULE" or facts["rule"].get("position") == outcome.rule
    shares = [amount for name, amount in results.items() if name.startswith("share of rule ")]
    assert outcome.base_kind == "SUPPORT_RULE" or sum(shares) == outcome.spread
    assert facts["owner"]["charge_day"] == line.start.date().isoformat()
    assert facts["source"]["file_sha256"] == "ab" * 32
