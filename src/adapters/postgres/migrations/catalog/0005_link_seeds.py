"""Seeds that the secrets of owners' links follow from."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the table."""
    plan.execute(
        """
        CREATE TABLE catalog.link_seeds (
            owner_id text COLLATE "C" PRIMARY KEY
                CONSTRAINT link_seeds_owner_fkey REFERENCES catalog.users (id) ON DELETE CASCADE,
            seed bytea NOT NULL
        )
        """
    )


def downgrade(plan: Plan) -> None:
    """Drop the table: links go on leading where they did, and can be told to their owners no more."""
    plan.execute("DROP TABLE catalog.link_seeds")
