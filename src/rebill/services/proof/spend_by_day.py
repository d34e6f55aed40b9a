"""What a statement comes to day by day: prices alone, so that a customer may see its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rebill.engines.duckdb import DuckDBEngine
from rebill.lake.evidence import damaged, run_manifest
from rebill.model.currencies import minor_digits
from rebill.model.document import DocumentKind
from rebill.model.money import ZERO, dealt_minor_units
from rebill.model.party import Caller
from rebill.rating.explained import spend_by_day as spend_by_day_sql
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.services.runs.run_files import RUN_TABLES
from rebill.store.scope import Scope
from rebill.store.stored_documents import runs_by_id, stored_document

_KEPT: Final = 500


@dataclass(frozen=True)
class SpendByDay:
    """``days``: what the charges of each day come to. The others: of the total, what no day of the month has.

    ``corrections``: blocks of other months. ``carried``: to or from another statement. ``rest``: fees, entries, and
    what minor units add. All are whole minor units, dealt to them as to lines: they add up to the statement's total.
    """

    currency: str
    days: tuple[tuple[date, Decimal], ...]
    corrections: Decimal
    carried: Decimal
    rest: Decimal


def spend_by_day(installation: Installation, caller: Caller, statement_id: int) -> SpendByDay:
    """A statement by the days of its charges; a note has none, its whole total is the rest.

    Raises ``NotFound`` for one that ``caller`` may not see, and ``ProgramError`` where its run's files are gone.
    """
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        document = stored_document(Scope.of(connection, caller), statement_id)
        if document is None:
            raise unknown_statement(statement_id)
        # Runs are the partner's. Of this one a customer sees its own document's part, which it was just found to have.
        run = runs_by_id(Scope(connection, caller.partner_id), [document.run_id])[document.run_id]
    days: Sequence[tuple[date, Decimal]] = ()
    if document.kind is DocumentKind.STATEMENT:
        place = _RunPlace(installation.lake_folder, run.folder, run.manifest_file_sha256)
        days = _days(place, installation.settings.engine_memory_limit, document.customer_id, document.currency)
    digits = minor_digits(document.currency)
    exact = [amount for _, amount in days]
    rest = Decimal(document.own_total).scaleb(-digits) - sum(exact, ZERO)
    units = (*dealt_minor_units([*exact, rest], document.own_total, digits), document.blocks, document.carried)
    *amounts, rest, corrections, carried = (Decimal(one).scaleb(-digits) for one in units)
    told = tuple(zip((day for day, _ in days), amounts, strict=True))
    return SpendByDay(document.currency, told, corrections, carried, rest)


@dataclass(frozen=True)
class _RunPlace:
    """Where a run's files lie."""

    lake_folder: Path
    folder: str
    manifest_sha256: str | None


@lru_cache(maxsize=_KEPT)
def _days(place: _RunPlace, memory_limit: str, customer_id: int, currency: str) -> tuple[tuple[date, Decimal], ...]:
    """What a run's files say, which never change: they are read once."""
    manifest = run_manifest(place.lake_folder, place.folder, place.manifest_sha256)
    data_sets = manifest.get("inputs", {}).get("data_sets", ())
    parts = [place.lake_folder / path for found in data_sets for path, *_ in found["parts"]]
    if not parts:
        return ()
    tables = {name: place.lake_folder / place.folder / f"{name}.parquet" for name in RUN_TABLES}
    for path in (*parts, *tables.values()):
        if not path.exists():
            raise damaged(path.relative_to(place.lake_folder).as_posix(), "it is missing")
    with TemporaryDirectory() as scratch, DuckDBEngine(Path(scratch), memory_limit) as engine:
        for name, path in tables.items():
            engine.view_parquet(name, path)
        engine.view_parts("lake_lines", parts)
        return tuple(engine.rows(spend_by_day_sql(customer_id, currency)))
