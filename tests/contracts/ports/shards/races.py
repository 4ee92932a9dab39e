"""Twenty at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

import pytest

from application.ports.readers import SessionReader
from application.ports.shards import Shards
from domain.runs.run import Run
from domain.sessions.session import Session, SessionNotFound
from domain.shared.errors import StaleWrite
from tests.contracts.ports.shards.access import (
    is_gone,
    left_of,
    messages_of,
    read_run,
    read_session,
    remove_all,
    remove_session,
    save_run,
)
from tests.support.builders import said
from tests.support.racing import WON, WORKERS, one_wins, race
from tests.support.storing import say, store_session


async def append(shards: Shards, session: Session, begun: list[Run]) -> None:
    """Append to the session as it is now, having noted the run."""
    found = await read_session(shards, session.owner_id, session.id)
    message, run = said(found)
    begun.append(run)
    async with shards.open(session.owner_id) as unit:
        unit.runs.add(run)
        unit.messages.add(message)
        unit.sessions.save(found)
        await unit.commit()


async def remove_as_read(shards: Shards, session: Session) -> None:
    """Remove the session as it is now."""
    await remove_session(shards, await read_session(shards, session.owner_id, session.id))


async def remove_everything(shards: Shards, session: Session) -> None:
    """Remove all of the owner's, then look whether the session is there."""
    await remove_all(shards, session.owner_id)
    await read_session(shards, session.owner_id, session.id)


class RacesSuite:
    async def test_of_twenty_who_append_after_one_head_one_wins(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)

        async def append_once(barrier: asyncio.Barrier) -> None:
            found = await read_session(shards, session.owner_id, session.id)
            await barrier.wait()
            await say(shards, found)

        assert await race(append_once) == one_wins(StaleWrite)
        assert [message.seq for message in await messages_of(sessions, session)] == [1]

    async def test_twenty_who_try_until_they_are_through_leave_numbers_without_gaps(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        session = await store_session(shards)

        async def append_at_last(barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            while True:
                with suppress(StaleWrite):
                    return await append(shards, session, [])

        assert await race(append_at_last) == {WON: WORKERS}
        assert [message.seq for message in await messages_of(sessions, session)] == list(range(1, WORKERS + 1))
        assert (await read_session(shards, session.owner_id, session.id)).head_seq == WORKERS

    async def test_of_twenty_repetitions_of_one_message_one_is_stored(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)

        async def repeat(barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            while await sessions.find_message_run(session.owner_id, session.id, "c-1") is None:
                found = await read_session(shards, session.owner_id, session.id)
                with suppress(StaleWrite):
                    await say(shards, found, client_message_id="c-1")

        assert await race(repeat) == {WON: WORKERS}
        assert len(await messages_of(sessions, session)) == 1

    async def test_of_twenty_who_take_a_lost_run_over_one_wins(self, shards: Shards) -> None:
        _, run = await say(shards, await store_session(shards))

        async def retake(barrier: asyncio.Barrier) -> None:
            found = await read_run(shards, run.owner_id, run.id)
            found.restart()
            await barrier.wait()
            await save_run(shards, found)

        assert await race(retake) == one_wins(StaleWrite)
        assert (await read_run(shards, run.owner_id, run.id)).attempt == 2

    @pytest.mark.parametrize("remove", [remove_as_read, remove_everything])
    async def test_nothing_outlives_a_removal_that_appends_race_with(
        self, shards: Shards, sessions: SessionReader, remove: Callable[[Shards, Session], Awaitable[None]]
    ) -> None:
        session, places, begun = await store_session(shards), count(), list[Run]()

        async def append_or_remove(barrier: asyncio.Barrier) -> None:
            removes = next(places) % 5 == 4
            await barrier.wait()
            with suppress(SessionNotFound):
                while True:
                    with suppress(StaleWrite):
                        await (remove(shards, session) if removes else append(shards, session, begun))

        assert await race(append_or_remove) == {WON: WORKERS}
        assert await left_of(sessions, session) == []
        assert all([await is_gone(shards, run) for run in begun])
