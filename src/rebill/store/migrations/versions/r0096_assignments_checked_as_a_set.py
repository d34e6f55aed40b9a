"""On PostgreSQL what an act does to assignments is checked as a set, and no longer row by row.

Revision ID: 0096
Revises: 0095
"""

from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

_IN_COMMITTED = """
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION '% is checked in transactions that read what is committed meanwhile', TG_TABLE_NAME
            USING ERRCODE = 'feature_not_supported', HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';
    END IF;
"""
"""A transaction that goes on seeing one moment would not see what others stored since."""

_SOUND = f"""
CREATE FUNCTION require_sound_assignments() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    changed_accounts bigint[];
    changed_customers bigint[];
    changed_partners bigint[];
    found bigint;
BEGIN
    {_IN_COMMITTED}
    SELECT array_agg(DISTINCT account_id), array_agg(DISTINCT customer_id), array_agg(DISTINCT partner_id)
        INTO changed_accounts, changed_customers, changed_partners FROM changed_rows;
    IF changed_accounts IS NULL THEN
        RETURN NULL;
    END IF;
    -- Each list is given as a question of its own: no plan, which a session keeps, depends on how long it was.
    PERFORM FROM accounts WHERE account_id = ANY ((SELECT changed_accounts)::bigint[])
        ORDER BY account_id FOR NO KEY UPDATE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < cardinality(changed_accounts) THEN
        RAISE EXCEPTION 'assignments of an account that is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
    PERFORM FROM customers WHERE customer_id = ANY ((SELECT changed_customers)::bigint[]) FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < cardinality(changed_customers) THEN
        RAISE EXCEPTION 'assignments to a customer that is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
    PERFORM FROM partners WHERE partner_id = ANY ((SELECT changed_partners)::bigint[]) FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < cardinality(changed_partners) THEN
        RAISE EXCEPTION 'assignments of a partner that is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
    -- This statement sees what was committed until the accounts were held, and from then on nobody else changes theirs.
    IF EXISTS (
        SELECT FROM (
            SELECT effective_from, lag(coalesce(effective_to, 'infinity')) OVER in_order AS end_before
            FROM assignments
            WHERE account_id = ANY ((SELECT changed_accounts)::bigint[]) AND withdrawn_at IS NULL
            WINDOW in_order AS (PARTITION BY account_id ORDER BY coalesce(effective_from, '-infinity'))
        ) AS standing
        WHERE end_before > coalesce(effective_from, '-infinity')
    ) THEN
        RAISE EXCEPTION 'assignments of an account overlap' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$
"""
"""Each account is held until the transaction ends: of two that change assignments of one, the later one sees the
earlier one's. Days that follow each other in order and do not overlap their neighbours overlap nothing.
"""
_STILL_ASSIGNED = f"""
CREATE FUNCTION refuse_what_assignments_refer_to() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    is_referred_to boolean;
BEGIN
    {_IN_COMMITTED}
    IF TG_OP = 'TRUNCATE' THEN
        SELECT EXISTS (SELECT FROM assignments) INTO is_referred_to;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM assignments WHERE %1$I = ($1).%1$I)', TG_ARGV[0])
            INTO is_referred_to USING OLD;
    END IF;
    IF is_referred_to THEN
        RAISE EXCEPTION 'assignments refer to a row of %', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$
"""
_REFERRED_TO = {"accounts": "account_id", "customers": "customer_id", "partners": "partner_id"}


def upgrade() -> None:
    """Of the 280 ms in which PostgreSQL stored 10,000 assignments 210 went into checks of one row after another."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_SOUND)
    op.execute(_STILL_ASSIGNED)
    for act in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER assignments_sound_on_{act.lower()} AFTER {act} ON assignments "
            "REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION require_sound_assignments()"
        )
    for table, key in _REFERRED_TO.items():
        refused = f"EXECUTE FUNCTION refuse_what_assignments_refer_to('{key}')"
        op.execute(f"CREATE TRIGGER {table}_assigned_on_delete AFTER DELETE ON {table} FOR EACH ROW {refused}")
        op.execute(
            f"CREATE TRIGGER {table}_assigned_on_update AFTER UPDATE ON {table} "
            f"FOR EACH ROW WHEN (OLD.{key} <> NEW.{key}) {refused}"
        )
        op.execute(
            f"CREATE TRIGGER {table}_assigned_on_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT {refused}"
        )
        op.execute(f"ALTER TABLE assignments DROP CONSTRAINT fk_assignments_{key}")
    op.execute("ALTER TABLE assignments DROP CONSTRAINT ex_assignments_overlap")
    op.create_table_comment("assignments", "No two that are not withdrawn overlap for one account: triggers see to it")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
