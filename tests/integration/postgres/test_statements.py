"""What is one fact is one statement, without BEGIN and COMMIT around it."""

from collections.abc import AsyncIterator, Awaitable

import asyncpg
import pytest

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from application.paging import PageRequest
from domain.agents.agent import SlugTaken
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased
from tests.integration.postgres.conftest import PATIENCE
from tests.integration.postgres.own_server import OwnServer
from tests.support.builders import credential_of, new_agent, new_sign_in, new_user, replied, rotated, said
from tests.support.storing import say, store_agent, store_api_key, store_session, store_sign_in, store_user

_CALLS = """
SELECT coalesce(sum(s.calls), 0)::int FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query NOT LIKE '%pg_stat_statements%'
"""


class Counter:
    """Counts what the server runs in one database."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def of(self, *works: Awaitable[object]) -> list[int]:
        """Return how many statements each work takes."""
        counts = []
        for work in works:
            await self._connection.execute("SELECT pg_stat_statements_reset()")
            await work
            counts.append(int(await self._connection.fetchval(_CALLS)))
        return counts


@pytest.fixture(scope="module")
async def counted_dsn(lasting_server: OwnServer) -> str:
    return await lasting_server.database()


@pytest.fixture
async def counter(counted_dsn: str) -> AsyncIterator[Counter]:
    connection = await asyncpg.connect(counted_dsn)
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    yield Counter(connection)
    await connection.close()


@pytest.fixture
async def database(counted_dsn: str) -> AsyncIterator[Database]:
    database = Database(counted_dsn, name="counted", patience=PATIENCE)
    yield database
    await database.close()


async def test_the_counter_sees_transactions(counter: Counter, counted_dsn: str) -> None:
    connection = await asyncpg.connect(counted_dsn)

    async def transact() -> None:
        async with connection.transaction():
            await connection.fetch("SELECT 1")
            await connection.fetch("SELECT 1 + 1")

    assert await counter.of(transact()) == [4]
    await connection.close()


async def test_registering_with_the_first_sign_in(counter: Counter, catalog: PostgresCatalog) -> None:
    user = new_user()
    async with catalog.open() as unit:
        unit.users.add(user, credential_of(user))
        unit.sign_ins.add(new_sign_in(user.id))
        assert await counter.of(unit.commit()) == [1]


async def test_rotating_tokens(counter: Counter, catalog: PostgresCatalog) -> None:
    sign_in = await store_sign_in(catalog, await store_user(catalog))
    async with catalog.open() as unit:
        unit.record(TokensRevoked((sign_in.access,)))
        unit.sign_ins.save(sign_in, rotated(sign_in))
        assert await counter.of(unit.commit()) == [1]


async def test_erasing_a_user_with_all_that_hangs_on_it(counter: Counter, catalog: PostgresCatalog) -> None:
    user = await store_user(catalog)
    await store_sign_in(catalog, user)
    await store_agent(catalog, new_agent(user.id))
    async with catalog.open() as unit:
        unit.users.remove(user)
        unit.record(UserErased(user.id))
        unit.record(TokensRevoked(()))
        assert await counter.of(unit.commit()) == [1]


async def test_a_commit_that_is_refused(counter: Counter, catalog: PostgresCatalog) -> None:
    agent = await store_agent(catalog)

    async def collide() -> None:
        with pytest.raises(SlugTaken):
            await store_agent(catalog, new_agent(slug=agent.profile.slug))

    # A statement that fails is not counted, but a BEGIN or a ROLLBACK around it would be.
    assert await counter.of(collide()) == [0]


async def test_a_unit_in_which_nothing_was_staged(counter: Counter, catalog: PostgresCatalog, shards: PostgresShards) -> None:
    async with catalog.open() as unit, shards.open(new_user().id) as shard:
        assert await counter.of(unit.commit(), shard.commit()) == [0, 0]


async def test_a_message_and_its_reply(counter: Counter, shards: PostgresShards) -> None:
    session = await store_session(shards)
    message, run = said(session)
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.messages.add(message)
        unit.runs.add(run)
        unit.record(session.changed())
        assert await counter.of(unit.commit()) == [1]
        unit.messages.add(replied(session, run))
        unit.sessions.save(session)
        unit.runs.save(run)
        unit.record(session.changed())
        unit.record(run.finished())
        assert await counter.of(unit.commit()) == [1]


async def test_removing_a_session_with_its_messages(counter: Counter, shards: PostgresShards) -> None:
    one = await store_session(shards)
    other = await store_session(shards, one.owner_id)
    for session in (one, other):
        await say(shards, session)
    async with shards.open(one.owner_id) as unit:
        unit.sessions.remove(one)
        unit.record(one.changed())
        assert await counter.of(unit.commit()) == [1]
        unit.sessions.remove_all()
        assert await counter.of(unit.commit()) == [1]


async def test_every_reading_of_the_catalog(
    counter: Counter, catalog: PostgresCatalog, agents: PostgresAgentReader, users: PostgresUserReader
) -> None:
    user = await store_user(catalog)
    sign_in, key = await store_sign_in(catalog, user), await store_api_key(catalog, user)
    agent, page = await store_agent(catalog), PageRequest()
    async with catalog.open() as unit:
        readings = (
            unit.users.get(user.id), unit.users.find_credential(user.email), unit.sign_ins.find(sign_in.id),
            unit.sign_ins.find_by_refresh(sign_in.refresh), unit.sign_ins.fingerprints_of(user.id), unit.api_keys.get(key.id),
            unit.agents.get(agent.id), unit.agents.find_by_slug(agent.profile.slug), agents.find(agent.id),
            agents.list_public(page), agents.list_for_owner(user.id, page), users.find_user(user.id),
            users.find_actor(sign_in.access), users.find_actor(key.fingerprint), users.list_api_keys(user.id, page),
        )
        assert set(await counter.of(*readings)) == {1}


async def test_every_reading_of_a_shard(
    counter: Counter, shards: PostgresShards, sessions: PostgresSessionReader, runs: PostgresRunReader
) -> None:
    session = await store_session(shards)
    owner, (message, run), page = session.owner_id, await say(shards, session, client_message_id="c-1"), PageRequest()
    async with shards.open(owner) as unit:
        readings = (
            unit.sessions.get(session.id), unit.runs.get(run.id), unit.runs.next_queued(session.id),
            sessions.find(owner, session.id), sessions.list_for_owner(owner, page, None),
            sessions.read_messages(owner, session.id, page),
            sessions.read_messages(owner, session.id, PageRequest(after=message.id)),
            sessions.recent_messages(session.owner_id, session.id, limit=10, most_characters=100),
            sessions.find_message_run(session.owner_id, session.id, "c-1"),
            runs.find(owner, run.id), runs.read_exchange(owner, run.id),
        )
        assert set(await counter.of(*readings)) == {1}


async def test_claiming_forgetting_and_putting_off_events(
    counter: Counter, catalog: PostgresCatalog, outbox: PostgresOutbox
) -> None:
    async with catalog.open() as unit:
        for _ in range(3):
            unit.record(UserErased(new_user().id))
        assert await counter.of(unit.commit()) == [1]
    assert await counter.of(outbox.claim(1)) == [2]  # the catalog's outbox and the shard's
    claimed = [envelope for envelope in await outbox.claim(2) if envelope.place == "catalog"]
    assert len(claimed) == 2
    assert await counter.of(outbox.done(claimed[:1]), outbox.retry_later(claimed[1:], 1)) == [1, 1]
