"""All of a unit or nothing, and only what nobody changed meanwhile."""

from dataclasses import replace

import pytest

from application.ports.readers import SessionReader
from application.ports.shards import Shards
from domain.runs.run import RunNotFound
from domain.sessions.session import SessionNotFound
from domain.shared.errors import StaleWrite
from tests.contracts.ports.shards.access import messages_of, read_run, read_session, remove_session, save_run
from tests.support.builders import LATER, new_session, new_user_id, said
from tests.support.storing import save_session, say, store_session


class RollbackSuite:
    async def test_leaving_without_commit_stores_nothing(self, shards: Shards, sessions: SessionReader) -> None:
        stored, fresh = await store_session(shards), new_session(new_user_id())
        changed = await read_session(shards, stored.owner_id, stored.id)
        message, run = said(changed)
        async with shards.open(stored.owner_id) as unit:
            unit.sessions.save(changed)
            unit.messages.add(message)
            unit.runs.add(run)
            unit.sessions.add(fresh)
            unit.sessions.remove_all()
        assert await read_session(shards, stored.owner_id, stored.id) == stored
        assert await messages_of(sessions, stored) == []
        for attempt in (read_session(shards, fresh.owner_id, fresh.id), read_run(shards, run.owner_id, run.id)):
            with pytest.raises((SessionNotFound, RunNotFound)):
                await attempt

    async def test_leaving_by_an_error_stores_nothing(self, shards: Shards) -> None:
        session = new_session(new_user_id())

        async def stumble() -> None:
            async with shards.open(session.owner_id) as unit:
                unit.sessions.add(session)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await stumble()
        with pytest.raises(SessionNotFound):
            await read_session(shards, session.owner_id, session.id)

    async def test_a_unit_does_not_see_what_it_has_staged(self, shards: Shards) -> None:
        session = await store_session(shards)
        async with shards.open(session.owner_id) as unit:
            changed = await unit.sessions.get(session.id)
            changed.retitle("Another", now=LATER)
            unit.sessions.save(changed)
            assert await unit.sessions.get(session.id) == session
            await unit.commit()
            assert await unit.sessions.get(session.id) == changed

    async def test_a_commit_that_fails_stores_nothing_of_its_unit(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        slow = await read_session(shards, session.owner_id, session.id)
        first, _ = await say(shards, session)
        fresh = new_session(session.owner_id)
        message, run = said(slow)
        async with shards.open(session.owner_id) as unit:
            unit.sessions.add(fresh)
            unit.runs.add(run)
            unit.messages.add(replace(message, seq=2))
            unit.sessions.save(slow)
            with pytest.raises(StaleWrite):
                await unit.commit()
        assert await messages_of(sessions, session) == [first]
        assert await read_session(shards, session.owner_id, session.id) == session
        for attempt in (read_session(shards, fresh.owner_id, fresh.id), read_run(shards, run.owner_id, run.id)):
            with pytest.raises((SessionNotFound, RunNotFound)):
                await attempt

    async def test_a_second_commit_stores_what_was_staged_since_the_first(self, shards: Shards) -> None:
        one, two = new_session(new_user_id()), new_session(new_user_id())
        async with shards.open(one.owner_id) as unit:
            unit.sessions.add(one)
            await unit.commit()
            await unit.commit()
            one.retitle("Another", now=LATER)
            unit.sessions.save(one)
            unit.sessions.add(replace(two, owner_id=one.owner_id))
            await unit.commit()
        assert await read_session(shards, one.owner_id, one.id) == one
        assert (await read_session(shards, one.owner_id, two.id)).version == 0


class VersionSuite:
    async def test_a_saved_entity_carries_its_new_version_and_may_be_saved_again(self, shards: Shards) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        for version in (1, 2):
            run.restart()
            await save_run(shards, run)
            session.retitle(f"Title {version}", now=LATER)
            await save_session(shards, session)
            assert (run.version, session.version) == (version, version + 1)
            assert await read_run(shards, run.owner_id, run.id) == run
            assert await read_session(shards, session.owner_id, session.id) == session

    async def test_a_change_of_what_somebody_else_changed_is_refused_and_lost(self, shards: Shards) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        slow_session = await read_session(shards, session.owner_id, session.id)
        slow_run = await read_run(shards, run.owner_id, run.id)
        session.archive(True, now=LATER)
        await save_session(shards, session)
        run.restart()
        await save_run(shards, run)
        with pytest.raises(StaleWrite):
            await save_session(shards, slow_session)
        with pytest.raises(StaleWrite):
            await save_run(shards, slow_run)
        assert (slow_session.version, slow_run.version) == (session.version - 1, run.version - 1)
        assert await read_session(shards, session.owner_id, session.id) == session
        assert await read_run(shards, run.owner_id, run.id) == run

    async def test_what_was_removed_cannot_be_saved_or_removed_again(self, shards: Shards) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        await remove_session(shards, session)
        for attempt in (save_session(shards, session), remove_session(shards, session), save_run(shards, run)):
            with pytest.raises(StaleWrite):
                await attempt

    async def test_what_somebody_changed_since_the_read_is_not_removed(self, shards: Shards) -> None:
        session = await store_session(shards)
        old = await read_session(shards, session.owner_id, session.id)
        await say(shards, session)
        with pytest.raises(StaleWrite):
            await remove_session(shards, old)
        assert await read_session(shards, session.owner_id, session.id) == session
