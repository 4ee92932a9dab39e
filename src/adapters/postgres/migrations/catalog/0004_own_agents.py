"""An index of agents in service by owner: who retires many still lists the others at once."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the index without keeping anybody waiting."""
    plan.create_index_concurrently("agents_own_idx", "catalog.agents", "owner_id, id", where="retired_at IS NULL")


def downgrade(plan: Plan) -> None:
    """Drop the index."""
    plan.drop_index_concurrently("catalog.agents_own_idx")
