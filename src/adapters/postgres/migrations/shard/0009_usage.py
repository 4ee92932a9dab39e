"""What was used and what it cost; replies that others replaced; runs with options; chats that clients name."""

from adapters.postgres.migrations.plan import Plan

_TABLES = ("usage_entries", "usage_days")
_UP = (
    """
    CREATE TABLE shard.usage_entries (
        id text COLLATE "C" PRIMARY KEY,
        owner_id text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        session_id text COLLATE "C",
        agent_id text COLLATE "C" NOT NULL,
        model text NOT NULL,
        day date NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cost bigint NOT NULL,
        estimated boolean NOT NULL,
        at timestamptz NOT NULL
    )
    """,
    """
    CREATE INDEX usage_entries_owner_idx ON shard.usage_entries (owner_id, id)
    """,
    """
    CREATE INDEX usage_entries_bucket_idx ON shard.usage_entries (bucket)
    """,
    """
    CREATE TABLE shard.usage_days (
        owner_id text COLLATE "C" NOT NULL,
        day date NOT NULL,
        agent_id text COLLATE "C" NOT NULL,
        model text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        replies bigint NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cost bigint NOT NULL,
        PRIMARY KEY (owner_id, day, agent_id, model)
    )
    """,
    """
    CREATE INDEX usage_days_bucket_idx ON shard.usage_days (bucket)
    """,
    *(
        f"""
    CREATE TRIGGER {table}_unfenced BEFORE INSERT OR UPDATE OR DELETE ON shard.{table}
        FOR EACH ROW EXECUTE FUNCTION shard.require_unfenced()
    """
        for table in _TABLES
    ),
    *(f"ALTER TABLE shard.{table} DISABLE TRIGGER {table}_unfenced" for table in _TABLES),
    """
    ALTER TABLE shard.messages ADD COLUMN superseded boolean NOT NULL DEFAULT false
    """,
    """
    ALTER TABLE shard.runs ADD COLUMN options jsonb
    """,
    """
    ALTER TABLE shard.sessions ADD COLUMN client_chat_id text
    """,
)
_DOWN = (
    "ALTER TABLE shard.sessions DROP COLUMN client_chat_id",
    "ALTER TABLE shard.runs DROP COLUMN options",
    "ALTER TABLE shard.messages DROP COLUMN superseded",
    "DROP TABLE shard.usage_days",
    "DROP TABLE shard.usage_entries",
)


def upgrade(plan: Plan) -> None:
    """Make the tables and add the columns."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Take them away: what was used is lost, and replies that were replaced are shown again."""
    for statement in _DOWN:
        plan.execute(statement)
