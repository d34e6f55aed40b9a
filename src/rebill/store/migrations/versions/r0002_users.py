"""Users, whom the keys belong to, and when each key was last used.

Revision ID: 0002
Revises: 0007b
"""

import random

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0002"
down_revision = "0007b"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_LEAST_ID, _GREATEST_ID = 10**8, 10**9


def upgrade() -> None:
    """Create the users, and give every key that stands a user of its own."""
    _users()
    op.add_column("api_keys", sa.Column("last_used_at", INSTANT, nullable=True, comment="may lag by a minute"))
    op.add_column("api_keys", sa.Column("user_id", sa.BigInteger(), nullable=True))
    _give_every_key_a_user()
    with op.batch_alter_table("api_keys") as api_keys:
        api_keys.alter_column("user_id", existing_type=sa.BigInteger(), nullable=False)
        api_keys.create_foreign_key(op.f("fk_api_keys_user_id"), "users", ["user_id"], ["user_id"])
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_index("ix_api_keys_in_order", "api_keys", ["partner_id", "created_at", "key_id"], unique=False)
    op.drop_index(op.f("ix_api_keys_partner_id"), table_name="api_keys")


def downgrade() -> None:
    """Keys made since have users that the version before does not know: going back is done with a backup."""
    raise NoWayBack


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True, comment="its keys are dead while this is set"),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(customer_id IS NULL) = (role <> 'customer_read_only')", name=op.f("ck_users_customer_role")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_users_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_users_partner_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_customer_id"), "users", ["customer_id"], unique=False)
    op.create_index("ix_users_in_order", "users", ["partner_id", "created_at", "user_id"], unique=False)


def _give_every_key_a_user() -> None:
    """A user for each key: nobody knows which keys one person holds, and no key may do more or less than before.

    The user of a revoked key is deleted with it, so that lists show only who can call.
    """
    keys = sa.table("api_keys", *(sa.column(name) for name in "key_id partner_id customer_id name role".split()))
    keys.append_column(sa.column("user_id"))
    for moment in ("created_at", "revoked_at"):
        keys.append_column(sa.column(moment, INSTANT))
    names = "user_id partner_id customer_id name email role".split()
    users = sa.table("users", *(sa.column(name) for name in names))
    for moment in ("created_at", "updated_at", "deleted_at"):
        users.append_column(sa.column(moment, INSTANT))
    connection = op.get_bind()
    rows = connection.execute(sa.select(keys)).all()
    drawn = random.SystemRandom().sample(range(_LEAST_ID, _GREATEST_ID), len(rows))
    for user_id, key in zip(drawn, rows, strict=True):
        words = key.role.replace("_", " ")
        user = {
            "user_id": user_id,
            "partner_id": key.partner_id,
            "customer_id": key.customer_id,
            "name": key.name or f"Holder of the {words} key",
            "email": "",
            "role": key.role,
            "created_at": key.created_at,
            "updated_at": key.created_at,
            "deleted_at": key.revoked_at,
        }
        connection.execute(sa.insert(users).values(user))
        connection.execute(sa.update(keys).where(keys.c.key_id == key.key_id).values(user_id=user_id))
