"""What moves buckets between shards, and pins owners to one."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    ALTER TABLE catalog.shard_maps ADD COLUMN moving smallint[] NOT NULL DEFAULT '{}'
    """,
    """
    CREATE TABLE catalog.shard_moves (
        id text COLLATE "C" PRIMARY KEY,
        buckets smallint[] NOT NULL,
        source smallint NOT NULL,
        target smallint NOT NULL,
        phase text NOT NULL,
        fence text COLLATE "C",
        fenced_seconds double precision,
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz
    )
    """,
    """
    CREATE UNIQUE INDEX shard_moves_open_key ON catalog.shard_moves ((true)) WHERE ended_at IS NULL
    """,
    """
    CREATE TABLE catalog.shard_pins (
        user_id text COLLATE "C" PRIMARY KEY,
        shard smallint NOT NULL
    )
    """,
)
_DOWN = (
    """
    DROP TABLE catalog.shard_pins
    """,
    """
    DROP TABLE catalog.shard_moves
    """,
    """
    ALTER TABLE catalog.shard_maps DROP COLUMN moving
    """,
)


def upgrade(plan: Plan) -> None:
    """Make the tables."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop the tables."""
    for statement in _DOWN:
        plan.execute(statement)
