"""What every reader of sessions does. The fixtures: `sessions`, and `shards` to write what it reads."""

from collections.abc import Callable
from functools import partial

import pytest

from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.ports.shards import Shards
from application.runs.views import RunView
from application.sessions.views import SessionView
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.errors import Invalid
from domain.shared.identifiers import SessionId, UserId
from tests.support.builders import LATER, new_user_id
from tests.support.storing import answer, save_session, say, store_session
from tests.support.walking import Reading, every_way, page_with, walks_both_ways

FIRST = PageRequest(100, descending=False)


async def store_conversation(shards: Shards, *texts: str) -> tuple[Session, list[Message]]:
    """Return a session in which the user says these, with what was said."""
    session = await store_session(shards)
    return session, [(await say(shards, session, text))[0] for text in texts]


async def store_archived(shards: Shards, owner_id: UserId) -> SessionView:
    session = await store_session(shards, owner_id)
    session.archive(True, now=LATER)
    await save_session(shards, session)
    return SessionView.of(session)


class FindingSuite:
    async def test_a_session_is_found_as_it_is_now(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        assert await sessions.find(session.owner_id, session.id) == SessionView.of(session)
        _, run = await say(shards, session)
        assert await sessions.find(session.owner_id, session.id) == SessionView.of(session)
        await answer(shards, session, run)
        session.retitle(None, now=LATER)
        session.annotate({}, now=LATER)
        await save_session(shards, session)
        assert await sessions.find(session.owner_id, session.id) == SessionView.of(session)

    async def test_what_is_not_there_or_not_the_owners_is_none(self, shards: Shards, sessions: SessionReader) -> None:
        session, _ = await store_conversation(shards, "Hello!")
        missing, stranger = SessionId(f"{session.id[:-1]}{0 if session.id[-1] != '0' else 1}"), new_user_id()
        assert await sessions.find(session.owner_id, missing) is None
        assert await sessions.find(stranger, session.id) is None
        assert await sessions.read_messages(session.owner_id, missing, FIRST) is None
        assert await sessions.read_messages(stranger, session.id, FIRST) is None

    async def test_changing_the_metadata_of_a_view_changes_nothing_that_is_stored(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        session = await store_session(shards)
        found = await sessions.find(session.owner_id, session.id)
        assert found is not None
        found.metadata["colour"] = "red"  # type: ignore[index]
        listed = (await sessions.list_for_owner(session.owner_id, FIRST, None)).items[0]
        listed.metadata["colour"] = "red"  # type: ignore[index]
        assert await sessions.find(session.owner_id, session.id) == SessionView.of(session)

    async def test_a_message_is_found_with_its_run_by_the_clients_identifier(
        self, shards: Shards, sessions: SessionReader
    ) -> None:
        session, other = await store_session(shards), await store_session(shards)
        message, run = await say(shards, session, client_message_id="c-1")
        await say(shards, session, client_message_id="c-2")
        assert await sessions.find_message_run(session.owner_id, session.id, "c-1") == (message, RunView.of(run))
        await answer(shards, session, run)
        assert await sessions.find_message_run(session.owner_id, session.id, "c-1") == (message, RunView.of(run))
        assert await sessions.find_message_run(session.owner_id, session.id, "c-3") is None
        assert await sessions.find_message_run(other.owner_id, other.id, "c-1") is None


class ListingSuite:
    async def test_an_owners_sessions_are_listed_by_kind(self, shards: Shards, sessions: SessionReader) -> None:
        owner = new_user_id()
        await store_session(shards)
        active = SessionView.of(await store_session(shards, owner))
        archived = await store_archived(shards, owner)
        for kind, wanted in ((None, (active, archived)), (False, (active,)), (True, (archived,))):
            page = await sessions.list_for_owner(owner, FIRST, kind)
            assert (page.items, page.has_more) == (wanted, False)

    async def test_who_has_no_sessions_has_an_empty_list(self, shards: Shards, sessions: SessionReader) -> None:
        await store_session(shards)
        page = await sessions.list_for_owner(new_user_id(), FIRST, None)
        assert (page.items, page.has_more) == ((), False)

    @every_way
    async def test_sessions_are_paged_in_both_directions(
        self, shards: Shards, sessions: SessionReader, limit: int, descending: bool
    ) -> None:
        owner = new_user_id()
        views = [SessionView.of(await store_session(shards, owner)) for _ in range(7)]
        archived = [await store_archived(shards, owner) for _ in range(2)]
        for kind, wanted in ((None, [*views, *archived]), (False, views), (True, archived)):
            reading = partial(sessions.list_for_owner, owner, archived=kind)
            await walks_both_ways(reading, wanted, limit=limit, descending=descending)

    async def test_a_cursor_may_name_a_session_that_is_gone(self, shards: Shards, sessions: SessionReader) -> None:
        owner = new_user_id()
        one, two, three = [await store_session(shards, owner) for _ in range(3)]
        async with shards.open(owner) as unit:
            unit.sessions.remove(two)
            await unit.commit()
        for request, wanted in (
            (PageRequest(descending=False, after=two.id), three), (PageRequest(descending=True, after=two.id), one),
            (PageRequest(descending=False, before=two.id), one), (PageRequest(descending=True, before=two.id), three),
        ):
            page = await sessions.list_for_owner(owner, request, None)
            assert [view.id for view in page.items] == [wanted.id]


def messages_of(sessions: SessionReader, session: Session) -> Reading[Message]:
    """Return the reading of its messages, which looks that the session comes with them."""

    async def read(page: PageRequest) -> Page[Message]:
        excerpt = await sessions.read_messages(session.owner_id, session.id, page)
        assert excerpt is not None
        assert excerpt.session == await sessions.find(session.owner_id, session.id)
        return excerpt.messages

    return read


class MessagesSuite:
    async def test_the_session_comes_whole_with_any_page(self, shards: Shards, sessions: SessionReader) -> None:
        session, messages = await store_conversation(shards, *"123")
        session.retitle("About numbers", now=LATER)
        session.annotate({"colour": "blue"}, now=LATER)
        await save_session(shards, session)
        requests = [PageRequest(limit, down) for limit in (1, 2, 3, 4) for down in (True, False)]
        for request in (*requests, PageRequest(5, False, after=messages[0].id), PageRequest(5, False, after=messages[2].id)):
            excerpt = await sessions.read_messages(session.owner_id, session.id, request)
            assert excerpt is not None
            assert excerpt.session == SessionView.of(session)

    async def test_a_session_without_messages_has_an_empty_page(self, shards: Shards, sessions: SessionReader) -> None:
        session = await store_session(shards)
        page = await page_with(messages_of(sessions, session), FIRST)
        assert (page.items, page.has_more) == ((), False)

    @every_way
    async def test_messages_are_paged_in_both_directions(
        self, shards: Shards, sessions: SessionReader, limit: int, descending: bool
    ) -> None:
        await store_conversation(shards, "of another session")
        session, messages = await store_conversation(shards, *"1234567")
        await walks_both_ways(messages_of(sessions, session), messages, limit=limit, descending=descending)

    @pytest.mark.parametrize("descending", [False, True])
    async def test_beyond_either_end_there_is_nothing(
        self, shards: Shards, sessions: SessionReader, descending: bool
    ) -> None:
        session, messages = await store_conversation(shards, *"123")
        first, last = (messages[-1].id, messages[0].id) if descending else (messages[0].id, messages[-1].id)
        for request in (PageRequest(5, descending, after=last), PageRequest(5, descending, before=first)):
            page = await page_with(messages_of(sessions, session), request)
            assert (page.items, page.has_more) == ((), False)

    @pytest.mark.parametrize(
        ("param", "page_at"),
        [("after", lambda cursor: PageRequest(after=cursor)), ("before", lambda cursor: PageRequest(before=cursor))],
        ids=["after", "before"],
    )
    async def test_a_cursor_that_is_not_of_the_session_is_refused_by_its_name(
        self, shards: Shards, sessions: SessionReader, param: str, page_at: Callable[[str], PageRequest]
    ) -> None:
        session, _ = await store_conversation(shards, "Hello!")
        empty = await store_session(shards, session.owner_id)
        _, (foreign,) = await store_conversation(shards, "Hello!")
        for place in (session, empty):
            for cursor in (foreign.id, "message_none", ""):
                with pytest.raises(Invalid) as refused:
                    await sessions.read_messages(place.owner_id, place.id, page_at(cursor))
                assert refused.value.param == param

    async def test_a_cursor_in_a_session_that_is_not_there_matters_to_nobody(self, sessions: SessionReader) -> None:
        owner = new_user_id()
        assert await sessions.read_messages(owner, SessionId(f"session{owner[4:]}"), PageRequest(after="message_none")) is None


class RecentSuite:
    async def recent(self, sessions: SessionReader, session: Session, limit: int, most_characters: int) -> list[int]:
        found = await sessions.recent_messages(session.owner_id, session.id, limit=limit, most_characters=most_characters)
        return [message.seq for message in found]

    async def test_the_newest_come_oldest_first_and_as_they_were(self, shards: Shards, sessions: SessionReader) -> None:
        session, messages = await store_conversation(shards, *"1234567")
        assert list(await sessions.recent_messages(session.owner_id, session.id, limit=3, most_characters=100)) == messages[4:]
        assert list(await sessions.recent_messages(session.owner_id, session.id, limit=100, most_characters=2**40)) == messages

    async def test_none_begins_past_the_most_characters(self, shards: Shards, sessions: SessionReader) -> None:
        session, _ = await store_conversation(shards, "a" * 10, "b" * 20, "c" * 30, "d" * 5)
        for most, seqs in ((0, [4]), (4, [4]), (5, [3, 4]), (34, [3, 4]), (35, [2, 3, 4]), (54, [2, 3, 4]), (55, [1, 2, 3, 4])):
            assert await self.recent(sessions, session, 10, most) == seqs
        assert await self.recent(sessions, session, 2, 1_000) == [3, 4]

    async def test_characters_are_counted_and_not_bytes(self, shards: Shards, sessions: SessionReader) -> None:
        session, _ = await store_conversation(shards, "old", "\U0001f600" * 10)
        assert await self.recent(sessions, session, 10, 9) == [2]
        assert await self.recent(sessions, session, 10, 10) == [1, 2]

    async def test_a_session_without_messages_has_none(self, shards: Shards, sessions: SessionReader) -> None:
        assert await self.recent(sessions, await store_session(shards), 10, 1_000) == []


class SessionReaderSuite(FindingSuite, ListingSuite, MessagesSuite, RecentSuite):
    """The stores may hold other tests' entities too."""
