"""The engine and the slow oracle agree on every line, statement and balance, to the last decimal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from rebill.engines.duckdb import DuckDBEngine
from rebill.engines.engine import Engine
from rebill.engines.opening import open_engine
from rebill.model.rating import BaseKind, Guard, RatedMonth, RatingInputs
from rebill.model.statement import LineKind, PricedLine, drawn_up
from rebill.services.runs.rate_month import ImportedCost, rate_month
from rebill.settings import Settings
from tests.rating import oracle
from tests.rating.lines import Line
from tests.rating.months import Keys, few_lines, many_lines, rating_inputs, write_parts
from tests.rating.oracle import Rated
from tests.rating.oracle_billing_rules import AddedLine, added_lines

RATED_LINES = """
SELECT s.binding, s.customer_id, l.base_kind, l.statement_cost, l.price, l.spans_transfer, p.rule_position,
       {spread}, l.guard, s.bound_by
FROM rated_lines AS l JOIN account_spans AS s USING (span_number)
JOIN prices AS p ON p.rule_set = s.rule_set AND p.product_number = l.product_number
ORDER BY l.part, l.part_row"""


EMBEDDED = Settings(home=Path("/nowhere"), database_url="")


def imported_sums(lines: list[Line]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.currency] += line.billed
    return dict(sums)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def rated_by_engine(
    lines: list[Line],
    inputs: RatingInputs,
    folder: Path,
    part_count: int,
    settings: Settings = EMBEDDED,
    keys: Keys = Keys.IMPORTED,
    engine: Engine | None = None,
) -> tuple[RatedMonth, list[Rated]]:
    parts = write_parts(lines, folder, part_count, keys)
    return rated_parts(parts, lines, inputs, folder, engine or open_engine(settings.engine, folder, settings))


def rated_parts(
    parts: Sequence[Path], lines: list[Line], inputs: RatingInputs, folder: Path, engine: Engine | None = None
) -> tuple[RatedMonth, list[Rated]]:
    """``parts``: the files that hold ``lines``."""
    with engine or open_engine(EMBEDDED.engine, folder, EMBEDDED) as opened:
        rated = rate_month(opened, inputs, ImportedCost(tuple(parts), len(lines), imported_sums(lines)), folder)
        return rated, rated_lines(opened) if lines else []


def rated_lines(engine: Engine) -> list[Rated]:
    # Only a month in which billing rules act on charges has a column of what they spread.
    columns = {name for name, *_ in engine.rows("DESCRIBE rated_lines")}
    spread = "l.spread" if "spread" in columns else "CAST('0' AS DECIMAL)"
    return [
        Rated(
            binding, customer_id, BaseKind(kind).name, cost, price, crosses, rule, spread, Guard(guard).name, bound_by
        )
        for binding, customer_id, kind, cost, price, crosses, rule, spread, guard, bound_by in engine.rows(
            RATED_LINES.format(spread=spread)
        )
    ]


def compare_statements(rated: RatedMonth, by_oracle: list[tuple[Line, Rated]], inputs: RatingInputs) -> None:
    charged: dict[int, list[tuple[Line, Rated]]] = defaultdict(list)
    for line, outcome in by_oracle:
        if outcome.binding == "billed" and outcome.customer_id is not None:
            charged[outcome.customer_id].append((line, outcome))
    wanted: dict[tuple[int, str], tuple[list[tuple[Line, Rated]], list[AddedLine]]] = {}
    for customer_id in (terms.customer_id for terms in inputs.terms if terms.billing_enabled):
        priced = charged[customer_id]
        added = added_lines(customer_id, [(line, outcome.price) for line, outcome in priced], inputs)
        for currency in {line.currency for line, _ in priced} | {one.currency for one in added}:
            wanted[customer_id, currency] = (
                [(line, outcome) for line, outcome in priced if line.currency == currency],
                [one for one in added if one.currency == currency],
            )
    assert [(found.customer_id, found.currency) for found in rated.customers] == sorted(wanted)
    for found in rated.customers:
        expected, total, cost = oracle.statement(*wanted[found.customer_id, found.currency], found.currency)
        statement = drawn_up(found.customer_id, inputs.month, found.currency, list(found.lines), found.statement_cost)
        shown = [
            oracle.StatementLineView(
                key_of(line.priced),
                line.priced.quantity,
                line.priced.pricing_unit,
                line.priced.charges,
                line.priced.exact_amount,
                Decimal(line.amount_minor_units).scaleb(-statement.minor_digits),
            )
            for line in statement.lines
        ]
        assert shown == expected
        assert Decimal(statement.price_text) == total
        assert statement.statement_cost == cost


def key_of(line: PricedLine) -> tuple[str | int | None, ...]:
    if line.kind is not LineKind.CHARGES:
        return line.kind.value, line.reference, line.subscription
    return line.kind.value, line.provider, line.subscription, line.service, line.charge_category


@tried(max_examples=60, deadline=None)
@given(lines=few_lines(), inputs=rating_inputs(), part_count=st.integers(1, 3), keys=st.sampled_from(Keys))
def test_random_charges_are_rated_alike(
    scratch: Path, lines: list[Line], inputs: RatingInputs, part_count: int, keys: Keys
) -> None:
    same_outcome(scratch, lines, inputs, part_count, keys=keys)


@tried(max_examples=100, deadline=None)
@given(lines=many_lines(), inputs=rating_inputs(), keys=st.sampled_from(Keys))
def test_months_are_rated_alike(scratch: Path, lines: list[Line], inputs: RatingInputs, keys: Keys) -> None:
    same_outcome(scratch, lines, inputs, part_count=2, keys=keys)


@tried(max_examples=25, deadline=None)
@given(lines=many_lines(), inputs=rating_inputs(), sums_at_once=st.integers(1, 9))
def test_months_are_rated_alike_whose_sums_are_made_in_parts(
    scratch: Path, lines: list[Line], inputs: RatingInputs, sums_at_once: int
) -> None:
    """As those of a month are that has more of them than the memory holds."""
    same_outcome(scratch, lines, inputs, part_count=1, engine=DuckDBEngine(scratch, "200MB", sums_at_once))


def same_outcome(
    scratch: Path,
    lines: list[Line],
    inputs: RatingInputs,
    part_count: int,
    settings: Settings = EMBEDDED,
    keys: Keys = Keys.IMPORTED,
    engine: Engine | None = None,
) -> None:
    """Rate on both and compare every line, statement, balance and what needs attention."""
    rated, by_engine = rated_by_engine(lines, inputs, scratch, part_count, settings, keys, engine)
    compare_month(rated, by_engine, [(line, oracle.rate_line(line, inputs)) for line in lines], inputs)


def compare_month(
    rated: RatedMonth, by_engine: list[Rated], by_oracle: list[tuple[Line, Rated]], inputs: RatingInputs
) -> None:
    """Compare every line, statement, balance and what needs attention with what the oracle says of each line."""
    assert by_engine == [outcome for _, outcome in by_oracle]
    compare_statements(rated, by_oracle, inputs)
    found = {
        (balance.currency, binding): amount
        for balance in rated.balance
        for binding, amount in (
            ("billed", balance.billed),
            ("billing_disabled", balance.billing_disabled),
            ("unassigned", balance.unassigned),
        )
    }
    expected = oracle.balance(by_oracle)
    assert {key: amount for key, amount in found.items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
    gross = {found.currency: found.unassigned_gross for found in rated.balance if found.unassigned_gross}
    assert gross == {currency: sums for currency, sums in oracle.unassigned_gross(by_oracle).items() if sums}
    attention = [outcome.base_kind for _, outcome in by_oracle if outcome.base_kind in ("NO_RETAIL", "NO_EFFECTIVE")]
    attention += ["SPANS_TRANSFER" for _, outcome in by_oracle if outcome.spans_transfer]
    assert {kind.name: count for kind, count in rated.attention} == {name: attention.count(name) for name in attention}
