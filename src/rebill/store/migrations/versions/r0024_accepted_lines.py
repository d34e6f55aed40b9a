"""Lines that need attention can be accepted as they are, each by its source row.

Revision ID: 0024
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0024"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Runs of before have NULL: all of their lines are open."""
    comment = "those of them that nobody accepted; NULL = all"
    op.add_column("runs", sa.Column("open_attention", sa.JSON(none_as_null=True), nullable=True, comment=comment))
    op.create_table(
        "acceptances",
        sa.Column("acceptance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_acceptances_partner_id")),
        sa.PrimaryKeyConstraint("acceptance_id", name=op.f("pk_acceptances")),
    )
    op.create_index(op.f("ix_acceptances_partner_id"), "acceptances", ["partner_id"], unique=False)
    op.create_table(
        "accepted_lines",
        sa.Column(
            "accepted_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("acceptance_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="model.rating.Attention"),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("source_row", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="whose line it is; NULL = nobody's"),
        sa.ForeignKeyConstraint(
            ["acceptance_id"], ["acceptances.acceptance_id"], name=op.f("fk_accepted_lines_acceptance_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_accepted_lines_partner_id")),
        sa.PrimaryKeyConstraint("accepted_line_id", name=op.f("pk_accepted_lines")),
        comment="Lines that a person looked at and accepted as they are",
    )
    op.create_index("ix_accepted_lines_of_month", "accepted_lines", ["partner_id", "billing_month"], unique=False)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
