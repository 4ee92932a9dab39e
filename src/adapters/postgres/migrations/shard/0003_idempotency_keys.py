"""Idempotency keys, with what was answered."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE TABLE shard.idempotency_keys (
        owner_id text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        bucket smallint NOT NULL,
        request bytea NOT NULL,
        answer json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner_id, key)
    )
    """,
    """
    CREATE INDEX idempotency_keys_age_idx ON shard.idempotency_keys (created_at)
    """,
)


def upgrade(plan: Plan) -> None:
    """Make the table."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop the table."""
    plan.execute("DROP TABLE shard.idempotency_keys")
