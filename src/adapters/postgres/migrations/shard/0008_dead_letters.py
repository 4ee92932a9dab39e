"""Dead letters: events that got no reaction and wait for an operator."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the table."""
    plan.execute(
        """
        CREATE TABLE shard.dead_letters (
            id text COLLATE "C" PRIMARY KEY,
            kind text NOT NULL,
            payload jsonb NOT NULL,
            attempts integer NOT NULL,
            reason text NOT NULL,
            died_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def downgrade(plan: Plan) -> None:
    """Drop the table."""
    plan.execute("DROP TABLE shard.dead_letters")
