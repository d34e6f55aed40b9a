"""What a partner names is its own: sign-in names, subjects of the identity provider, and what it calls itself.

Revision ID: 0097
Revises: 0096
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Names that were one for the whole record are one among a partner's, so that nothing that stands is in the way."""
    with op.batch_alter_table("passwords") as passwords:
        passwords.drop_constraint("uq_passwords_sign_in_name", type_="unique")
        passwords.create_unique_constraint("uq_passwords_partner_id_sign_in_name", ["partner_id", "sign_in_name"])
        passwords.drop_index("ix_passwords_partner_id")
        passwords.alter_column(
            "sign_in_name", existing_type=sa.Text(), nullable=False, comment="case-folded; one among the partner's"
        )
    with op.batch_alter_table("openid_subjects") as subjects:
        subjects.drop_constraint("uq_openid_subjects_issuer_subject", type_="unique")
        subjects.create_unique_constraint(
            "uq_openid_subjects_issuer_subject_partner_id", ["issuer", "subject", "partner_id"]
        )
    op.add_column(
        "partners",
        sa.Column("shown_name", sa.Text(), nullable=False, server_default="", comment="what it calls itself"),
    )
    op.execute("UPDATE partners SET shown_name = name")
    if op.get_bind().dialect.name == "postgresql":
        told = "Who users are at the identity provider; one person may be a user of several partners"
        op.create_table_comment("openid_subjects", told)
        called = "what commands call it; one for the whole record"
        op.alter_column("partners", "name", existing_type=sa.Text(), comment=called)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
