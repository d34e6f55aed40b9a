"""The record's tables of who may call, and of what calls were answered."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from rebill.store.columns import Instant, customer_reference, metadata, own_id, partner_reference

users = Table(
    "users",
    metadata,
    own_id("user_id"),
    partner_reference(index=False),
    customer_reference(nullable=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("disabled_at", Instant, comment="its keys are dead while this is set"),
    Column("deleted_at", Instant),
    CheckConstraint("(customer_id IS NULL) = (role <> 'customer_read_only')", name="customer_role"),
    Index("ix_users_in_order", "partner_id", "created_at", "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    own_id("key_id"),
    partner_reference(index=False),
    customer_reference(nullable=True),
    Column("user_id", ForeignKey("users.user_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("lookup", String(32), nullable=False, unique=True, comment="the key's public part; finds the row"),
    Column("secret_sha256", String(64), nullable=False, comment="of the key's secret part (256 random bits)"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("made_to_expire_at", Instant, comment="expires_at as the key was made; a rotation may end it earlier"),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant, comment="may lag by a minute"),
    CheckConstraint("(customer_id IS NULL) = (role <> 'customer_read_only')", name="customer_role"),
    Index("ix_api_keys_in_order", "partner_id", "created_at", "key_id"),
)

kept_answers = Table(
    "kept_answers",
    metadata,
    Column("request_sha256", String(64), primary_key=True, comment="of partner, user, method, path, query and key"),
    partner_reference(index=False),
    Column("body_sha256", String(64), nullable=False, comment="of the request's body"),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, comment="NULL: it showed a secret and is told once only"),
    Column("created_at", Instant, nullable=False),
    Index("ix_kept_answers_by_age", "partner_id", "created_at"),
    comment="Answers to calls with an Idempotency-Key, to tell them again for a day",
)

call_buckets = Table(
    "call_buckets",
    metadata,
    Column("key_id", ForeignKey("api_keys.key_id"), primary_key=True, autoincrement=False),
    partner_reference(index=False),
    Column("full_at", BigInteger, nullable=False, comment="microseconds since 1970: model.call_limit"),
    comment="How many calls each key may still make; on PostgreSQL not logged, so that a call waits for no disk",
)

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True, autoincrement=False),
    partner_reference(index=False),
    Column("sign_in_name", Text, nullable=False, comment="case-folded; one among the partner's"),
    Column("password_hash", Text, nullable=False, comment="argon2id, with its salt and costs"),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("partner_id", "sign_in_name"),
)

failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("name_sha256", String(64), primary_key=True, comment="of the partner's number and the name given"),
    Column("failure_count", Integer, nullable=False, comment="wrong passwords in a row"),
    Column("failed_at", Instant, nullable=False, comment="the last of them"),
    Index("ix_failed_sign_ins_by_age", "partner_id", "failed_at"),
    comment="Names for which wrong passwords were given, somebody's or nobody's; the newest ones only",
)

openid_subjects = Table(
    "openid_subjects",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True, autoincrement=False),
    partner_reference(),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="the issuer's name for the user, which never changes"),
    Column("linked_at", Instant, nullable=False),
    Column("confirmed_at", Instant, comment="when the subject first signed in as this user; none: others said it is"),
    # The subject first: who comes back from the provider is looked for among all partners.
    UniqueConstraint("issuer", "subject", "partner_id"),
    comment="Who users are at the identity provider; one person may be a user of several partners",
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True, comment="of the cookie's 256 random bits"),
    partner_reference(),
    Column("user_id", ForeignKey("users.user_id"), nullable=False, index=True),
    Column("key_id", ForeignKey("api_keys.key_id"), index=True, comment="what it was signed in with, if no password"),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False, comment="may lag by a minute"),
    comment="Who is signed in to the console or the portal; what has ended is removed",
)
