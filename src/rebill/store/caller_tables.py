"""The record's tables of who may call."""

from sqlalchemy import CheckConstraint, Column, String, Table, Text

from rebill.store.columns import Instant, customer_reference, metadata, own_id, partner_reference

api_keys = Table(
    "api_keys",
    metadata,
    own_id("key_id"),
    partner_reference(),
    customer_reference(nullable=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("lookup", String(32), nullable=False, unique=True, comment="the key's public part; finds the row"),
    Column("secret_sha256", String(64), nullable=False, comment="of the key's secret part (256 random bits)"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    CheckConstraint("(customer_id IS NULL) = (role <> 'customer_read_only')", name="customer_role"),
)
