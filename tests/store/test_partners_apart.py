"""No rule of the database tells one partner of another: what is unique is so among a partner's, or for a reason."""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, UniqueConstraint

from rebill.store.columns import RowId, metadata, own_id, partner_reference

_Rule = tuple[str, tuple[str, ...]]
"""A table, and the columns of which no two of its rows have the same values."""

WITHOUT_PARTNER: Final[Mapping[_Rule, str]] = {
    ("partners", ("name",)): "What commands call a partner: its operator alone sets it, and sees them all anyway.",
    ("api_keys", ("lookup",)): "Drawn at random, as long as no two are ever alike; nobody chooses it.",
    ("kept_answers", ("request_sha256",)): "A hash of the partner, too.",
    ("web_sessions", ("token_sha256",)): "A hash of 256 random bits.",
}
"""What is unique in the whole record without being an id of its own or hanging on one, and why no partner notices."""


def _is_drawn(column: Column[object]) -> bool:
    """Whether it is an id as ``own_id`` makes it: drawn at random, and drawn anew where a row bears it."""
    return column.primary_key and column.autoincrement is False and not column.foreign_keys


def _is_counted(column: Column[object]) -> bool:
    """Whether the database counts it, and nobody outside sees it."""
    return column.primary_key and column.type is RowId


def _is_of_one_partner(column: Column[object]) -> bool:
    """Whether it names a row of another table, which belongs to one partner, as everything but partners does."""
    return any(key.column.table.name != "partners" and key.column.primary_key for key in column.foreign_keys)


def _rules(table: Table) -> Iterator[list[Column[object]]]:
    yield list(table.primary_key.columns)
    yield from (list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint))
    yield from (list(index.columns) for index in table.indexes if index.unique)


def _unreasoned(tables: MetaData) -> set[_Rule]:
    """What is unique over all partners, and neither an id of its own nor hanging on one."""
    found = set()
    for table in tables.tables.values():
        for columns in _rules(table):
            names = tuple(column.name for column in columns)
            is_sound = "partner_id" in names or any(_is_of_one_partner(column) for column in columns)
            if not is_sound and not (len(columns) == 1 and (_is_drawn(columns[0]) or _is_counted(columns[0]))):
                found.add((table.name, names))
    return found


def test_whatever_is_unique_over_all_partners_has_a_written_reason() -> None:
    assert _unreasoned(metadata) == WITHOUT_PARTNER.keys()
    assert all(reason.endswith(".") for reason in WITHOUT_PARTNER.values())


def test_every_table_bears_the_partner() -> None:
    assert [table.name for table in metadata.tables.values() if "partner_id" not in table.c] == []


@pytest.mark.parametrize("is_index", [False, True])
def test_a_new_table_whose_names_are_unique_over_all_partners_is_found(is_index: bool) -> None:
    """As sign-in names were, which told one partner what another's users are called."""
    from sqlalchemy import Index

    tables = MetaData()
    metadata.tables["partners"].to_metadata(tables)
    rule = Index("a", "name", unique=True) if is_index else UniqueConstraint("name")
    Table("new", tables, own_id("new_id"), partner_reference(), Column("name", Text), rule)
    Table(
        "sound",
        tables,
        own_id("sound_id"),
        partner_reference(),
        Column("n", Integer),
        UniqueConstraint("partner_id", "n"),
    )
    assert _unreasoned(tables) == {("new", ("name",)), ("partners", ("name",))}
