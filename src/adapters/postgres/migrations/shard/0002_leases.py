"""Leases of nodes on their runs, requests to cancel, runs that wait for their turn."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE TABLE shard.nodes (
        id text COLLATE "C" PRIMARY KEY,
        alive_until timestamptz NOT NULL
    )
    """,
    """
    CREATE INDEX nodes_alive_idx ON shard.nodes (alive_until)
    """,
    """
    ALTER TABLE shard.runs
        ADD COLUMN node text COLLATE "C",
        ADD COLUMN losses integer NOT NULL DEFAULT 0,
        ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false
    """,
    """
    -- No release had this table yet.
    -- squawk-ignore require-concurrent-index-creation
    CREATE INDEX runs_node_idx ON shard.runs (node) WHERE finished_at IS NULL
    """,
    """
    -- No release had this table yet.
    -- squawk-ignore require-concurrent-index-creation
    CREATE INDEX runs_queued_idx ON shard.runs (session_id, message_seq) WHERE status = 'queued'
    """,
    """
    -- No release had this table yet.
    -- squawk-ignore require-concurrent-index-deletion
    DROP INDEX shard.runs_open_idx
    """,
    """
    ALTER TABLE shard.sessions ADD COLUMN waiting integer NOT NULL DEFAULT 0
    """,
)
_DOWN = (
    """
    ALTER TABLE shard.sessions DROP COLUMN waiting
    """,
    """
    CREATE INDEX runs_open_idx ON shard.runs (created_at) WHERE finished_at IS NULL
    """,
    """
    DROP INDEX shard.runs_queued_idx, shard.runs_node_idx
    """,
    """
    ALTER TABLE shard.runs DROP COLUMN cancel_requested, DROP COLUMN losses, DROP COLUMN node
    """,
    """
    DROP TABLE shard.nodes
    """,
)


def upgrade(plan: Plan) -> None:
    """Make the tables' new shape."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Make the old shape again."""
    for statement in _DOWN:
        plan.execute(statement)
