"""The audit trail: entries that nothing changes or deletes, sealed into a chain for each partner.

Revision ID: 0004
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0004"
down_revision = "0009"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CONTENT = (
    "audit_entry_id, partner_id, at, act, outcome, subject_kind, subject_id, customer_id, channel, role, "
    "caller_customer_id, user_id, key_id, operating_system_user, request_id, reason, before, after, refusal, "
    "content_sha256"
)
"""What an entry tells: sealing sets the other two columns, once."""
MOVES_ON = (
    "NEW.partner_id = OLD.partner_id AND (NEW.last_number > OLD.last_number OR "
    "(NEW.last_number = OLD.last_number AND NEW.last_chain_sha256 = OLD.last_chain_sha256))"
)
RULES = (
    ("audit_entries_are_not_deleted", "BEFORE DELETE ON audit_entries", ""),
    ("audit_entries_are_not_changed", f"BEFORE UPDATE OF {CONTENT} ON audit_entries", ""),
    (
        "audit_entries_are_sealed_once",
        "BEFORE UPDATE OF number, chain_sha256 ON audit_entries",
        "WHEN (OLD.number IS NOT NULL)",
    ),
    ("audit_entries_come_unsealed", "BEFORE INSERT ON audit_entries", "WHEN (NEW.number IS NOT NULL)"),
    ("audit_chains_are_not_deleted", "BEFORE DELETE ON audit_chains", ""),
    ("audit_chains_only_grow", "BEFORE UPDATE ON audit_chains", f"WHEN (NOT ({MOVES_ON}))"),
)
"""Name, event and condition of the triggers that keep the trail append-only."""
NO_REPLACEMENT = """
CREATE TRIGGER audit_entries_are_not_replaced BEFORE INSERT ON audit_entries
WHEN (EXISTS (SELECT 1 FROM audit_entries WHERE audit_entry_id = NEW.audit_entry_id))
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only: audit_entries_are_not_replaced');
END
"""
"""SQLite's INSERT OR REPLACE deletes without asking the trigger of DELETE."""


def upgrade() -> None:
    """Create the trail; the version before does not know it. Every partner that is there has an empty chain."""
    _audit_entries()
    op.create_table(
        "audit_chains",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False, comment="of the entry sealed last; 0 = none yet"),
        sa.Column("last_chain_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_audit_chains_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_audit_chains")),
    )
    op.execute(f"INSERT INTO audit_chains SELECT partner_id, 0, '{'0' * 64}' FROM partners")
    _keep_append_only()


def downgrade() -> None:
    """A trail is never taken away."""
    raise NoWayBack


def _audit_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("audit_entry_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False, comment="model.audit.exact_instant: what is hashed is what is kept"),
        sa.Column("act", sa.Text(), nullable=False, comment="model.audit.Act"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="model.audit.ActOutcome"),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="model.audit.SubjectKind"),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=True, comment="as asked: there need not be anything of this id"
        ),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="whom it concerns, as asked"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "caller_customer_id", sa.BigInteger(), nullable=True, comment="whose key it was, where it was a customer's"
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("operating_system_user", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True, comment="canonical JSON, of what the act changed"),
        sa.Column("after", sa.Text(), nullable=True, comment="canonical JSON, of what the act changed"),
        sa.Column("refusal", sa.Text(), nullable=True, comment="canonical JSON: why the act was not done"),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), nullable=True, comment="in the partner's chain, from 1; NULL until it is sealed"
        ),
        sa.Column(
            "chain_sha256",
            sa.String(length=64),
            nullable=True,
            comment="over number, the chain hash before, and content_sha256",
        ),
        sa.CheckConstraint("(number IS NULL) = (chain_sha256 IS NULL)", name=op.f("ck_audit_entries_sealed")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_audit_entries_partner_id")),
        sa.PrimaryKeyConstraint("audit_entry_id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("partner_id", "number", name=op.f("uq_audit_entries_partner_id_number")),
        comment="Nothing of it is changed or deleted: the migration that made it sees to that",
    )
    op.create_index(
        "ix_audit_entries_waiting",
        "audit_entries",
        ["partner_id", "audit_entry_id"],
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    )
    op.create_index(
        "ix_audit_entries_of_subject", "audit_entries", ["partner_id", "subject_kind", "subject_id", "number"]
    )
    op.create_index("ix_audit_entries_of_customer", "audit_entries", ["partner_id", "customer_id", "number"])


def _keep_append_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_of_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'the audit trail is append-only: %', TG_NAME USING ERRCODE = 'restrict_violation'; "
            "END $$"
        )
        for name, event, condition in RULES:
            op.execute(
                f"CREATE TRIGGER {name} {event} FOR EACH ROW {condition} "
                "EXECUTE FUNCTION refuse_change_of_audit_trail()"
            )
        for table in ("audit_entries", "audit_chains"):
            op.execute(
                f"CREATE TRIGGER {table}_are_not_emptied BEFORE TRUNCATE ON {table} "
                "EXECUTE FUNCTION refuse_change_of_audit_trail()"
            )
        return
    for name, event, condition in RULES:
        op.execute(
            f"CREATE TRIGGER {name} {event} {condition} "
            f"BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: {name}'); END"
        )
    op.execute(NO_REPLACEMENT)
