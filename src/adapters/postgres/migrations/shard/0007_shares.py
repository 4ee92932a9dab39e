"""Shared sessions: what was said when they were shared, and by which secret it is read."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE TABLE shard.shares (
        id text COLLATE "C" PRIMARY KEY,
        session_id text COLLATE "C" NOT NULL CONSTRAINT shares_session_key UNIQUE,
        owner_id text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        fingerprint bytea NOT NULL,
        title text,
        agent_id text COLLATE "C",
        agent_name text,
        head_seq integer NOT NULL,
        taken_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        version integer NOT NULL
    )
    """,
    """
    CREATE INDEX shares_owner_idx ON shard.shares (owner_id)
    """,
    """
    CREATE INDEX shares_bucket_idx ON shard.shares (bucket)
    """,
    """
    CREATE TRIGGER shares_unfenced BEFORE INSERT OR UPDATE OR DELETE ON shard.shares
        FOR EACH ROW EXECUTE FUNCTION shard.require_unfenced()
    """,
    """
    ALTER TABLE shard.shares DISABLE TRIGGER shares_unfenced
    """,
    """
    CREATE OR REPLACE FUNCTION shard.empty_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Each statement in here sees what was committed while the deletion waited for the session's row.
        DELETE FROM shard.messages WHERE session_id = OLD.id;
        DELETE FROM shard.runs WHERE session_id = OLD.id;
        DELETE FROM shard.shares WHERE session_id = OLD.id;
        RETURN NULL;
    END $$
    """,
)
_DOWN = (
    """
    CREATE OR REPLACE FUNCTION shard.empty_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Each statement in here sees what was committed while the deletion waited for the session's row.
        DELETE FROM shard.messages WHERE session_id = OLD.id;
        DELETE FROM shard.runs WHERE session_id = OLD.id;
        RETURN NULL;
    END $$
    """,
    "DROP TABLE shard.shares",
)


def upgrade(plan: Plan) -> None:
    """Make the table, and have a session's share go with it."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop the table: all links are lost."""
    for statement in _DOWN:
        plan.execute(statement)
