"""People with a past, put into the database at once: to sign each up would take 40 ms of argon2, which is no part of the load."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from adapters.system.entropy import SystemEntropy
from bench.load.world import Account
from domain.shared.identifiers import UserId, bucket_of
from domain.shared.secrets import ACCESS_PREFIX, REFRESH_PREFIX, fingerprint

_OTHER_SESSIONS: Final = 4
_SAID: Final = "What was said here before is a sentence or two, as people and agents say them in a chat. "
_LIFETIME: Final = timedelta(days=1)
_entropy: Final = SystemEntropy()
Connection = Any
Rows = Iterator[tuple[Any, ...]]


async def seed(dsn: str, people: int, model: str, history: int) -> list[Account]:
    """Make so many users with five sessions each, one with a `history` of messages; every other of them talks over a socket."""
    connection = await asyncpg.connect(dsn)
    try:
        agent = await _agent(connection, model)
        users = [_entropy.identifier("user", _entropy.bucket()) for _ in range(people)]
        accounts = await _sign_in(connection, users)
        sessions = await _open_sessions(connection, users, agent, history)
        await _remember(connection, sessions, history)
        await connection.execute("ANALYZE", timeout=300)
        # As on a server that has run for a while: it has files of its log to use again, and need not fill new ones with zeros.
        await connection.execute("CHECKPOINT", timeout=300)
        return [
            Account(token, session, socket=bool(number % 2))
            for number, (token, (session, _)) in enumerate(zip(accounts, sessions, strict=True))
        ]
    finally:
        await connection.close()


async def _agent(connection: Connection, model: str) -> str:
    name, now = _entropy.identifier("agent", 0), datetime.now(UTC)
    await connection.execute(
        "INSERT INTO catalog.agents (id, slug, name, description, persona, model, visibility, created_at, updated_at, version)"
        " VALUES ($1, 'load', 'Load', 'Says fifty words.', 'You say fifty words.', $2, 'public', $3, $3, 1)", name, model, now,
    )
    return name


async def _sign_in(connection: Connection, users: Sequence[str]) -> list[str]:
    """Make the users and a sign-in for each; return their access tokens."""
    now = datetime.now(UTC)
    tokens = [_entropy.secret(ACCESS_PREFIX) for _ in users]
    await _copy(
        connection, "catalog", "users", ("id", "email", "name", "plan", "created_at", "updated_at", "version"),
        ((user, f"{user}@example.com", "Person", "pro", now, now, 1) for user in users),
    )
    await _copy(
        connection, "catalog", "sign_ins",
        ("id", "user_id", "access", "access_expires_at", "refresh", "expires_at", "created_at", "version"),
        (
            (
                _entropy.identifier("signin", 0), user, fingerprint(token), now + _LIFETIME,
                fingerprint(_entropy.secret(REFRESH_PREFIX)), now + _LIFETIME, now, 1,
            )
            for user, token in zip(users, tokens, strict=True)
        ),
    )
    return tokens


async def _open_sessions(connection: Connection, users: Sequence[str], agent: str, history: int) -> list[tuple[str, int]]:
    """Give each user sessions; return the one to talk in, and its bucket."""
    now, chosen, rows = datetime.now(UTC), [], []
    for user in users:
        bucket = bucket_of(UserId(user))
        ids = [_entropy.identifier("session", bucket) for _ in range(_OTHER_SESSIONS + 1)]
        chosen.append((ids[-1], bucket))
        rows += [
            (name, user, bucket, agent, "About something", "{}", history if name == ids[-1] else 0, False, now, now, 1)
            for name in ids
        ]
    columns = (
        "id", "owner_id", "bucket", "agent_id", "title", "metadata", "head_seq", "archived", "created_at", "updated_at", "version"
    )
    await _copy(connection, "shard", "sessions", columns, iter(rows))
    return chosen


async def _remember(connection: Connection, sessions: Sequence[tuple[str, int]], history: int) -> None:
    columns = ("session_id", "seq", "id", "bucket", "role", "content", "characters", "run_id", "status", "created_at")
    await _copy(connection, "shard", "messages", columns, _messages(sessions, history))


def _messages(sessions: Sequence[tuple[str, int]], history: int) -> Rows:
    content, now = '[{"type": "text", "text": "%s"}]' % _SAID, datetime.now(UTC)  # noqa: UP031  (braces)
    for session, bucket in sessions:
        for seq in range(1, history + 1):
            if seq % 2:
                run = _entropy.identifier("run", bucket)
            name, role = _entropy.identifier("message", bucket), "user" if seq % 2 else "assistant"
            yield session, seq, name, bucket, role, content, len(_SAID), run, "completed", now


async def _copy(connection: Connection, schema: str, table: str, columns: Sequence[str], rows: Rows) -> None:
    await connection.copy_records_to_table(table, schema_name=schema, columns=columns, records=rows, timeout=300)
