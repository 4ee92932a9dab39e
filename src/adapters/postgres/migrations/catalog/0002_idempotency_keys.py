"""Idempotency keys, with what was answered."""

from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Make the table."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE catalog.idempotency_keys")
