"""An amount times a factor is rounded half away from zero to 12 decimals, whatever way the engine takes."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rebill.engines.duckdb import DuckDBEngine
from rebill.engines.engine import Engine
from rebill.model.money import round_half_away

Pair = tuple[Decimal, Decimal]

TABLES = count()
BOUND = 99_999 * 10**12
GREATEST_FACTOR = 10**9 - 1


def pair(amount: str, factor: str) -> Pair:
    return Decimal(amount), Decimal(factor)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(tmp_path_factory.mktemp("spill"), "600MB") as opened:
        yield opened


def products(engine: Engine, pairs: list[Pair]) -> list[Decimal | None]:
    """What the engine makes of all pairs at once: as on the lines of a month, both ways are taken side by side."""
    rows = [(str(number), f"{amount:f}", f"{factor:f}") for number, (amount, factor) in enumerate(pairs)]
    columns = (("number", "INTEGER"), ("amount", "DECIMAL(28,12)"), ("factor", "DECIMAL(9,6)"))
    name = f"pairs_{next(TABLES)}"
    engine.create_table(name, columns, rows)
    return [found for (found,) in engine.rows(f"SELECT rounded_product(amount, factor) FROM {name} ORDER BY number")]


def expected(amount: Decimal, factor: Decimal) -> Decimal:
    """The product in whole numbers, so that no context of decimals rounds it first."""
    units = int(amount.scaleb(12)) * int(factor.scaleb(6))
    kept, rest = divmod(abs(units), 10**6)
    kept += 2 * rest >= 10**6
    return Decimal(kept if units >= 0 else -kept).scaleb(-12)


def scaled(units: st.SearchStrategy[int], decimals: int) -> st.SearchStrategy[Decimal]:
    return units.map(lambda number: Decimal(number).scaleb(-decimals))


signs = st.sampled_from((1, -1))
near_bounds = st.builds(
    lambda bound, off, sign: sign * (bound + off),
    st.sampled_from((0, 10**6, 10**11, 10**12, BOUND, 10**17)),
    st.integers(-1_000_001, 1_000_001),
    signs,
)
amounts = scaled(
    st.one_of(st.integers(-BOUND, BOUND), near_bounds, st.integers(-(10**7), 10**7), st.integers(-(10**22), 10**22)),
    12,
)
factors = scaled(
    st.one_of(
        st.integers(0, 10**7 - 1),
        st.integers(10**7 - 3, 10**7 + 3),
        st.integers(0, 3),
        st.integers(10**7, GREATEST_FACTOR),
        st.sampled_from((10**6, 500_000, 1_500_000, 1_150_000, 1_175_000, 900_000)),
    ),
    6,
)
# A rest of k × 10⁻¹² times an odd multiple of 0.5, 0.05 and so on lies exactly between two amounts that could be kept.
ties = st.builds(
    lambda whole, k, sign, half, digits, more: (
        Decimal(sign * (whole * 10**6 + (2 * k + 1) * 10**digits)).scaleb(-12),
        Decimal(half * 5 * 10 ** (5 - digits) + more * 10 ** (6 - digits)).scaleb(-6),
    ),
    st.integers(0, 99_998 * 10**6),
    st.integers(0, 49),
    signs,
    st.sampled_from((1, 3, 7, 9)),
    st.integers(0, 3),
    st.integers(0, 9),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.tuples(amounts, factors), ties), min_size=1, max_size=60))
@example([pair("0.000000000001", "0.5"), pair("-0.000000000001", "0.5"), pair("0.000000000001", "0.499999")])
@example([pair("99999", "9.999999"), pair("-99999", "9.999999"), pair("99999.000000000001", "9.999999")])
@example([pair("99998.999999999999", "9.999999"), pair("-99998.999999999999", "10"), pair("0", "0"), pair("-1", "0")])
@example([pair("1.000000999999", "1.15"), pair("-1.000000999999", "1.15"), pair("9999999999999999", "999.999999")])
def test_a_product_is_rounded_half_away_from_zero(engine: DuckDBEngine, pairs: list[Pair]) -> None:
    kept = [one for one in pairs if abs(one[0] * one[1]) < Decimal(10) ** 16]
    assert products(engine, kept) == [expected(*one) for one in kept]


def test_ties_are_ties_and_go_away_from_zero(engine: DuckDBEngine) -> None:
    pairs = [pair("0.000000000001", "1.5"), pair("-0.000000000001", "1.5"), pair("-3.000002000005", "0.3")]
    assert products(engine, pairs) == [Decimal(text) for text in ("2E-12", "-2E-12", "-0.900000600002")]


def test_every_rest_times_factors_of_every_length(engine: DuckDBEngine) -> None:
    rests = [Decimal(number * 997 % 10**6).scaleb(-12) for number in range(1_500)]
    pairs = [
        (sign * (whole + rest), Decimal(factor))
        for rest in rests
        for whole in (Decimal(0), Decimal("12345.678901"))
        for sign in (1, -1)
        for factor in ("0.000001", "0.5", "1.125", "1.333333", "9.999999")
    ]
    assert products(engine, pairs) == [round_half_away(amount * factor, 12) for amount, factor in pairs]


def test_an_absent_amount_has_no_product(engine: DuckDBEngine) -> None:
    sql = "SELECT rounded_product(CAST(NULL AS DECIMAL(28,12)), CAST('1' AS DECIMAL(9,6)))"
    assert engine.rows(sql) == [(None,)]
