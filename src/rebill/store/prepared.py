"""Statements that are written once and run again and again: compiled once, then handed straight to the driver.

SQLAlchemy's way from a statement to its rows takes several times as long as the database itself does for a small
one; a call that assigns one account runs seven of them. Texts, conversions of types and faults stay SQLAlchemy's, and
who listens to the engine's cursors hears of these statements too (without a cursor, where several are one message).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Dialect, Engine, Insert, Row, Select, event
from sqlalchemy.engine import result_tuple
from sqlalchemy.exc import DBAPIError

Statement = Select[Any] | Insert
Convert = Callable[[Any], Any]
Rows = list[Row[*tuple[Any, ...]]]

_PLACE: Final = re.compile(r"%(?:\((\w+)\)s|%)")
_PUT_OFF: Final = "rebill_put_off"
KEPT: Final = "rebill_kept"
"""Where a connection's information holds what ``one_message`` prepared on it."""
_KEEPS_STATEMENTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
"""How statements begin behind which the driver never lets go of all that it and others prepared."""
_prepared: dict[tuple[Statement, str], "_Prepared"] = {}


class Question(NamedTuple):
    """A statement that is kept, and values for its named parameters."""

    statement: Statement
    values: Mapping[str, Any]


class Command(NamedTuple):
    """A statement for PostgreSQL with ``$1``, ``$2``, … for ``values``; ``None``: it is not kept for the next time."""

    text: bytes
    values: Sequence[Any] | None = None


