import logging

import pytest

from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.shards import InvalidatingShards
from application.ports.cache import Hit
from application.reactions.invalidate import InvalidateCaches
from application.reactions.keys import agent_key
from application.reactions.reaction import CommittedEvents
from domain.sessions.session import SessionChanged
from domain.shared.errors import Unavailable
from domain.shared.identifiers import SessionId, UserId
from tests.contracts.ports.cache import fill
from tests.unit.caching.stored import AGENT, CHANGED, RENAMED, Database, HandClock, SharedCache, Staging

OWNER = UserId("user_1")
SESSION = SessionChanged(SessionId("session_1"), OWNER)


class Seen:
    """A reaction that looks at the database when it is called."""

    def __init__(self, database: Database) -> None:
        self.database, self.events, self.names = database, list[object](), list[str]()

    async def execute(self, command: CommittedEvents) -> None:
        self.events += command.events
        self.names.append(self.database.rows["guide"].name)


async def test_the_reaction_follows_the_commit_and_precedes_the_acknowledgement() -> None:
    database = Database()
    seen = Seen(database)
    async with InvalidatingCatalog(Staging(database, {"guide": RENAMED}), seen).open() as unit:
        unit.record(CHANGED)
        assert seen.events == []
        await unit.commit()
        assert (seen.events, seen.names) == ([CHANGED], ["Pathfinder"])


async def test_a_second_commit_does_not_react_to_the_first_ones_events() -> None:
    database = Database()
    seen = Seen(database)
    async with InvalidatingShards(Staging(database, {}), seen).open(OWNER) as unit:
        unit.record(SESSION)
        await unit.commit()
        await unit.commit()
    assert seen.events == [SESSION]


async def test_nothing_follows_a_unit_that_was_left_without_commit() -> None:
    database = Database()
    seen = Seen(database)
    async with InvalidatingCatalog(Staging(database, {}), seen).open() as unit:
        unit.record(CHANGED)
    assert seen.events == []


async def test_a_failed_commit_is_told_and_has_no_reaction() -> None:
    database = Database()
    seen = Seen(database)
    async with InvalidatingCatalog(Staging(database, {}, lost=True), seen).open() as unit:
        unit.record(CHANGED)
        with pytest.raises(Unavailable):
            await unit.commit()
    assert seen.events == []


async def test_events_reach_the_outbox_too() -> None:
    database = Database()
    catalog, shards = Staging(database, {}), Staging(database, {})
    async with InvalidatingCatalog(catalog, Seen(database)).open() as unit:
        unit.record(CHANGED)
    async with InvalidatingShards(shards, Seen(database)).open(OWNER) as shard:
        shard.record(SESSION)
    assert (catalog.unit.outbox, shards.unit.outbox) == ([CHANGED], [SESSION])


async def test_a_commit_stands_when_the_cache_is_away(caplog: pytest.LogCaptureFixture) -> None:
    database, cache = Database(), SharedCache(HandClock())
    cache.away = True
    with caplog.at_level(logging.WARNING):
        async with InvalidatingCatalog(Staging(database, {"guide": RENAMED}), InvalidateCaches(cache)).open() as unit:
            unit.record(CHANGED)
            await unit.commit()
    assert database.rows["guide"] == RENAMED
    assert [record.message for record in caplog.records] == ["a reaction failed and is left to the outbox"]


async def test_a_commit_takes_values_out_of_the_cache() -> None:
    database, cache = Database(), SharedCache(HandClock())
    for key in (agent_key(AGENT.id), agent_key("guide"), agent_key("another")):
        await fill(cache, key, b"x")
    async with InvalidatingCatalog(Staging(database, {}), InvalidateCaches(cache)).open() as unit:
        unit.record(CHANGED)
        await unit.commit()
    found = [await cache.read(key) == Hit(b"x") for key in (agent_key(AGENT.id), agent_key("guide"), agent_key("another"))]
    assert found == [False, False, True]
