"""Each batch is bounded and walks an index, on a hundred thousand messages."""

import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from adapters.postgres.consistency.evidence import CheckedDatabases, PostgresEvidence
from adapters.postgres.database import Database
from application.ports.consistency import Kind
from tests.support.servers import PostgresServer

SESSIONS, MESSAGES = 10_000, 10
SIZE = 1_000
# Identifiers need not be well-formed for a plan; every second message is a reply.
SEED = f"""
INSERT INTO catalog.users (id, email, name, plan, password_hash, created_at, updated_at, version)
SELECT 'user_' || u, 'user-' || u || '@example.org', 'Ada', 'free', '', now(), now(), 0 FROM generate_series(0, 9999) u;
INSERT INTO catalog.agents (id, slug, name, description, persona, model, visibility, created_at, updated_at, version)
SELECT 'agent_' || a, 'agent-' || a, 'Ada', '', '', 'small', 'public', now(), now(), 0 FROM generate_series(0, 9999) a;
INSERT INTO shard.sessions (id, owner_id, bucket, agent_id, metadata, head_seq, archived, created_at, updated_at, version)
SELECT 'session_' || lpad(s::text, 26, '0'), 'user_' || s % 10000, s % 4096, 'agent_' || s % 10000, '{{}}', {MESSAGES}, false,
    now(), now(), 0
FROM generate_series(1, {SESSIONS}) s;
INSERT INTO shard.messages (session_id, seq, id, bucket, role, content, characters, run_id, status, created_at)
SELECT 'session_' || lpad(s::text, 26, '0'), m, 'message_' || s || '_' || m, s % 4096,
    CASE WHEN m % 2 = 0 THEN 'assistant' ELSE 'user' END, '[]', 2, 'run_' || s || '_' || (m - 1) / 2, 'completed', now()
FROM generate_series(1, {SESSIONS}) s, generate_series(1, {MESSAGES}) m;
INSERT INTO shard.runs (id, session_id, owner_id, bucket, agent_id, model, message_id, message_seq, created_at, status, attempt,
    input_tokens, output_tokens, finished_at, last_seq, node, version)
SELECT 'run_' || s || '_' || r, 'session_' || lpad(s::text, 26, '0'), 'user_' || s % 10000, s % 4096, 'agent_x', 'small',
    'message_' || s || '_' || r * 2 + 1, r * 2 + 1, now(), 'completed', 1, 1, 1, now(), 9, 'node_x', 1
FROM generate_series(1, {SESSIONS}) s, generate_series(0, {MESSAGES // 2 - 1}) r;
INSERT INTO shard.shares (id, session_id, owner_id, bucket, fingerprint, head_seq, taken_at, created_at, version)
SELECT replace(id, 'session', 'share'), id, owner_id, bucket, '', head_seq, now(), now(), 0 FROM shard.sessions;
INSERT INTO shard.idempotency_keys (owner_id, key, bucket, request, answer)
SELECT 'user_' || s % 10000, 'key-' || s, s % 4096, '', '1' FROM generate_series(1, 20000) s;
INSERT INTO shard.outbox (id, kind, payload) SELECT 'event_' || s, 'SessionChanged', '{{}}' FROM generate_series(1, 20000) s;
"""
LOOKED_THROUGH = (Kind.EVENTS, Kind.RUNS, Kind.MESSAGES, Kind.SHARES, Kind.SESSIONS, Kind.KEYS)


class Explaining(Database):
    """Keeps the plans of what it runs, for any values and for those given."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, name="explained", patience=20)
        self.plans: list[str] = []
        self._dsn = dsn

    async def _run(self, name: str, text: str, arguments: Any, within: float) -> list[Any]:
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE it AS {text}")
            anything = f"({', '.join('NULL' for _ in arguments)})" if arguments else ""
            for explained in (
                await connection.fetch(f"EXPLAIN EXECUTE it{anything}"), await connection.fetch(f"EXPLAIN {text}", *arguments)
            ):
                self.plans.append("\n".join(row[0] for row in explained))
        finally:
            await connection.close()
        return await super()._run(name, text, arguments, within)


@pytest.fixture(scope="module")
async def seeded(postgres: PostgresServer) -> AsyncIterator[Explaining]:
    """A database with 100,000 messages."""
    dsn = await postgres.database()
    connection = await asyncpg.connect(dsn)
    await connection.execute(SEED)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    database = Explaining(dsn)
    yield database
    await database.close()


@pytest.mark.parametrize("kind", LOOKED_THROUGH)
async def test_a_batch_reads_as_many_rows_as_it_says_by_an_index(seeded: Explaining, kind: Kind) -> None:
    seeded.plans.clear()
    evidence = PostgresEvidence(CheckedDatabases(seeded, [seeded]), size=SIZE, directory=False)
    first = await evidence.batch(kind, 0, None)
    second = await evidence.batch(kind, 0, first.after)
    assert (len(first.facts), len(second.facts)) == (SIZE, SIZE)
    assert not {one.key for one in first.facts} & {one.key for one in second.facts}
    suspects = [one.key for one in second.facts[::50]]
    assert [one.key for one in await evidence.again(kind, 0, suspects)] == suspects
    for plan in seeded.plans:
        assert not re.findall(r"Seq Scan on (?!nodes|erasures)\w+", plan), plan
        assert "Hash Join" not in plan, plan


async def test_a_scan_comes_to_its_end_however_fast_rows_come(own_dsn: str) -> None:
    database = Database(own_dsn, name="growing", patience=20)
    evidence = PostgresEvidence(CheckedDatabases(database, [database]), size=2, directory=False)
    connection = await asyncpg.connect(own_dsn)
    keys, after = [], None
    for round_of_five in itertools.count():
        events = [(f"event_{round_of_five:05}_{number}", "SessionChanged", "{}") for number in range(5)]
        await connection.executemany("INSERT INTO shard.outbox (id, kind, payload) VALUES ($1, $2, $3)", events)
        batch = await evidence.batch(Kind.EVENTS, 0, after)
        keys += [one.key for one in batch.facts]
        after = batch.after
        if after is None:
            break
    await connection.close()
    await database.close()
    assert [key for key in keys if key.startswith("event_00000")] == [f"event_00000_{number}" for number in range(5)]
    assert len(keys) == 6


async def test_all_batches_together_are_everything_once(seeded: Explaining) -> None:
    evidence = PostgresEvidence(CheckedDatabases(seeded, [seeded]), size=10_000, directory=False)
    keys, after = [], None
    while True:
        batch = await evidence.batch(Kind.MESSAGES, 0, after)
        keys += [one.key for one in batch.facts]
        after = batch.after
        if after is None:
            break
    assert len(keys) == len(set(keys)) == SESSIONS * MESSAGES
