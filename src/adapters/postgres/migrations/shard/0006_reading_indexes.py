"""Indexes for lists of sessions by whether they are archived, in the order of the list alone, and for runs to be stopped."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the indexes without keeping anybody waiting, and drop the one that they replace."""
    plan.create_index_concurrently("sessions_archived_idx", "shard.sessions", "owner_id, id", where="archived")
    plan.create_index_concurrently("sessions_unarchived_idx", "shard.sessions", "owner_id, id", where="NOT archived")
    plan.create_index_concurrently("runs_cancel_idx", "shard.runs", "node", where="finished_at IS NULL AND cancel_requested")
    plan.drop_index_concurrently("shard.sessions_owner_archived_idx")


def downgrade(plan: Plan) -> None:
    """Make the old index again and drop the others."""
    plan.create_index_concurrently("sessions_owner_archived_idx", "shard.sessions", "owner_id, archived, id")
    for index in ("runs_cancel_idx", "sessions_unarchived_idx", "sessions_archived_idx"):
        plan.drop_index_concurrently(f"shard.{index}")
