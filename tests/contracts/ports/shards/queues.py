"""Runs that wait for their turn."""

from application.ports.shards import Shards
from domain.runs.run import Run
from domain.sessions.session import Session
from tests.contracts.ports.shards.access import read_session
from tests.support.builders import NODE, new_user_id
from tests.support.storing import answer, say, store_session


async def next_queued(shards: Shards, session: Session) -> Run | None:
    async with shards.open(session.owner_id) as unit:
        return await unit.runs.next_queued(session.id)


async def start(shards: Shards, run: Run) -> None:
    run.start(NODE)
    async with shards.open(run.owner_id) as unit:
        unit.runs.save(run)
        await unit.commit()


class QueueSuite:
    async def test_nothing_is_queued_where_nothing_waits(self, shards: Shards) -> None:
        session = await store_session(shards)
        assert await next_queued(shards, session) is None
        _, run = await say(shards, session)
        assert await next_queued(shards, session) is None
        await answer(shards, session, run)
        assert await next_queued(shards, session) is None

    async def test_the_run_that_has_waited_longest_is_next(self, shards: Shards) -> None:
        other = await store_session(shards)
        for _ in range(2):
            await say(shards, other)
        session = await store_session(shards, other.owner_id)
        active, first, second = [(await say(shards, session))[1] for _ in range(3)]
        assert await next_queued(shards, session) == first
        await answer(shards, session, active, following=first.id)
        await start(shards, first)
        assert await next_queued(shards, session) == second
        stored = await read_session(shards, session.owner_id, session.id)
        assert (stored.active_run_id, stored.waiting) == (first.id, 1)

    async def test_another_owner_sees_no_queue(self, shards: Shards) -> None:
        session = await store_session(shards)
        for _ in range(2):
            await say(shards, session)
        async with shards.open(new_user_id()) as unit:
            assert await unit.runs.next_queued(session.id) is None
