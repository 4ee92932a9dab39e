"""What a shard refuses, and what goes along with what."""

from dataclasses import replace

import pytest

from application.ports.readers import SessionReader
from application.ports.shards import Shards
from domain.sessions.message import Message
from domain.sessions.session import Session, SessionNotFound
from domain.shared.errors import StaleWrite
from tests.contracts.ports.shards.access import is_gone, left_of, messages_of, read_run, read_session, remove_all, remove_session
from tests.support.builders import new_user_id, said
from tests.support.storing import answer, say, store_session


async def add_message(shards: Shards, session: Session, message: Message) -> None:
    async with shards.open(session.owner_id) as unit:
        unit.messages.add(message)
        await unit.commit()


class UniquenessSuite:
    async def test_two_messages_never_have_one_seq(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        message, _ = await say(shards, session)
        other, _ = said(await store_session(shards))
        with pytest.raises(StaleWrite):
            await add_message(shards, session, replace(other, session_id=session.id))
        assert await messages_of(sessions, session) == [message]

    async def test_a_client_gives_one_identifier_to_one_message_of_a_session(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session, client_message_id="c-1")
        reply = await answer(shards, session, run)
        again = await read_session(shards, session.owner_id, session.id)
        with pytest.raises(StaleWrite):
            await say(shards, again, client_message_id="c-1")
        assert await messages_of(sessions, session) == [message, reply]

    async def test_another_session_may_have_the_same_identifier_of_a_client(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        one = await store_session(shards)
        other = await store_session(shards, one.owner_id)
        stored = [(await say(shards, session, client_message_id="c-1"))[0] for session in (one, other)]
        assert [await messages_of(sessions, session) for session in (one, other)] == [[message] for message in stored]


class CascadeSuite:
    async def test_messages_and_runs_go_with_their_session_and_with_no_other(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        session = await store_session(shards)
        other = await store_session(shards, session.owner_id)
        _, run = await say(shards, session)
        kept, kept_run = await say(shards, other)
        await remove_session(shards, session)
        with pytest.raises(SessionNotFound):
            await read_session(shards, session.owner_id, session.id)
        assert await is_gone(shards, run)
        assert await left_of(sessions, session) == []
        assert await left_of(sessions, other) == [kept]
        assert await read_run(shards, other.owner_id, kept_run.id) == kept_run

    async def test_all_that_an_owner_has_goes_at_once_and_nothing_of_others(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        owner = new_user_id()
        own, others = [await store_session(shards, owner) for _ in range(3)], await store_session(shards)
        spoken = [await say(shards, session) for session in (*own, others)]
        await remove_all(shards, owner)
        assert [await is_gone(shards, run) for _, run in spoken] == [True, True, True, False]
        assert [await left_of(sessions, session) for session in (*own, others)] == [[], [], [], [spoken[3][0]]]
        assert await read_session(shards, others.owner_id, others.id) == others

    async def test_an_owner_who_has_nothing_may_remove_it_all(self, shards: Shards) -> None:
        session = await store_session(shards)
        await remove_all(shards, new_user_id())
        assert await read_session(shards, session.owner_id, session.id) == session
