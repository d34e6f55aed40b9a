"""The peers: what an expert would write in DuckDB instead of ``bill run``, and bounds for any program that reads it.

Every function gives the act to be timed; connecting and loading the small tables is part of it, as
reading the record is part of a run.
"""

from collections.abc import Callable
from typing import Any, Final

import duckdb

from benchmarks.workplace import MEMORY_LIMIT, Workplace
from rebill.model.cost_line import FOCUS_COLUMNS
from rebill.services.costs.sample_data import COSTS_FOLDER

# With less, two threads that write lines as wide as these spill and take many times as long.
_COPIES_MEMORY_LIMIT: Final = "2GB"

_SMALL_TABLES = """
CREATE TABLE bindings AS FROM read_csv('{bindings}', header = true, types = {{
    'kind': 'VARCHAR', 'account_key': 'VARCHAR', 'customer_id': 'BIGINT', 'effective_from': 'DATE',
    'effective_to': 'DATE'}});
CREATE TABLE terms AS FROM read_csv('{terms}', header = true, types = {{
    'customer_id': 'BIGINT', 'basis': 'VARCHAR', 'commitments': 'VARCHAR', 'factor': 'DECIMAL(9,6)',
    'cost_factor': 'DECIMAL(9,6)'}});
"""

# What the books of the rich month add: rules are compared with the few combinations of texts that occur, and the first
# that matches is joined to the lines; on basis list a discount leaves a cost as it is.
_BOOK_TABLES = """
CREATE TABLE rules AS FROM read_csv('{rules}', header = true, types = {{
    'book': 'INTEGER', 'position': 'INTEGER', 'region': 'VARCHAR', 'meter': 'VARCHAR', 'factor': 'DECIMAL(9,6)',
    'is_discount': 'BOOLEAN'}});
CREATE TABLE books AS FROM read_csv('{books}', header = true, types = {{'customer_id': 'BIGINT', 'book': 'INTEGER'}});
CREATE TABLE kinds AS SELECT DISTINCT RegionId, RegionName, SkuMeter FROM read_parquet({parts});
CREATE TABLE matched AS
SELECT r.book, k.*, arg_min(r.factor, r.position) AS factor, arg_min(r.is_discount, r.position) AS is_discount
FROM kinds AS k
JOIN rules AS r ON (k.RegionId LIKE r.region OR k.RegionName LIKE r.region) AND k.SkuMeter LIKE r.meter
GROUP BY ALL;
CREATE OR REPLACE TABLE terms AS SELECT customer_id, basis, commitments, book FROM terms JOIN books USING (customer_id);
"""
_RULE_OF_LINE = """
LEFT JOIN matched AS m
    ON m.book = c.book AND m.RegionId = l.RegionId AND m.RegionName = l.RegionName AND m.SkuMeter = l.SkuMeter"""
_RULE_FACTORS = {
    "cost_factor": "(CASE WHEN basis = 'list' AND m.is_discount THEN 1 ELSE coalesce(m.factor, 1) END)",
    "list_factor": "coalesce(m.factor, 1)",
}
_MARKUP_FACTORS = {"cost_factor": "cost_factor", "list_factor": "factor"}

# The most specific owner of the line's day, then base × factor by the customer's terms, rounded once.
_RATED = """
SELECT
    c.customer_id, l.ProviderName, l.SubAccountId, l.ServiceName, l.ChargeCategory, l.BillingCurrency, l.PricingUnit,
    l.PricingQuantity, l.BilledCost, l.file_index, l.file_row_number,
    CAST(round(CASE
        WHEN l.ChargeCategory = 'Tax' THEN 0
        WHEN l.ChargeCategory IN ('Credit', 'Adjustment') THEN l.BilledCost
        WHEN l.CommitmentDiscountId IS NULL THEN
            CASE WHEN basis = 'list' AND l.ListCost IS NOT NULL AND (l.ListCost <> 0 OR l.BilledCost = 0)
                THEN l.ListCost * {list_factor} ELSE l.BilledCost * {cost_factor} END
        WHEN commitments = 'as_bought' THEN l.BilledCost * {cost_factor}
        WHEN l.ChargeCategory = 'Purchase' THEN 0
        WHEN commitments = 'amortized' THEN coalesce(l.EffectiveCost, 0) * {cost_factor}
        WHEN l.CommitmentDiscountStatus = 'Used' THEN coalesce(l.ListCost, 0) * {list_factor}
        ELSE 0 END, 12) AS DECIMAL(28,12)) AS price,
    CASE
        WHEN l.ChargeCategory = 'Tax' THEN 0
        WHEN commitments = 'amortized' AND l.CommitmentDiscountId IS NOT NULL
            AND l.ChargeCategory IN ('Usage', 'Purchase') THEN coalesce(l.EffectiveCost, 0)
        ELSE l.BilledCost END AS statement_cost
FROM (
    SELECT *, file_index, file_row_number, CAST(ChargePeriodStart AS DATE) AS charge_day FROM read_parquet({parts})
) AS l
LEFT JOIN (FROM bindings WHERE kind = 'subscription') AS s
    ON s.account_key = l.SubAccountId AND charge_day >= s.effective_from AND charge_day < s.effective_to
LEFT JOIN (FROM bindings WHERE kind = 'azure_customer') AS t
    ON t.account_key = l.x_AzureCustomerId AND charge_day >= t.effective_from AND charge_day < t.effective_to
JOIN terms AS c ON c.customer_id = coalesce(s.customer_id, t.customer_id){rule}"""

