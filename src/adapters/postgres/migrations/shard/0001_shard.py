"""A shard: sessions, messages, runs, outbox."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE FUNCTION shard.require_rows(got bigint, wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF got <> wanted THEN
            RAISE EXCEPTION 'wrote % of % rows', got, wanted USING ERRCODE = 'OL001';
        END IF;
        RETURN true;
    END $$
    """,
    """
    CREATE TABLE shard.sessions (
        id text COLLATE "C" PRIMARY KEY,
        owner_id text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        agent_id text COLLATE "C" NOT NULL,
        title text,
        metadata jsonb NOT NULL,
        head_seq integer NOT NULL,
        archived boolean NOT NULL,
        active_run_id text COLLATE "C",
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX sessions_owner_idx ON shard.sessions (owner_id, id)
    """,
    """
    CREATE INDEX sessions_owner_archived_idx ON shard.sessions (owner_id, archived, id)
    """,
    """
    CREATE TABLE shard.messages (
        session_id text COLLATE "C" NOT NULL,
        seq integer NOT NULL,
        id text COLLATE "C" NOT NULL CONSTRAINT messages_id_key UNIQUE,
        bucket smallint NOT NULL,
        role text NOT NULL,
        content jsonb NOT NULL,
        characters integer NOT NULL,
        run_id text COLLATE "C" NOT NULL,
        status text NOT NULL,
        created_at timestamptz NOT NULL,
        client_message_id text,
        PRIMARY KEY (session_id, seq)
    )
    """,
    """
    CREATE INDEX messages_run_idx ON shard.messages (run_id)
    """,
    """
    CREATE UNIQUE INDEX messages_client_message_key ON shard.messages (session_id, client_message_id)
    WHERE client_message_id IS NOT NULL
    """,
    """
    CREATE TABLE shard.runs (
        id text COLLATE "C" PRIMARY KEY,
        session_id text COLLATE "C" NOT NULL,
        owner_id text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        agent_id text COLLATE "C" NOT NULL,
        model text NOT NULL,
        message_id text COLLATE "C" NOT NULL,
        message_seq integer NOT NULL,
        created_at timestamptz NOT NULL,
        status text NOT NULL,
        attempt integer NOT NULL,
        input_tokens integer,
        output_tokens integer,
        error_code text,
        error_message text,
        finished_at timestamptz,
        last_seq integer NOT NULL,
        version integer NOT NULL
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX runs_session_idx ON shard.runs (session_id)
    """,
    """
    CREATE INDEX runs_open_idx ON shard.runs (created_at) WHERE finished_at IS NULL
    """,
    """
    CREATE FUNCTION shard.empty_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Each statement in here sees what was committed while the deletion waited for the session's row.
        DELETE FROM shard.messages WHERE session_id = OLD.id;
        DELETE FROM shard.runs WHERE session_id = OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER sessions_emptied AFTER DELETE ON shard.sessions FOR EACH ROW EXECUTE FUNCTION shard.empty_session()
    """,
    """
    CREATE TABLE shard.outbox (
        id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        payload jsonb NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE INDEX outbox_due_idx ON shard.outbox (due_at)
    """,
)
_DOWN = (
    """
    DROP TABLE shard.outbox, shard.runs, shard.messages, shard.sessions
    """,
    """
    DROP FUNCTION shard.empty_session, shard.require_rows
    """,
)


def upgrade(plan: Plan) -> None:
    """Make everything."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop everything."""
    for statement in _DOWN:
        plan.execute(statement)
