"""Compare the names in a price book with the lines of the last imported month."""

from collections.abc import Sequence

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError, TooMany
from rebill.model.near_miss import NearMiss, NearMisses
from rebill.model.party import Caller
from rebill.model.price_book import PriceRule
from rebill.price_books.reading import read_price_book
from rebill.rating.near_misses import NamedText, asked_texts, near_misses
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.read_price_books import found_price_book
from rebill.services.runs.imported_cost import imported_cost
from rebill.services.runs.recompute import place_of_proof
from rebill.store.data_sets import data_sets_in_force
from rebill.store.price_book_records import newest_specification
from rebill.store.scope import Scope


def near_misses_of_book(installation: Installation, caller: Caller, book_id: int) -> NearMisses:
    """What the newest specification of a book asks for and no line has, but for the case of letters.

    Cost that cannot be read is told as the fault of the comparison: the book stands all the same. Raises ``NotFound``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        found_price_book(scope, book_id)
        specification = newest_specification(scope, book_id)
        imported = [data_set for data_set in data_sets_in_force(scope) if data_set.rated_rows]
    if not imported:
        return NearMisses(None)
    month = max(data_set.billing_month for data_set in imported)
    rules = tuple(read_price_book(specification.text, specification.written_as).rules)
    wanted = asked_texts(rules)
    if not wanted:
        return NearMisses(month)
    try:
        of_month = [data_set for data_set in imported if data_set.billing_month == month]
        return NearMisses(month, _compared(installation, caller, rules, wanted, of_month))
    except (ProgramError, TooMany) as fault:
        return NearMisses(month, fault=str(fault))


def _compared(
    installation: Installation,
    caller: Caller,
    rules: Sequence[PriceRule],
    wanted: Sequence[NamedText],
    data_sets: Sequence[DataSet],
) -> tuple[NearMiss, ...]:
    cost = imported_cost(installation, data_sets)
    with (
        place_of_proof(installation, caller) as folder,
        DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine,
    ):
        engine.read_cost_lines(cost.parts, cost.line_keys)
        texts = {named.word: _texts(engine, named) for named in wanted}
    return near_misses(rules, texts)


def _texts(engine: DuckDBEngine, named: NamedText) -> list[str]:
    each = (f"SELECT {column} AS name FROM cost_lines WHERE {column} IS NOT NULL" for column in named.columns)
    return [text for (text,) in engine.rows(" UNION ".join(each))]
