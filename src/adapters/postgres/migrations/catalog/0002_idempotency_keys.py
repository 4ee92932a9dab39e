"""Idempotency keys, with what was answered."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE TABLE catalog.idempotency_keys (
        owner_id text COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_owner_fkey REFERENCES catalog.users ON DELETE CASCADE,
        key text COLLATE "C" NOT NULL,
        request bytea NOT NULL,
        answer json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner_id, key)
    )
    """,
    """
    CREATE INDEX idempotency_keys_age_idx ON catalog.idempotency_keys (created_at)
    """,
)


def upgrade(plan: Plan) -> None:
    """Make the table."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop the table."""
    plan.execute("DROP TABLE catalog.idempotency_keys")
