"""What is stored comes back to its owner, and belongs to the shard."""

from dataclasses import replace

import pytest

from application.ports.readers import SessionReader
from application.ports.shards import Shards
from domain.runs.run import RunError, RunNotFound, Usage
from domain.sessions.message import TextPart
from domain.sessions.session import SessionNotFound
from domain.shared.identifiers import RunId, SessionId
from tests.contracts.ports.shards.access import messages_of, read_run, read_session, save_run
from tests.support.builders import LATER, NODE, new_session, new_user_id, said
from tests.support.storing import answer, save_session, say, store_session

STRANGE = "\U0001f600 é\u0301 'quoted' \"\\ \r\n\t \u2028\ufffe\x01"


class MissingSuite:
    async def test_what_is_not_there_is_not_found(self, shards: Shards) -> None:
        owner = new_user_id()
        with pytest.raises(SessionNotFound):
            await read_session(shards, owner, SessionId("session_none"))
        with pytest.raises(RunNotFound):
            await read_run(shards, owner, RunId("run_none"))

    async def test_another_owners_things_are_not_found(self, shards: Shards) -> None:
        session, stranger = await store_session(shards), new_user_id()
        _, run = await say(shards, session)
        with pytest.raises(SessionNotFound):
            await read_session(shards, stranger, session.id)
        with pytest.raises(RunNotFound):
            await read_run(shards, stranger, run.id)


class KeepingSuite:
    async def test_a_session_comes_back_as_it_was(self, shards: Shards) -> None:
        session = await store_session(shards)
        assert await read_session(shards, session.owner_id, session.id) == session

    async def test_every_change_of_a_session_is_kept(self, shards: Shards) -> None:
        session = await store_session(shards)
        session.retitle(None, now=LATER)
        session.annotate({"größe": STRANGE, STRANGE: "", "a": "x" * 512}, now=LATER)
        session.archive(True, now=LATER)
        session.active_run_id = RunId("run_1")
        await save_session(shards, session)
        assert await read_session(shards, session.owner_id, session.id) == session

    async def test_a_message_its_run_and_its_session_are_kept_in_one_unit(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session, client_message_id="of the client's")
        assert await messages_of(sessions, session) == [message]
        assert await read_run(shards, session.owner_id, run.id) == run
        assert await read_session(shards, session.owner_id, session.id) == session

    async def test_a_reply_ends_its_run(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session)
        reply = await answer(shards, session, run)
        assert await messages_of(sessions, session) == [message, reply]
        assert await read_run(shards, session.owner_id, run.id) == run
        assert (await read_session(shards, session.owner_id, session.id)).active_run_id is None

    @pytest.mark.parametrize("usage", [None, Usage(0, 0), Usage(11, 7)])
    async def test_a_failure_is_kept_with_its_words(self, shards: Shards, usage: Usage | None) -> None:
        _, run = await say(shards, await store_session(shards))
        run.take_over(NODE, lost=True)
        run.fail(RunError("node_lost", "The reply was interrupted too often."), usage, last_seq=0, now=LATER)
        await save_run(shards, run)
        assert await read_run(shards, run.owner_id, run.id) == run

    async def test_a_queued_run_is_kept_with_a_wish_to_cancel_it(self, shards: Shards) -> None:
        session = await store_session(shards)
        await say(shards, session)
        _, run = await say(shards, session)
        assert await read_run(shards, session.owner_id, run.id) == run
        run.request_cancel()
        await save_run(shards, run)
        assert await read_run(shards, session.owner_id, run.id) == run

    @pytest.mark.parametrize("parts", [(), ("",), ("a", "", "b"), (STRANGE,), ("x" * 100_000,)])
    async def test_content_is_kept_to_the_letter(self, shards: Shards, sessions: SessionReader, parts: tuple[str, ...]) -> None:
        session = await store_session(shards)
        message, _ = said(session)
        message = replace(message, content=tuple(TextPart(part) for part in parts))
        async with shards.open(session.owner_id) as unit:
            unit.sessions.save(session)
            unit.messages.add(message)
            await unit.commit()
        assert await messages_of(sessions, session) == [message]


class IsolationSuite:
    async def test_changing_what_was_read_changes_nothing_that_is_stored(self, shards: Shards) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        found = await read_session(shards, session.owner_id, session.id)
        found.title = "Changed"
        found.metadata["colour"] = "red"  # type: ignore[index]
        (await read_run(shards, session.owner_id, run.id)).restart()
        assert await read_session(shards, session.owner_id, session.id) == session
        assert await read_run(shards, session.owner_id, run.id) == run

    async def test_what_counts_is_how_it_was_when_it_was_handed_over(self, shards: Shards) -> None:
        session = new_session(new_user_id())
        async with shards.open(session.owner_id) as unit:
            unit.sessions.add(session)
            session.metadata["colour"] = "red"  # type: ignore[index]
            await unit.commit()
            session.title = "Changed after the commit"
        stored = await read_session(shards, session.owner_id, session.id)
        assert (stored.title, stored.metadata) == ("On engines", {"colour": "blue"})
        async with shards.open(session.owner_id) as unit:
            unit.sessions.save(stored)
            stored.title = "Changed before the commit"
            stored.metadata["colour"] = "red"  # type: ignore[index]
            await unit.commit()
        stored = await read_session(shards, session.owner_id, session.id)
        assert (stored.title, stored.metadata) == ("On engines", {"colour": "blue"})
