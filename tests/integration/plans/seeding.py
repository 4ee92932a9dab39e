"""A million messages and what belongs to them, made by the server itself within seconds.

Most users and sessions are small; user 1 has 10,000 sessions, and session 1, which is his, 50,000 messages. What was said in one
session lies scattered over the table, as it does when many talk at once.
"""

import asyncio
from typing import Final

import asyncpg

USERS: Final = 20_000
SESSIONS: Final = 60_000
HEAVY_SESSIONS: Final = 10_000
MESSAGES: Final = 1_000_000
LONGEST: Final = 50_000
NODES: Final = 12

# Identifiers are as long as real ones, and what they count can be read off them.
_IDENTIFIERS: Final = """
CREATE FUNCTION named(kind text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN kind || '_' || lpad(number::text, 26, '0');
CREATE FUNCTION hashed(kind text, number bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256((kind || number)::bytea);
CREATE FUNCTION bucketed(number bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN number * 37 % 4096;
"""
_CATALOG: Final = f"""
INSERT INTO catalog.users (id, email, name, plan, password_hash, created_at, updated_at, version)
SELECT named('user', n), 'person-' || n || '@example.com', 'Person', 'free', repeat('x', 97), now(), now(), 1
FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.sign_ins (id, user_id, access, access_expires_at, refresh, expires_at, created_at, version)
SELECT named('signin', n), named('user', n % {USERS} + 1), hashed('access', n), now(), hashed('refresh', n),
    now() + n * interval '1 minute', now(), 1
FROM generate_series(1, {USERS * 2}) n;
INSERT INTO catalog.spent_refreshes (refresh, sign_in_id, spent_at)
SELECT hashed('spent', n), named('signin', n % {USERS * 2} + 1), now() - n * interval '1 minute'
FROM generate_series(1, {USERS * 4}) n;
INSERT INTO catalog.api_keys (id, user_id, name, fingerprint, hint, created_at, expires_at)
SELECT named('key', n), named('user', n % {USERS} + 1), 'laptop', hashed('key', n), 'abcd', now(),
    CASE WHEN n % 4 = 0 THEN now() - n * interval '10 minutes' END
FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.agents (id, owner_id, slug, name, description, persona, model, visibility, created_at, updated_at,
    retired_at, version)
SELECT named('agent', n), named('user', CASE WHEN n <= 2000 THEN 1 ELSE n % {USERS} + 1 END), 'agent-' || n, 'Agent', 'Knows',
    'You are.', 'default', CASE WHEN n % 2 = 0 THEN 'public' ELSE 'private' END, now(), now(),
    CASE WHEN n BETWEEN 1001 AND 2000 OR n % 10 = 0 THEN now() END, 1
FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.idempotency_keys (owner_id, key, request, answer, created_at)
SELECT named('user', n % {USERS} + 1), 'key-' || n, hashed('request', n), '{{}}', now() - n * interval '5 seconds'
FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.mailed_tokens (fingerprint, user_id, purpose, email, expires_at)
SELECT hashed('mailed', n), named('user', n), 'reset', 'person-' || n || '@example.com', now() + n * interval '1 minute'
FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.identities (issuer, subject, user_id, created_at)
SELECT 'https://issuer.example', 'subject-' || n, named('user', n), now() FROM generate_series(1, {USERS}) n;
INSERT INTO catalog.audit_log (id, user_id, actor_id, action, details, at)
SELECT named('audit', n), named('user', n % {USERS} + 1), named('user', n % {USERS} + 1), 'signed_in', '{{}}', now()
FROM generate_series(1, {USERS * 2}) n;
INSERT INTO catalog.erasures (user_id, step, begun_at, due_at, attempts)
SELECT named('user', n), 'begun', now(), now() + n * interval '1 second', 0 FROM generate_series(1, 5000) n;
INSERT INTO catalog.link_seeds (owner_id, seed) SELECT named('user', n), hashed('seed', n) FROM generate_series(2, {USERS}) n;
INSERT INTO catalog.outbox (id, kind, payload, due_at)
SELECT named('event', n), 'user_erased', '{{}}', now() + (n - 10000) * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO catalog.shard_maps (version, shards) SELECT n, array_fill(0::smallint, ARRAY[4096]) FROM generate_series(1, 20) n;
"""
_SESSIONS: Final = f"""
INSERT INTO shard.sessions (id, owner_id, bucket, agent_id, title, metadata, head_seq, archived, created_at, updated_at, version,
    client_chat_id)
SELECT named('session', n), named('user', owner), bucketed(owner), named('agent', n % 100 + 1), 'About', '{{}}',
    CASE WHEN n = 1 THEN {LONGEST} ELSE {(MESSAGES - LONGEST) // (SESSIONS - 1)} END, n % 20 = 0, now(), now(), 1, 'chat-' || n
FROM generate_series(1, {SESSIONS}) n, LATERAL (SELECT CASE WHEN n <= {HEAVY_SESSIONS} THEN 1 ELSE n % {USERS} + 1 END AS owner);
INSERT INTO shard.shares (id, session_id, owner_id, bucket, fingerprint, title, agent_id, agent_name, head_seq, taken_at,
    created_at, version)
SELECT named('share', n), id, owner_id, bucket, hashed('share', n), title, agent_id, 'Agent', head_seq, now(), now(), 1
FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM shard.sessions) s WHERE n <= 5 OR n > 10000;
INSERT INTO shard.nodes (id, alive_until)
SELECT named('node', n), CASE WHEN n <= {NODES} - 2 THEN now() + interval '1 hour' ELSE now() - interval '1 hour' END
FROM generate_series(1, {NODES}) n;
INSERT INTO shard.idempotency_keys (owner_id, key, bucket, request, answer, created_at)
SELECT named('user', n % {USERS} + 1), 'key-' || n, bucketed(n % {USERS} + 1), hashed('request', n), '{{}}',
    now() - n * interval '0.5 seconds'
FROM generate_series(1, 200000) n;
INSERT INTO shard.usage_entries (id, owner_id, bucket, agent_id, model, day, input_tokens, output_tokens, cost, estimated, at)
SELECT named('usage', n), named('user', n % {USERS} + 1), bucketed(n % {USERS} + 1), named('agent', 1), 'default',
    date '2026-01-02' - (n % 300)::int, 10, 10, 10, false, now() FROM generate_series(1, 300000) n;
INSERT INTO shard.usage_days (owner_id, day, agent_id, model, bucket, replies, input_tokens, output_tokens, cost)
SELECT owner_id, day, agent_id, model, bucket, count(*), 1, 1, 1 FROM shard.usage_entries GROUP BY 1, 2, 3, 4, 5;
INSERT INTO shard.outbox (id, kind, payload, due_at)
SELECT named('event', n), 'session_changed', '{{}}', now() + (n - 10000) * interval '1 second' FROM generate_series(1, 20000) n;
"""
# Every so many-th message is of session 1, until it has its many; the others go round the other sessions.
_STEP: Final = MESSAGES // LONGEST
_PLACES: Final = f"""
FROM generate_series(1, {MESSAGES}) n, LATERAL (SELECT
    CASE WHEN n % {_STEP} = 0 THEN 1 ELSE (n - n / {_STEP}) % {SESSIONS - 1} + 2 END AS s,
    CASE WHEN n % {_STEP} = 0 THEN n / {_STEP} ELSE (n - n / {_STEP}) / {SESSIONS - 1} + 1 END AS seq) AS place
"""
_MESSAGES: Final = f"""
INSERT INTO shard.messages (session_id, seq, id, bucket, role, content, characters, run_id, status, created_at, client_message_id)
SELECT named('session', s), seq, named('message', n), bucketed(s), CASE WHEN seq % 2 = 1 THEN 'user' ELSE 'assistant' END,
    '[{{"type": "text", "text": "Something that was said."}}]', 24, named('run', s::bigint * 100000 + (seq + 1) / 2),
    'completed', now(),
    CASE WHEN seq % 4 = 1 THEN 'client-' || seq END
{_PLACES}
"""
_RUNS: Final = f"""
INSERT INTO shard.runs (id, session_id, owner_id, bucket, agent_id, model, message_id, message_seq, created_at, status, attempt,
    finished_at, last_seq, node, version)
SELECT named('run', s::bigint * 100000 + (seq + 1) / 2), named('session', s),
    named('user', CASE WHEN s <= {HEAVY_SESSIONS} THEN 1 ELSE s % {USERS} + 1 END), bucketed(s), named('agent', 1), 'default',
    named('message', n), seq, now() - ({MESSAGES} - n) * interval '1 second',
    CASE WHEN NOT open THEN 'completed' WHEN s % 200 = 8 THEN 'queued' ELSE 'streaming' END, 1,
    CASE WHEN NOT open THEN now() END, 100, CASE WHEN s % 200 <> 8 THEN named('node', n % ({NODES} + 1) + 1) END, 1
{_PLACES}, LATERAL (SELECT s % 200 <= 8 AND seq = CASE WHEN s = 1 THEN {LONGEST - 1} ELSE 15 END AS open) AS life
WHERE seq % 2 = 1
"""


async def seed(dsn: str) -> None:
    """Fill a migrated database, several tables at once, and tell the planner."""
    await _run(dsn, _IDENTIFIERS)
    await asyncio.gather(_run(dsn, _MESSAGES), _run(dsn, _RUNS + ";" + _SESSIONS + _CATALOG))
    await _run(dsn, "VACUUM ANALYZE")


async def _run(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(script)
    finally:
        await connection.close()