_STATEMENT_LINES = """
SELECT
    customer_id, ProviderName, SubAccountId, ServiceName, ChargeCategory, BillingCurrency,
    CASE WHEN min(PricingUnit) = max(PricingUnit) AND count(PricingUnit) = count(*) THEN sum(PricingQuantity) END
        AS quantity,
    sum(price) AS price, sum(statement_cost) AS statement_cost
FROM ({rated})
GROUP BY ALL"""

_SCAN = """
SELECT
    sum(BilledCost), sum(ListCost), sum(EffectiveCost), sum(PricingQuantity), max(ChargePeriodStart),
    count(ProviderName), count(SubAccountId), count(x_AzureCustomerId), count(ServiceName), count(ChargeCategory),
    count(BillingCurrency), count(PricingUnit), count(CommitmentDiscountId), count(CommitmentDiscountStatus){asked}
FROM read_parquet({parts})"""

_ASKED_BY_BOOKS = ", count(RegionId), count(RegionName), count(SkuMeter)"

_COPY = "COPY (SELECT * FROM {source}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
_RATED_COPY = (
    "COPY ({rated}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880)"
)


def statement_lines(place: Workplace, with_books: bool = False) -> Callable[[], list[tuple[Any, ...]]]:
    """(a) The statement lines of the month by one statement; no rated line is kept.

    ``with_books``: of the month under many price books; their rules are matched in statements before.
    """

    def act() -> list[tuple[Any, ...]]:
        with _connected(place, with_books=with_books) as connection:
            return connection.execute(_STATEMENT_LINES.format(rated=_rated(place, with_books))).fetchall()

    return act


def statement_lines_and_rated_lines(place: Workplace, with_books: bool = False) -> Callable[[], list[tuple[Any, ...]]]:
    """(a + rated) Two statements: the rated lines to Parquet, then the statement lines from them."""

    def act() -> list[tuple[Any, ...]]:
        file = place.scratch / "rated.parquet"
        with _connected(place, with_books=with_books) as connection:
            connection.execute(_RATED_COPY.format(rated=_rated(place, with_books), file=file))
            return connection.execute(_STATEMENT_LINES.format(rated=f"FROM '{file}'")).fetchall()

    return act


def _rated(place: Workplace, with_books: bool) -> str:
    factors = _RULE_FACTORS if with_books else _MARKUP_FACTORS
    return _RATED.format(parts=place.parts, rule=_RULE_OF_LINE if with_books else "", **factors)


def scan(place: Workplace, with_books: bool = False) -> Callable[[], list[tuple[Any, ...]]]:
    """(b) Read the columns that rating needs and add them up: nothing that rates can be faster."""
    asked = _ASKED_BY_BOOKS if with_books else ""

    def act() -> list[tuple[Any, ...]]:
        with _connected(place) as connection:
            return connection.execute(_SCAN.format(parts=place.parts, asked=asked)).fetchall()

    return act


def copy(place: Workplace) -> Callable[[], list[tuple[Any, ...]]]:
    """(c) Copy the lines, Parquet to Parquet, as they are."""

    def act() -> list[tuple[Any, ...]]:
        source = f"read_parquet({place.parts})"
        with _connected(place, _COPIES_MEMORY_LIMIT) as connection:
            return connection.execute(_COPY.format(source=source, file=place.scratch / "copy.parquet")).fetchall()

    return act


def typed_copy(place: Workplace) -> Callable[[], list[tuple[Any, ...]]]:
    """The bound of importing CSV: the same files as Parquet, typed, every column and row in their order."""
    files = sorted(str(file) for file in (place.csv_sample / COSTS_FOLDER).glob("*.csv"))

    def act() -> list[tuple[Any, ...]]:
        with _copying(place) as connection:
            header = {name for name, *_ in connection.execute(f"DESCRIBE FROM read_csv({files[:1]})").fetchall()}
            types = dict.fromkeys(header, "VARCHAR")
            types |= {column.name: column.type.value for column in FOCUS_COLUMNS if column.name in header}
            source = f"read_csv({files}, header = true, types = {types})"
            return connection.execute(_COPY.format(source=source, file=place.scratch / "typed.parquet")).fetchall()

    return act


def parquet_copy(place: Workplace) -> Callable[[], list[tuple[Any, ...]]]:
    """The bound of importing Parquet: the same files as one, every column and row in their order."""
    files = sorted(str(file) for file in (place.sample / COSTS_FOLDER).glob("*.parquet"))

    def act() -> list[tuple[Any, ...]]:
        with _copying(place) as connection:
            source = f"read_parquet({files})"
            return connection.execute(_COPY.format(source=source, file=place.scratch / "again.parquet")).fetchall()

    return act


def _copying(place: Workplace) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": _COPIES_MEMORY_LIMIT, "temp_directory": str(place.scratch / "spill")})


def _connected(
    place: Workplace, memory_limit: str = MEMORY_LIMIT, with_books: bool = False
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(place.scratch / "spill"),
            "preserve_insertion_order": False,
        }
    )
    connection.execute(_SMALL_TABLES.format(bindings=place.bindings, terms=place.terms))
    if with_books:
        connection.execute(_BOOK_TABLES.format(rules=place.rules, books=place.books, parts=place.parts))
    return connection
