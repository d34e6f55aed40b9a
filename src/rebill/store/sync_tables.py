"""The record's tables of what is synced: Azure plans with their subscriptions, and the syncs themselves."""

from sqlalchemy import JSON, Column, Index, Table, Text, UniqueConstraint

from rebill.store.columns import Instant, metadata, own_id, partner_reference

plan_subscriptions = Table(
    "plan_subscriptions",
    metadata,
    own_id("plan_subscription_id"),
    partner_reference(index=False),
    Column("azure_customer_id", Text, nullable=False, comment="the tenant, in lower case"),
    Column("plan_id", Text, nullable=False, comment="Partner Center's subscription: the Azure plan"),
    Column("subscription_id", Text, nullable=False, comment="the Azure subscription"),
    Column("plan_name", Text, nullable=False),
    Column("subscription_name", Text, nullable=False),
    Column("status", Text, nullable=False, comment="Partner Center's word"),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False, comment="before the last sync = no longer listed"),
    UniqueConstraint("partner_id", "plan_id", "subscription_id"),
)

syncs = Table(
    "syncs",
    metadata,
    own_id("sync_id"),
    partner_reference(index=False),
    Column("part", Text, nullable=False, comment="model.sync.SyncPart"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text, nullable=False, comment="model.sync.SyncOutcome"),
    Column("counts", JSON, nullable=False),
    Column("alarms", JSON, nullable=False),
    Column("fault_code", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("moved_customers", JSON(none_as_null=True), comment="the first that changed or went; NULL = of before"),
    Index("ix_syncs_in_order", "partner_id", "started_at", "sync_id"),
)
