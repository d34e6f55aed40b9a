"""Statements that are written once and run again and again: compiled once, then handed straight to the driver.

SQLAlchemy's way from a statement to its rows takes several times as long as the database itself does for a small
one; a call that assigns one account runs eight of them. Texts, conversions of types and faults stay SQLAlchemy's, and
who listens to the engine's cursors hears of these statements too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, Insert, Row, Select
from sqlalchemy.engine import result_tuple
from sqlalchemy.exc import DBAPIError

Statement = Select[Any] | Insert
Convert = Callable[[Any], Any]

_prepared: dict[tuple[Statement, str], "_Prepared"] = {}


def run_prepared(
    connection: Connection, statement: Statement, values: Mapping[str, Any]
) -> list[Row[*tuple[Any, ...]]]:
    """Run ``statement`` with ``values`` for its named parameters; its rows, by name and place, ``[]`` where none.

    ``statement`` is kept for good: it must be one that is written once. It takes part in the transaction that the
    connection is in; outside of one, on PostgreSQL, the driver begins one. Raises ``DBAPIError`` as SQLAlchemy does.
    """
    key = statement, connection.dialect.name
    prepared = _prepared.get(key)
    if prepared is None:
        prepared = _prepared[key] = _Prepared(statement, connection.dialect)
    return prepared.run(connection, values)


class _Prepared:
    """One statement for one kind of database: its text, and how values go in and come out."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.insert_prefetch:
            raise AssertionError("a statement to be kept depends on nothing but its parameters")
        self._dialect = dialect
        self._text = str(compiled)
        self._is_by_place = compiled.positiontup is not None
        bound = {name: parameter for parameter, name in compiled.bind_names.items()}
        names = bound if compiled.positiontup is None else compiled.positiontup
        self._parameters = [_parameter(name, bound[name], dialect) for name in names]
        returned = dict(statement.exported_columns.items())
        self._types = [column.type for column in returned.values()]
        self._make_row = result_tuple([str(name) for name in returned])
        self._conversions: list[tuple[int, Convert]] | None = None if returned else []

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Row[*tuple[Any, ...]]]:
        """Its rows. Raises ``DBAPIError``."""
        given = [
            (name, values.get(name, constant) if convert is None else convert(values.get(name, constant)))
            for name, constant, convert in self._parameters
        ]
        sent = [value for _, value in given] if self._is_by_place else dict(given)
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.cursor()
            for told in connection.dispatch.before_cursor_execute:
                told(connection, cursor, self._text, sent, None, False)
            cursor.execute(self._text, sent)
            for told in connection.dispatch.after_cursor_execute:
                told(connection, cursor, self._text, sent, None, False)
            rows = cursor.fetchall() if self._types else []
        except self._dialect.loaded_dbapi.Error as error:
            raise self._told(connection, driver, error) from error
        if self._conversions is None:
            self._conversions = self._read_conversions(cursor.description)
        cursor.close()
        make, conversions = self._make_row, self._conversions
        return [make(_converted(row, conversions) if conversions else row) for row in rows]

    def _read_conversions(self, description: Sequence[Sequence[Any]]) -> list[tuple[int, Convert]]:
        converts = [
            type_.dialect_impl(self._dialect).result_processor(self._dialect, told[1])
            for told, type_ in zip(description, self._types, strict=True)
        ]
        return [(place, convert) for place, convert in enumerate(converts) if convert is not None]

    def _told(self, connection: Connection, driver: Any, error: Any) -> BaseException:
        dialect = self._dialect
        is_gone = dialect.is_disconnect(error, driver, None)
        if is_gone:
            connection.invalidate(error)
        root = dialect.loaded_dbapi.Error
        told: BaseException = DBAPIError.instance(
            self._text, None, error, root, connection_invalidated=is_gone, dialect=dialect
        )
        return told


def _parameter(name: str, bound: BindParameter[Any], dialect: Dialect) -> tuple[str, Any, Convert | None]:
    """Its name, the constant that stands for it where no value is given, and how its values go in."""
    return name, bound.effective_value, bound.type.dialect_impl(dialect).bind_processor(dialect)


def _converted(row: Sequence[Any], conversions: Sequence[tuple[int, Convert]]) -> list[Any]:
    converted = list(row)
    for place, convert in conversions:
        converted[place] = convert(converted[place])
    return converted
