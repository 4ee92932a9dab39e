"""A client's own name for a chat leads to one session of its owner's."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the index without keeping anybody waiting."""
    plan.create_index_concurrently(
        "sessions_client_chat_key", "shard.sessions", "owner_id, client_chat_id", unique=True,
        where="client_chat_id IS NOT NULL",
    )


def downgrade(plan: Plan) -> None:
    """Drop the index."""
    plan.drop_index_concurrently("shard.sessions_client_chat_key")
