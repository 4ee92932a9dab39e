"""Idempotency keys, with what was answered."""

from alembic import op

revision = "shard_0003"
down_revision = "shard_0002"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Make the table."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE shard.idempotency_keys")
