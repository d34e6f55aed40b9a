"""Conditions over many values at once, within what a statement may carry on each database."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, any_, bindparam, column, func, select


def among(connection: Connection, member: ColumnElement[Any], values: Collection[int] | Collection[str]) -> Any:
    """The condition that ``member`` is one of ``values``, which travel as one parameter, however many they are.

    SQLite allows 32,766 parameters a statement and PostgreSQL 65,535: a list of ids does not fit in them.
    """
    if connection.dialect.name == "postgresql":
        return member == any_(bindparam(None, list(values), type_=ARRAY(member.type)))
    listed = func.json_each(json.dumps(list(values))).table_valued(column("value", member.type))
    return member.in_(select(listed.c.value))