def run_prepared(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Rows:
    """Run ``statement`` with ``values`` for its named parameters; its rows, by name and place, ``[]`` where none.

    ``statement`` is kept for good: it must be one that is written once. It takes part in the transaction that the
    connection is in; outside of one, on PostgreSQL, the driver begins one. Raises ``DBAPIError`` as SQLAlchemy does.
    """
    return run_together(connection, [Question(statement, values)])[0]


def run_together(connection: Connection, questions: Sequence[Question]) -> list[Rows]:
    """The rows of each of ``questions``, which are run in turn: on PostgreSQL by one message.

    Each sees what was stored when it began. Otherwise as ``run_prepared``.
    """
    if connection.dialect.name != "postgresql":
        return [_of(connection, one.statement).run(connection, one.values) for one in questions]
    before = _taken(connection)
    return _sent(connection, [*before, *questions], commits=False)[len(before) :]


def put_off(connection: Connection, statement: Insert, values: Mapping[str, Any]) -> None:
    """Run ``statement``, which answers nothing, before the next one or at the end of the block of ``putting_off``.

    Whatever it breaks is said then. Outside of such a block, and on SQLite, it is run at once.
    """
    waiting = connection.info.get(_PUT_OFF)
    if waiting is None:
        run_prepared(connection, statement, values)
    else:
        waiting.append(Question(statement, values))


@contextmanager
def putting_off(connection: Connection, ends: bool) -> Iterator[None]:
    """Let statements be put off in the block; with ``ends`` those left at its end are sent on with the COMMIT."""
    if connection.dialect.name != "postgresql":
        yield
        return
    info = connection.info
    outer, info[_PUT_OFF] = info.get(_PUT_OFF), []
    try:
        yield
        send_put_off(connection, ends)
    finally:
        info[_PUT_OFF] = outer


def listen(engine: Engine) -> None:
    """See on PostgreSQL that what was put off goes before whatever is run past this module."""
    from psycopg.pq import TransactionStatus

    def runs(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if connection.info.get(_PUT_OFF):
            send_put_off(connection)
        if not statement.startswith(_KEEPS_STATEMENTS):
            connection.info.pop(KEPT, None)

    # With a ROLLBACK the driver has PostgreSQL let go of everything that is prepared.
    def rolls_back(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(KEPT, None)

    def is_reset(driver: Any, record: Any, state: Any) -> None:
        # Only who ran statements outside of any transaction of SQLAlchemy's leaves one of the driver's open.
        if not state.transaction_was_reset and driver.info.transaction_status != TransactionStatus.IDLE:
            record.info.pop(KEPT, None)

    event.listen(engine, "before_cursor_execute", runs)
    event.listen(engine, "rollback", rolls_back)
    event.listen(engine, "reset", is_reset)


def send_put_off(connection: Connection, ends: bool = False) -> None:
    """Run what was put off, in its order; with the COMMIT behind it, where it ``ends`` the transaction."""
    questions = _taken(connection)
    if questions:
        _sent(connection, questions, ends)


def _taken(connection: Connection) -> list[Question]:
    """What was put off; nothing is any more."""
    waiting = connection.info.get(_PUT_OFF) or []
    taken = list(waiting)
    waiting.clear()
    return taken


def _sent(connection: Connection, questions: Sequence[Question], commits: bool) -> list[Rows]:
    """The rows of each of ``questions``, sent by one message; with the COMMIT behind them."""
    # Whoever has SQLite needs no driver of PostgreSQL's, which takes a while to load.
    from rebill.store.one_message import COMMIT, send_together

    all_prepared = [_of(connection, question.statement) for question in questions]
    sent = [one.given(question.values) for one, question in zip(all_prepared, questions, strict=True)]
    commands = [one.command(values) for one, values in zip(all_prepared, sent, strict=True)]
    told = connection.dispatch
    for one, values in zip(all_prepared, sent, strict=True):
        for before in told.before_cursor_execute:
            before(connection, None, one.text, values, None, False)
    driver: Any = connection.connection.driver_connection
    try:
        answers = send_together(connection, [*commands, Command(COMMIT)] if commits else commands)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _fault(connection, driver, "; ".join(one.text for one in all_prepared), error) from error
    for one, values in zip(all_prepared, sent, strict=True):
        for after in told.after_cursor_execute:
            after(connection, None, one.text, values, None, False)
    return [one.rows(*answer) for one, answer in zip(all_prepared, answers, strict=False)]


def _of(connection: Connection, statement: Statement) -> "_Prepared":
    key = statement, connection.dialect.name
    prepared = _prepared.get(key)
    if prepared is None:
        prepared = _prepared[key] = _Prepared(statement, connection.dialect)
    return prepared


class _Prepared:
    """One statement for one kind of database: its text, and how values go in and come out."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.insert_prefetch:
            raise AssertionError("a statement to be kept depends on nothing but its parameters")
        self._dialect = dialect
        self.text = str(compiled)
        self._is_by_place = compiled.positiontup is not None
        bound = {name: parameter for parameter, name in compiled.bind_names.items()}
        names = bound if compiled.positiontup is None else compiled.positiontup
        self._parameters = [_parameter(name, bound[name], dialect) for name in names]
        self._numbered, self._order = _numbered(self.text)
        returned = dict(statement.exported_columns.items())
        self._types = [column.type for column in returned.values()]
        self._make_row = result_tuple([str(name) for name in returned])
        self._conversions: list[tuple[int, Convert]] | None = None if returned else []

    def given(self, values: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
        """``values`` as the driver takes them."""
        given = [
            (name, values.get(name, constant) if convert is None else convert(values.get(name, constant)))
            for name, constant, convert in self._parameters
        ]
        return [value for _, value in given] if self._is_by_place else dict(given)

    def command(self, given: Any) -> Command:
        """The statement with what ``given`` answers, for PostgreSQL."""
        return Command(self._numbered, [given[name] for name in self._order])

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        """Its rows. Raises ``DBAPIError``."""
        sent = self.given(values)
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.cursor()
            for told in connection.dispatch.before_cursor_execute:
                told(connection, cursor, self.text, sent, None, False)
            cursor.execute(self.text, sent)
            for told in connection.dispatch.after_cursor_execute:
                told(connection, cursor, self.text, sent, None, False)
            rows = cursor.fetchall() if self._types else []
        except self._dialect.loaded_dbapi.Error as error:
            raise _fault(connection, driver, self.text, error) from error
        found = self.rows(rows, [told[1] for told in cursor.description or ()])
        cursor.close()
        return found

    def rows(self, rows: Sequence[Sequence[Any]], types: Sequence[Any]) -> Rows:
        """``rows`` as SQLAlchemy tells them. ``types``: of their columns, as the driver tells them."""
        if self._conversions is None:
            self._conversions = self._read_conversions(types)
        make, conversions = self._make_row, self._conversions
        return [make(_converted(row, conversions) if conversions else row) for row in rows]

    def _read_conversions(self, types: Sequence[Any]) -> list[tuple[int, Convert]]:
        converts = [
            type_.dialect_impl(self._dialect).result_processor(self._dialect, told)
            for told, type_ in zip(types, self._types, strict=True)
        ]
        return [(place, convert) for place, convert in enumerate(converts) if convert is not None]


def _numbered(text: str) -> tuple[bytes, list[str]]:
    """A statement with ``$1``, ``$2``, … in place of the driver's named parameters, and their names in that order."""
    order: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${order.setdefault(name, len(order) + 1)}"

    return _PLACE.sub(place, text).encode(), list(order)


def _fault(connection: Connection, driver: Any, text: str, error: Any) -> BaseException:
    """What SQLAlchemy says of a fault of the driver's."""
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, driver, None)
    if is_gone:
        connection.invalidate(error)
    root = dialect.loaded_dbapi.Error
    told: BaseException = DBAPIError.instance(text, None, error, root, connection_invalidated=is_gone, dialect=dialect)
    return told


def _parameter(name: str, bound: BindParameter[Any], dialect: Dialect) -> tuple[str, Any, Convert | None]:
    """Its name, the constant that stands for it where no value is given, and how its values go in."""
    return name, bound.effective_value, bound.type.dialect_impl(dialect).bind_processor(dialect)


def _converted(row: Sequence[Any], conversions: Sequence[tuple[int, Convert]]) -> list[Any]:
    converted = list(row)
    for place, convert in conversions:
        converted[place] = convert(converted[place])
    return converted
