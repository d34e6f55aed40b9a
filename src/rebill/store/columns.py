"""What the record's tables are made of: types with one meaning on both databases, and the columns that many have."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal that never passes through a binary float: NUMERIC on PostgreSQL, text on SQLite."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric(38, 12) if dialect.name == "postgresql" else String(48))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, with zone on both sides of the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise AssertionError("a stored moment must know its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Month = String(7)
"""A billing month as text, ``YYYY-MM``: sorts as it should on both databases."""
RowId = BigInteger().with_variant(Integer, "sqlite")
"""A counted row id nobody outside sees."""


def own_id(name: str) -> Column[int]:
    """The primary key of a table whose ids callers see; drawn by ``identity``, never counted."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def partner_reference(index: bool = True) -> Column[int]:
    """The partner that a row belongs to.

    ``index=False`` where a longer index begins with the partner: one that is of no use misleads the planner.
    """
    return Column("partner_id", ForeignKey("partners.partner_id"), nullable=False, index=index)


def customer_reference(nullable: bool = False, index: bool = True) -> Column[int]:
    """The customer that a row belongs to; ``index`` as for the partner."""
    return Column("customer_id", ForeignKey("customers.customer_id"), nullable=nullable, index=index)


def listing_position() -> Column[int]:
    """A row's place in lists. Ids are drawn at random: this keeps the order of rows that came at one moment."""
    return Column("listing_position", Integer, nullable=False, comment="from 0 among the partner's of one moment")
