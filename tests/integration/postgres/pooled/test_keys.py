"""Idempotency keys through PgBouncer."""

from tests.integration.postgres.test_idempotency import (  # noqa: F401
    TestPostgresKeys,
    TestPostgresKeysWithEffects,
    age,
    database,
    expired,
)
