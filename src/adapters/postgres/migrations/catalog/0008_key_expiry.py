"""Indexes of API keys by when they end, and of refresh tokens by when they were spent: old ones are found and removed."""

from adapters.postgres.migrations.plan import Plan


def upgrade(plan: Plan) -> None:
    """Make the indexes without keeping anybody waiting."""
    plan.create_index_concurrently("api_keys_expiry_idx", "catalog.api_keys", "expires_at", where="expires_at IS NOT NULL")
    plan.create_index_concurrently("spent_refreshes_age_idx", "catalog.spent_refreshes", "spent_at")


def downgrade(plan: Plan) -> None:
    """Drop the indexes."""
    plan.drop_index_concurrently("catalog.spent_refreshes_age_idx")
    plan.drop_index_concurrently("catalog.api_keys_expiry_idx")
