"""A customer's data set: every charge of a statement in FOCUS 1.2, which add up to the statement's total exactly.

Charges have their exact prices; a row ``Rounding`` brings their sum to the total. What no charge makes (fees, entries,
carry lines, corrections of other months) has a row of its own. A note has a row for each of its lines.
"""

from collections.abc import Iterable
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
    run = _run_of(installation, caller, statement_id)
    with place_of_proof(installation, caller) as folder:
        _write(installation, presented, run, form, folder, file)


def _run_of(installation: Installation, caller: Caller, statement_id: int) -> RecordedRun:
    with installation.database.reading() as connection:
        record = find_statement(Scope.of(connection, caller), statement_id)
        if record is None:
            raise AssertionError("a statement that is presented is there")
        return runs_by_id(Scope(connection, caller.partner_id), [record.run_id])[record.run_id]


def _write(
    installation: Installation,
    presented: PresentedStatement,
    run: RecordedRun,
    form: DocumentForm,
    folder: Path,
    file: Path,
) -> None:
    with opened_run(installation, run_inputs(installation, run), folder) as opened:
        if opened is None or presented.document.kind is not DocumentKind.STATEMENT:
            with DuckDBEngine(folder, installation.settings.engine_memory_limit) as engine:
                _copy(engine, presented, (), _other_rows(presented, presented.statement.shown_lines), form, file)
            return
        lake_columns = {str(column) for column, *_ in opened.rows("DESCRIBE SELECT * FROM lake_lines")}
        own = (charges(_head(presented), lake_columns),)
        lines = (shown for shown in presented.statement.shown_lines if not _is_charged(shown))
        _copy(opened, presented, own, _other_rows(presented, lines), form, file)


def _copy(
    engine: DuckDBEngine,
    presented: PresentedStatement,
    charged: tuple[str, ...],
    others: list[DataSetRow],
    form: DocumentForm,
    file: Path,
) -> None:
    """Write the rows, the last of them what brings their sum to the total."""
    charged_sum = engine.rows(f"SELECT SUM(BilledCost) FROM ({charged[0]})")[0][0] if charged else ZERO
    total = Decimal(presented.statement.price_text)
    rounding = total - (charged_sum or ZERO) - sum((Decimal(row.amount) for row in others), ZERO)
    if abs(rounding) >= 1:
        raise _unbalanced(presented, rounding)
    rows = [*others, *([DataSetRow(text_of(rounding), ROUNDING)] if rounding else [])]
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


def _other_rows(presented: PresentedStatement, lines: Iterable[ShownLine]) -> list[DataSetRow]:
    is_note = presented.document.kind is not DocumentKind.STATEMENT
    return [_row(presented, shown, is_note or shown.corrects is not None) for shown in lines]


def _row(presented: PresentedStatement, shown: ShownLine, correction: bool) -> DataSetRow:
    """A line as a row: exact in its own month, and as it is shown where it corrects one, which rounds by itself."""
    priced = shown.line.priced
    amount = _shown(presented, shown.line) if correction else text_of(priced.exact_amount)
    is_charged = priced.kind is LineKind.CHARGES
    month = "" if shown.corrects is None else f" ({shown.corrects})"
    return DataSetRow(
        amount,
        (priced.description or priced.service or priced.kind.value) + month,
        (priced.charge_category or "Adjustment") if is_charged else "Adjustment",
        correction,
        priced.service or "Other",
        priced.subscription,
        priced.provider if is_charged else None,
    )


def _shown(presented: PresentedStatement, line: StatementLine) -> str:
    return text_of_minor_units(line.amount_minor_units, presented.statement.minor_digits)
