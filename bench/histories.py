"""Sessions with a past and users with many sessions, put into the database at once."""

from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from adapters.system.entropy import SystemEntropy
from domain.shared.identifiers import UserId, bucket_of
from domain.shared.secrets import API_KEY_PREFIX, fingerprint

# Fifty messages of this length fill the models' context: a longer past makes no longer prompt.
_TEXT: Final = "What was said here is of no interest to anybody. " * 15
_entropy: Final = SystemEntropy()


async def remember(dsn: str, session: str, count: int) -> list[str]:
    """Give an empty session so many messages; return their identifiers, oldest first."""
    connection = await asyncpg.connect(dsn)
    try:
        bucket = bucket_of(UserId(session))
        ids = [_entropy.identifier("message", bucket) for _ in range(count)]
        await connection.copy_records_to_table(
            "messages", schema_name="shard", records=[_message(session, bucket, seq, name) for seq, name in enumerate(ids, 1)],
            columns=("session_id", "seq", "id", "bucket", "role", "content", "characters", "run_id", "status", "created_at"),
        )
        await connection.execute("UPDATE shard.sessions SET head_seq = $2, version = version + 1 WHERE id = $1", session, count)
        await connection.execute("ANALYZE shard.messages")
    finally:
        await connection.close()
    return ids


async def multiply(dsn: str, session: str, count: int) -> list[str]:
    """Give the session's owner so many sessions like it, itself included; return the identifiers of the new ones."""
    connection = await asyncpg.connect(dsn)
    try:
        row = dict(await connection.fetchrow("SELECT * FROM shard.sessions WHERE id = $1", session) or {})
        copies = [row | {"id": _entropy.identifier("session", row["bucket"])} for _ in range(count - 1)]
        await connection.copy_records_to_table(
            "sessions", schema_name="shard", records=[tuple(copy.values()) for copy in copies], columns=tuple(row),
        )
        await connection.execute("ANALYZE shard.sessions")
        return [copy["id"] for copy in copies]
    finally:
        await connection.close()


def _message(session: str, bucket: int, seq: int, name: str) -> tuple[Any, ...]:
    content = '[{"type": "text", "text": "%s"}]' % _TEXT  # noqa: UP031  (braces)
    run, role = _entropy.identifier("run", bucket), "user" if seq % 2 else "assistant"
    return (session, seq, name, bucket, role, content, len(_TEXT), run, "completed", datetime.now(UTC))


async def people(dsn: str, count: int) -> list[str]:
    """Make so many users with an API key each, in an otherwise empty catalog; return the keys."""
    connection = await asyncpg.connect(dsn)
    now = datetime.now(UTC)
    users = [_entropy.identifier("user", _entropy.bucket()) for _ in range(count)]
    keys = [_entropy.secret(API_KEY_PREFIX) for _ in users]
    try:
        await connection.copy_records_to_table(
            "users", schema_name="catalog", columns=("id", "email", "name", "plan", "created_at", "updated_at", "version"),
            records=[(user, f"{user}@example.com", "Person", "enterprise", now, now, 1) for user in users],
        )
        await connection.copy_records_to_table(
            "api_keys", schema_name="catalog", columns=("id", "user_id", "name", "fingerprint", "hint", "created_at"),
            records=[
                (_entropy.identifier("key", 0), user, "bench", fingerprint(key), key[-4:], now)
                for user, key in zip(users, keys, strict=True)
            ],
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return keys
