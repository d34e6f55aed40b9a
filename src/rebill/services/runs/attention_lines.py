"""The lines of a run that need attention: kept beside its rated lines, and read from there (``docs/rating.md``)."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rebill.engines.engine import Engine
from rebill.lake.session import engine_session
from rebill.model.attention import AttentionLine, LineToAccept
from rebill.model.data_set import DataSet
from rebill.model.errors import Conflict, ProgramError
from rebill.model.months import BillingMonth
from rebill.model.rating import Attention
from rebill.model.sql_text import sql_path
from rebill.rating.attention import ATTENTION_LINES, marked_lines
from rebill.rating.tables import InputTable
from rebill.services.acting.installation import Installation
from rebill.services.runs.month_state import month_not_run
from rebill.services.runs.rate_month import ImportedCost
from rebill.store.closing import RecordedRun

ATTENTION_FILE = "attention_lines.parquet"
_IDENTITY = "kind, source_sha256, source_row, customer_id"


def keep_attention_lines(
    engine: Engine,
    data_sets: Sequence[DataSet],
    imported: ImportedCost,
    folder: Path,
    counted: Sequence[tuple[Attention, int]],
) -> tuple[LineToAccept, ...]:
    """Write the lines of the run under way that need attention into its folder; answers them all.

    ``counted``: how many rating found of each kind. Raises ``ProgramError`` where others are found.
    """
    if not counted:
        return ()
    owners = [data_set for data_set in data_sets for _ in data_set.parts]
    rows = [
        (str(part), file.name, str(data_set.data_set_id), file.sha256)
        for part, data_set in enumerate(owners)
        for file in data_set.files
    ]
    columns = (("part", "INTEGER"), ("source_file", "STRING"), ("data_set_id", "BIGINT"), ("source_sha256", "STRING"))
    table = InputTable("source_files", columns, rows)
    engine.create_table(table.name, table.columns, table.rows)
    engine.view_parts("lake_lines", imported.parts)
    engine.create_table_as("marked_lines", marked_lines(kind for kind, _ in counted))
    engine.create_table_as("attention_lines", ATTENTION_LINES)
    engine.write_table("attention_lines", folder / ATTENTION_FILE)
    found = tuple(_line(*row) for row in engine.rows(f"SELECT {_IDENTITY} FROM attention_lines"))
    if Counter(line.kind for line in found) != dict(counted) or any(line.source_sha256 is None for line in found):
        raise ProgramError(
            "attention_lines_differ",
            "Lines that need attention are not those that were rated, or are of no file, and nothing was stored: "
            "import the month's cost again with --read-anew, then run again.",
        )
    return found


def attention_lines_of(installation: Installation, run: RecordedRun) -> tuple[AttentionLine, ...]:
    """The lines of a recorded run that need attention, by kind and in the order of its data sets.

    Raises ``Conflict`` for a run of an older version, which kept none.
    """
    if not run.attention:
        return ()
    file = installation.lake_folder / run.folder / ATTENTION_FILE
    if not file.exists():
        raise Conflict(
            "run_keeps_no_lines",
            f"The last run of {run.month} did not keep its lines: rebill bill run --period {run.month}, then again.",
        )
    with engine_session(installation.settings.engine_memory_limit) as engine:
        rows = engine.execute(
            f"SELECT {_IDENTITY}, data_set_id, source_file, subscription, tenant, charge_start, charge_end, "
            f"billed_cost, currency FROM read_parquet({sql_path(file)})"
        ).fetchall()
    return tuple(_attention_line(_line(*row[:4]), *row[4:]) for row in rows)


def last_run(month: BillingMonth, runs: Sequence[RecordedRun]) -> RecordedRun:
    """The last of a month's runs, which stand in that order. Raises ``Conflict`` where there is none."""
    if not runs:
        raise month_not_run(month)
    return runs[0]


def _line(kind: str, source_sha256: str, source_row: int, customer_id: int | None) -> LineToAccept:
    return LineToAccept(Attention(kind), source_sha256, source_row, customer_id)


def _attention_line(
    line: LineToAccept,
    data_set_id: int,
    source_file: str,
    subscription: str | None,
    azure_customer: str | None,
    start: datetime,
    end: datetime | None,
    billed_cost: Decimal,
    currency: str,
) -> AttentionLine:
    return AttentionLine(
        line,
        data_set_id,
        source_file,
        subscription,
        azure_customer,
        start.replace(tzinfo=UTC),
        None if end is None else end.replace(tzinfo=UTC),
        billed_cost,
        currency,
    )
