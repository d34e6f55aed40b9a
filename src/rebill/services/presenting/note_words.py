"""What the rows of a note tell of its lines: what the rows of the statement tell that it corrects."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.statement import LineKey, LineKind, PricedLine
from rebill.rating.customer_data_set import DataSetHead, DataSetRow, words_of_lines, words_of_services
from rebill.services.acting.installation import Installation
from rebill.services.runs.recorded_run import run_inputs
from rebill.services.runs.run_files import opened_run
from rebill.store.closing import RecordedRun
from rebill.store.scope import Scope
from rebill.store.stored_documents import issued_before, runs_by_id, stored_document


@dataclass(frozen=True)
class LineWords:
    """What charges tell of lines and of services; ``lines``: publisher and name of the subscription.

    ``services``: category and subcategory of each, by name.
    """

    lines: dict[LineKey, tuple[str | None, str | None]] = field(default_factory=dict)
    services: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of_line(self, priced: PricedLine, row: DataSetRow) -> DataSetRow:
        """The row of a line, with what is known of the line."""
        publisher, name = self.lines.get(priced.key, (None, None))
        return replace(row, publisher=publisher or row.publisher, subscription_name=name or "")

    def of_service(self, row: DataSetRow) -> DataSetRow:
        """The row in the category of its service, if that is known."""
        if row.service not in self.services:
            return row
        category, subcategory = self.services[row.service]
        return replace(row, service_category=category, service_subcategory=subcategory)


NO_WORDS: Final = LineWords()
"""Where nothing is looked up."""


def runs_of_note(scope: Scope, statement_id: int) -> list[RecordedRun]:
    """The runs that a note came from: of what it corrects, as it was issued, and its own last."""
    note = stored_document(scope, statement_id)
    if note is None:
        raise AssertionError("a note that is presented is there")
    run_ids = list(dict.fromkeys(document.run_id for document in (*issued_before(scope, note), note)))
    found = runs_by_id(scope, run_ids)
    return [found[run_id] for run_id in run_ids]


def words_of_runs(
    installation: Installation, runs: Sequence[RecordedRun], head: DataSetHead, folder: Path
) -> LineWords:
    """What the charges of these runs tell, of each line and service the first run that has it.

    ``folder``: where engines may spill. Raises ``ProgramError`` as ``opened_run``.
    """
    words = LineWords()
    for run in runs:
        with opened_run(installation, run_inputs(installation, run), folder) as opened:
            if opened is None:
                continue
            lake_columns = columns_of_lake(opened)
            for *four, told in opened.rows(words_of_lines(head, lake_columns)):
                words.lines.setdefault(LineKey(LineKind.CHARGES, None, *four), told)
            for service, told in opened.rows(words_of_services(head, lake_columns)):
                words.services.setdefault(service, told)
    return words


def columns_of_lake(opened: DuckDBEngine) -> set[str]:
    """The columns that the cost lines of a run have."""
    return {str(column) for column, *_ in opened.rows("DESCRIBE SELECT * FROM lake_lines")}
