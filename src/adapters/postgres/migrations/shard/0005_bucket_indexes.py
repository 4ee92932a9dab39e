"""Indexes by bucket: what moves, counts or removes a bucket reads no more than that bucket."""

from adapters.postgres.migrations.plan import Plan

_TABLES = ("sessions", "messages", "runs", "idempotency_keys")


def upgrade(plan: Plan) -> None:
    """Make the indexes without keeping anybody waiting."""
    for table in _TABLES:
        plan.create_index_concurrently(f"{table}_bucket_idx", f"shard.{table}", "bucket")


def downgrade(plan: Plan) -> None:
    """Drop the indexes."""
    for table in _TABLES:
        plan.drop_index_concurrently(f"shard.{table}_bucket_idx")
