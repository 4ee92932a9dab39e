"""An account that is erased leaves nothing, whatever happens on the way."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.memory.edge import MemoryEdge
from application.erasure.erasing import delay_after
from application.ports.shards import Shards, ShardUnitOfWork
from application.reactions.purge_edge import PurgeEdge
from application.reactions.reaction import CommittedEvents
from domain.sessions.session import SessionsRemoved
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased
from tests.contracts.ports.shares import store_share
from tests.support.builders import new_session, said
from tests.support.storing import store_session
from tests.unit.erasure.world import Killed, World

# As many changes as an erasure makes before its row waits for the last look: the end of the account, two steps, two advances.
CHANGES = 5


class ShardAway(Shards):
    """A shard that gives no answer until it is back."""

    def __init__(self, inner: Shards) -> None:
        self.inner, self.away = inner, True

    @asynccontextmanager
    async def open(self, owner_id: UserId) -> AsyncIterator[ShardUnitOfWork]:
        if self.away:
            raise Unavailable("The database gives no answer.")
        async with self.inner.open(owner_id) as unit:
            yield unit


async def test_everything_goes_at_once_and_the_row_after_a_last_look() -> None:
    world = World()
    user, other = await world.somebody(), await world.somebody()
    others = await world.left_of(other)
    await world.erase(user)
    assert await world.left_of(user) == []
    assert await world.under_way() == [user.id]
    assert not await world.resume()
    assert await world.resume_all() == 1
    assert await world.left_of(user) == []
    assert await world.left_of(other) == others


async def test_caches_and_edges_hear_of_all_that_went() -> None:
    world = World()
    user = await world.somebody()
    await world.events()
    await world.erase(user)
    told = await world.events()
    revoked = next(event for event in told if isinstance(event, TokensRevoked))
    removed = next(event for event in told if isinstance(event, SessionsRemoved))
    assert (len(revoked.fingerprints), len(removed.session_ids), UserErased(user.id) in told) == (2, 2, True)


async def test_the_edge_is_purged_of_all_that_others_could_see() -> None:
    world, edge = World(), MemoryEdge()
    user = await world.somebody()
    await world.events()
    share = await store_share(world.shards, await store_session(world.shards, user.id))
    agents = [agent.id for agent in (await world.store.read()).agents.values()]
    pages = {f"/shared/{share.id}": [f"share:{share.id}"], **{f"/agents/{one}": [f"agent:{one}"] for one in agents}}
    for address, keys in pages.items():
        edge.store(address, keys)
    await world.erase(user)
    await PurgeEdge(edge).execute(CommittedEvents(tuple(await world.events())))
    assert [address for address in pages if edge.serves(address)] == []


@pytest.mark.parametrize("lives", range(CHANGES + 1))
async def test_a_process_that_is_killed_between_two_changes_leaves_an_erasure_that_another_ends(lives: int) -> None:
    world = World()
    user = await world.somebody()
    world.store.lives = lives
    if lives < CHANGES:
        with pytest.raises(Killed):
            await world.erase(user)
    else:
        await world.erase(user)
    world.store.lives = None
    if lives == 0:
        assert await world.under_way() == []
        assert "catalog: users" in await world.left_of(user)
        await world.erase(user)
    assert await world.under_way() == [user.id]
    await world.resume_all()
    assert await world.left_of(user) == []


@pytest.mark.parametrize("lives", range(6))
async def test_a_worker_that_is_killed_is_followed_by_another(lives: int) -> None:
    world = World()
    user = await world.somebody()
    world.store.lives = 1
    with pytest.raises(Killed):
        await world.erase(user)
    world.hands.advance(120)
    world.store.lives = lives
    try:
        await world.resume()
    except Killed:
        assert lives < CHANGES
    else:
        assert lives >= CHANGES
    world.store.lives = None
    await world.resume_all()
    assert await world.left_of(user) == []


async def test_the_account_is_shut_although_its_shard_is_away_which_only_delays_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    user = await world.somebody()
    world.shards = away = ShardAway(world.shards)
    await world.erase(user)
    left = await world.left_of(user)
    tables = ("idempotency_keys", "runs", "sessions", "usage_entries")
    assert left == ["catalog: audit_log", *(f"shard 0: {table}" for table in tables)]
    for attempts in range(1, 10):
        world.hands.advance(delay_after(attempts) + 1)
        assert await world.resume()
        assert not await world.resume()
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    assert await world.left_of(user) == left
    away.away = False
    await world.resume_all()
    assert await world.left_of(user) == []


def test_the_next_try_comes_ever_later_but_comes() -> None:
    delays = [delay_after(attempts) for attempts in range(1, 30)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (2.0, 600.0)


async def test_a_session_opened_at_the_last_moment_goes_without_a_fuss(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    user = await world.somebody()
    await world.erase(user)
    await world.talk(user)
    assert await world.left_of(user) == ["shard 0: runs", "shard 0: sessions"]
    assert await world.resume_all() == 1
    assert await world.left_of(user) == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_no_step_knows_of_is_found_told_as_an_error_and_removed(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    user = await world.somebody()
    await world.erase(user)
    _, stray = said(new_session(user.id))
    await world.store.change(lambda tables: tables.runs.update({stray.id: stray}))
    assert await world.left_of(user) == ["shard 0: runs"]
    assert await world.resume_all() == 1
    assert await world.left_of(user) == []
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "an erased account had left something behind"
    ]


async def test_a_long_ledger_and_many_sessions_go_some_at_a_time() -> None:
    world = World()
    user = await world.somebody(sessions=205, replies=2001)
    await world.events()
    await world.erase(user)
    assert await world.left_of(user) == []
    removed = [len(event.session_ids) for event in await world.events() if isinstance(event, SessionsRemoved)]
    assert removed == [100, 100, 5]


async def test_an_erasure_of_another_release_whose_steps_had_other_names_is_begun_anew() -> None:
    world = World()
    user = await world.somebody()
    world.store.lives = 1
    with pytest.raises(Killed):
        await world.erase(user)
    world.store.lives = None
    await world.erasures.advance(user.id, "blobs", 0)
    await world.resume_all()
    assert await world.left_of(user) == []
