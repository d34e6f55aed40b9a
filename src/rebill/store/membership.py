"""Conditions over many values at once, within what a statement may carry on each database."""

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    column,
    func,
    select,
)


class JsonList(TypeDecorator[Collection[Any]]):
    """Numbers, texts, days and lists of them that travel as one parameter of JSON, for SQLite's ``json_each``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> str:
        return json.dumps(list(value or ()), default=date.isoformat)


def among(connection: Connection, member: ColumnElement[Any], values: Collection[int] | Collection[str]) -> Any:
    """The condition that ``member`` is one of ``values``, which travel as one parameter, however many they are.

    SQLite allows 32,766 parameters a statement and PostgreSQL 65,535: a list of ids does not fit in them.
    """
    dialect = connection.dialect.name
    return _among(dialect, member, bindparam(None, list(values), type_=_list_type(dialect, member)))


def among_given(dialect: str, member: ColumnElement[Any], name: str) -> Any:
    """The same in a statement that is written once (``Scope.run``): the values are given as ``name`` when it is run."""
    return _among(dialect, member, bindparam(name, type_=_list_type(dialect, member)))


def _list_type(dialect: str, member: ColumnElement[Any]) -> Any:
    return ARRAY(member.type) if dialect == "postgresql" else JsonList()


def _among(dialect: str, member: ColumnElement[Any], listed: BindParameter[Any]) -> Any:
    if dialect == "postgresql":
        return member == any_(listed)
    return member.in_(select(func.json_each(listed).table_valued(column("value", member.type)).c.value))
