"""Conditions over many values at once, within what a statement may carry on each database."""

import json
from collections.abc import Collection
from datetime import date
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Cast,
    ColumnElement,
    Connection,
    Dialect,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine


class JsonList(TypeDecorator[Collection[Any]]):
    """Numbers, texts, days and lists of them that travel as one parameter of JSON, for SQLite's ``json_each``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> str:
        listed = list(value or ())
        try:
            return orjson.dumps(listed).decode()
        except TypeError:
            # Half a surrogate pair, which no row has, and whole numbers past 64 bits.
            return json.dumps(listed, default=date.isoformat)


class ArrayText(TypeDecorator[Collection[Any]]):
    """Numbers, texts, days and ``None`` that travel as one text, an array as PostgreSQL writes it.

    The driver's own lists ask every value for its type: a third of what a small statement takes.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> str:
        listed = list(value or ())
        if set(map(type, listed)) == {int}:
            # As Python writes them: one piece of work for ten thousand.
            return "{" + str(listed)[1:-1] + "}"
        return "{" + ",".join(map(_array_element, listed)) + "}"


def _array_element(value: str | int | date | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def array_given(name: str, kind: TypeEngine[Any]) -> Cast[Any]:
    """An array of values of ``kind`` that are given as ``name`` whenever a statement is run, on PostgreSQL."""
    return cast(bindparam(name, type_=ArrayText()), ARRAY(kind))


def among(connection: Connection, member: ColumnElement[Any], values: Collection[int] | Collection[str]) -> Any:
    """The condition that ``member`` is one of ``values``, which travel as one parameter, however many they are.

    SQLite allows 32,766 parameters a statement and PostgreSQL 65,535: a list of ids does not fit in them.
    """
    dialect = connection.dialect.name
    return _among(dialect, member, bindparam(None, list(values), type_=_list_type(dialect, member)))


def among_given(dialect: str, member: ColumnElement[Any], name: str) -> Any:
    """The same in a statement that is written once (``Scope.run``): the values are given as ``name`` when it is run."""
    if dialect == "postgresql":
        # As a question of its own, so that no plan depends on how many there are: else PostgreSQL plans it each time.
        listed = array_given(name, member.type)
        return member == any_(cast(select(listed).scalar_subquery(), listed.type))
    return _among(dialect, member, bindparam(name, type_=JsonList()))


def _list_type(dialect: str, member: ColumnElement[Any]) -> Any:
    return ARRAY(member.type) if dialect == "postgresql" else JsonList()


def _among(dialect: str, member: ColumnElement[Any], listed: BindParameter[Any]) -> Any:
    if dialect == "postgresql":
        return member == any_(listed)
    return member.in_(select(func.json_each(listed).table_valued(column("value", member.type)).c.value))
