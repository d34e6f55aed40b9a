"""Compare the names and the fixed rates in a price book with the lines of the last imported month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError, TooMany
from rebill.model.near_miss import NearMisses
from rebill.model.partner import PartnerSettings
from rebill.model.party import Caller
from rebill.model.passed_over import RatePassedOver
from rebill.model.price_book import AdjustmentKind, PriceBook
from rebill.price_books.reading import read_price_book
from rebill.rating.line_columns import asked_by
from rebill.rating.near_misses import NamedText, asked_texts, near_misses
from rebill.rating.passed_over import lines_of_products_passed_over, passed_over, passed_over_table
from rebill.rating.products import products
from rebill.rating.rule_matching import kinds_of
from rebill.rating.tables import class_table
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.read_price_books import found_price_book
from rebill.services.runs.imported_cost import imported_cost
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.resolve_rules import classes_of_texts, create_tables, product_rows
from rebill.store.data_sets import data_sets_in_force
from rebill.store.partners import settings_of
from rebill.store.price_book_records import newest_specification
from rebill.store.scope import Scope


def near_misses_of_book(installation: Installation, caller: Caller, book_id: int) -> NearMisses:
    """What the newest specification of a book asks for and no line has, but for the case of letters.

    And the fixed rates that would not price lines which their rules are for. Cost that cannot be read is told as
    the fault of the comparison: the book stands all the same. Raises ``NotFound``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        name = found_price_book(scope, book_id).book_name
        specification = newest_specification(scope, book_id)
        imported = [data_set for data_set in data_sets_in_force(scope) if data_set.rated_rows]
        settings = settings_of(scope)
    if not imported:
        return NearMisses(None)
    month = max(data_set.billing_month for data_set in imported)
    book = read_price_book(specification.text, specification.written_as)
    of_month = [data_set for data_set in imported if data_set.billing_month == month]
    try:
        return replace(_compared(installation, caller, _Compared(name, book, settings), of_month), month=month)
    except (ProgramError, TooMany) as fault:
        return NearMisses(month, fault=str(fault))


@dataclass(frozen=True)
class _Compared:
    """The book that is compared, and the settings of the partner that decide what its rates are of."""

    name: str
    book: PriceBook
    settings: PartnerSettings


def _compared(
    installation: Installation, caller: Caller, compared: _Compared, data_sets: Sequence[DataSet]
) -> NearMisses:
    rules = tuple(compared.book.rules)
    wanted = asked_texts(rules)
    rated = any(rule.adjustment.kind is AdjustmentKind.FIXED_RATE for rule in rules)
    if not wanted and not rated:
        return NearMisses(None)
    cost = imported_cost(installation, data_sets)
    with (
        place_of_proof(installation, caller) as folder,
        DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine,
    ):
        engine.read_cost_lines(cost.parts, cost.line_keys)
        texts = {named.word: _texts(engine, named) for named in wanted}
        rates = _rates_passed_over(engine, compared) if rated else ()
    return NearMisses(None, near_misses(rules, texts), passed_over=rates)


def _rates_passed_over(engine: DuckDBEngine, compared: _Compared) -> tuple[RatePassedOver, ...]:
    rules = tuple(rule for group in compared.book.groups if group.enabled for rule in group.rules)
    home_currency, asked = compared.settings.currency, asked_by(rules)
    classes = classes_of_texts(engine, asked)
    create_tables(engine, map(class_table, classes))
    engine.create_table_as("products", products(asked))
    kinds = kinds_of(product_rows(engine, asked), asked, classes, compared.settings.bill_input_tax)
    create_tables(engine, [passed_over_table(list(passed_over([rules], kinds, home_currency)))])
    names = {rule.position: rule.name for rule in rules}
    return tuple(
        RatePassedOver(compared.name, position, names[position], reason, lines)
        for position, reason, lines in engine.rows(lines_of_products_passed_over(asked))
    )


def _texts(engine: DuckDBEngine, named: NamedText) -> list[str]:
    each = (f"SELECT {column} AS name FROM cost_lines WHERE {column} IS NOT NULL" for column in named.columns)
    return [text for (text,) in engine.rows(" UNION ".join(each))]
