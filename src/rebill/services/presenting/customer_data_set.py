"""A customer's data set: every charge of a statement in FOCUS 1.2, which add up to the statement's total exactly.

Charges have their exact prices; a row ``Rounding`` brings their sum to the total. What no charge makes (fees, entries,
carry lines, corrections of other months) has a row of its own. A note has a row for each of its lines, told as the rows
of the statement it corrects.
"""

from decimal import Decimal
from pathlib import Path

from rebill.documents.presented import PresentedStatement
from rebill.engines.duckdb import DuckDBEngine
from rebill.model.document import DocumentForm, DocumentKind
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO, text_of, text_of_minor_units
from rebill.model.party import Caller
from rebill.model.statement import LineKind, ShownLine, StatementLine
from rebill.rating.customer_data_set import DataSetHead, DataSetRow, as_text, charges, in_order, other_rows
from rebill.services.acting.installation import Installation
from rebill.services.presenting.note_words import NO_WORDS, LineWords, columns_of_lake, runs_of_note, words_of_runs
from rebill.services.presenting.presented_statement import presented_statement
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recorded_run import run_inputs
from rebill.services.runs.run_files import opened_run
from rebill.store.closing import RecordedRun
from rebill.store.scope import Scope
from rebill.store.statements import find_statement
from rebill.store.stored_documents import runs_by_id

ROUNDING = "Rounding"


def write_customer_data_set(
    installation: Installation, caller: Caller, statement_id: int, form: DocumentForm, file: Path
) -> None:
    """Write the data set of a statement or note to ``file``, row by row, whatever its size.

    ``form``: CSV or Parquet. Raises ``NotFound``, ``TooMany`` while too many months are worked on, and
    ``ProgramError`` where its rows do not add up to the total: then the file is gone.
    """
    presented = presented_statement(installation, caller, statement_id)
    runs = _runs_of(installation, caller, presented)
    with place_of_proof(installation, caller) as folder:
        if _is_note(presented):
            _write_note(installation, presented, runs, form, folder, file)
        else:
            _write(installation, presented, runs[0], form, folder, file)


def _is_note(presented: PresentedStatement) -> bool:
    return presented.document.kind is not DocumentKind.STATEMENT


def _runs_of(installation: Installation, caller: Caller, presented: PresentedStatement) -> list[RecordedRun]:
    with installation.database.reading() as connection:
        partners = Scope(connection, caller.partner_id)
        if _is_note(presented):
            return runs_of_note(partners, presented.statement_id)
        record = find_statement(partners, presented.statement_id)
        if record is None:
            raise AssertionError("a statement that is presented is there")
        return list(runs_by_id(partners, [record.run_id]).values())


def _write_note(
    installation: Installation,
    presented: PresentedStatement,
    runs: list[RecordedRun],
    form: DocumentForm,
    folder: Path,
    file: Path,
) -> None:
    words = words_of_runs(installation, runs, _head(presented), folder)
    rows = [words.of_line(shown.line.priced, _row(presented, shown)) for shown in presented.statement.shown_lines]
    with DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine:
        _copy(engine, presented, (), rows, form, file, words)


def _write(
    installation: Installation,
    presented: PresentedStatement,
    run: RecordedRun,
    form: DocumentForm,
    folder: Path,
    file: Path,
) -> None:
    with opened_run(installation, run_inputs(installation, run), folder) as opened:
        lines = presented.statement.shown_lines
        if opened is None:
            with DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine:
                _copy(engine, presented, (), [_row(presented, shown) for shown in lines], form, file)
            return
        own = (charges(_head(presented), columns_of_lake(opened)),)
        others = [_row(presented, shown) for shown in lines if not _is_charged(shown)]
        _copy(opened, presented, own, others, form, file)


def _copy(
    engine: DuckDBEngine,
    presented: PresentedStatement,
    charged: tuple[str, ...],
    others: list[DataSetRow],
    form: DocumentForm,
    file: Path,
    words: LineWords = NO_WORDS,
) -> None:
    """Write the rows, the last of them what brings their sum to the total, each in the category of its service."""
    charged_sum = engine.rows(f"SELECT SUM(BilledCost) FROM ({charged[0]})")[0][0] if charged else ZERO
    total = Decimal(presented.statement.price_text)
    rounding = total - (charged_sum or ZERO) - sum((Decimal(row.amount) for row in others), ZERO)
    # A note makes up for the rounding of two sums, each of up to half a minor unit, which may be a whole one of money.
    if abs(rounding) > 1 or (abs(rounding) == 1 and not _is_note(presented)):
        raise _unbalanced(presented, rounding)
    last = DataSetRow(text_of(rounding), ROUNDING, correction=_is_note(presented))
    rows = [words.of_service(row) for row in (*others, *((last,) if rounding else ()))]
    head = _head(presented)
    sql = in_order((*charged, *((other_rows(head, rows),) if rows else ())))
    if form is DocumentForm.FOCUS_PARQUET:
        engine.write_parquet(sql, file)
    else:
        engine.write_csv(as_text(sql), file)
    _check(engine, presented, form, file, total)


def _check(engine: DuckDBEngine, presented: PresentedStatement, form: DocumentForm, file: Path, total: Decimal) -> None:
    """Read what was written: it adds up to the total, or it is of no use to anybody."""
    found = engine.sum_of_file(file, "BilledCost", is_parquet=form is DocumentForm.FOCUS_PARQUET)
    if found != total:
        file.unlink()
        raise _unbalanced(presented, total - found)


def _unbalanced(presented: PresentedStatement, difference: Decimal) -> ProgramError:
    return ProgramError(
        "data_set_does_not_balance",
        f"The data set of statement {presented.statement_id} misses its total by {difference}, and was not given out. "
        "rebill verify says whether the statement is what its run computed; please report this.",
    )


def _is_charged(shown: ShownLine) -> bool:
    """Whether the rated charges of the statement's own run make the line."""
    return shown.corrects is None and shown.line.priced.kind is LineKind.CHARGES


def _head(presented: PresentedStatement) -> DataSetHead:
    statement, particulars = presented.statement, presented.particulars
    return DataSetHead(
        statement.customer_id,
        particulars.recipient.shown_name,
        particulars.issuer_name,
        statement.currency,
        statement.month,
        presented.document.invoice_id,
    )


def _row(presented: PresentedStatement, shown: ShownLine) -> DataSetRow:
    """A line as a row: exact on a document of its own month, and as it is shown where its block rounds by itself."""
    priced = shown.line.priced
    in_block = shown.corrects is not None
    amount = _shown(presented, shown.line) if in_block else text_of(priced.exact_amount)
    is_charged = priced.kind is LineKind.CHARGES
    month = "" if shown.corrects is None else f" ({shown.corrects})"
    return DataSetRow(
        amount,
        (priced.description or priced.service or priced.kind.value) + month,
        (priced.charge_category or "Adjustment") if is_charged else "Adjustment",
        in_block or _is_note(presented),
        priced.service or "Other",
        priced.subscription,
        priced.provider if is_charged else None,
    )


def _shown(presented: PresentedStatement, line: StatementLine) -> str:
    return text_of_minor_units(line.amount_minor_units, presented.statement.minor_digits)
