"""An unmodified `useChat` against a node that listens, over real Postgres and Valkey."""

import pytest

from adapters.models.scripted import Script
from entrypoints.http.cookies import CSRF_HEADER, SESSION_COOKIE, csrf_token
from tests.support.api import Caller
from tests.support.realtime import Node
from tests.support.use_chat import NEWEST, ONE_BEFORE, Packages, Page, as_shown, page

pytestmark = pytest.mark.usefixtures("npm_clients")
TEXT = Script().text
BEGINNING = "Well, let me "
WHOLE = {"isAbort": False, "isDisconnect": False, "isError": False}
each_release = pytest.mark.parametrize("packages", [NEWEST, ONE_BEFORE], ids=["ai-7", "ai-6"])


@pytest.fixture
async def session(node: Node, caller: Caller) -> str:
    """A session with an agent that says the beginning of its reply, and the rest when it is released."""
    node.scripted.hold()
    return await caller.session(await caller.agent("scripted-stalls"))


async def begin(chat: Page, text: str = "Hello!") -> None:
    """Say something, and return when the reply has begun."""
    chat.tell("send", message={"text": text})
    await chat.until(lambda: chat.reply == BEGINNING)


async def stored_in(caller: Caller, session: str) -> list[tuple[str, str, str]]:
    """Return who said what, and whether it is whole."""
    return [(one["role"], one["content"][0]["text"], one["status"]) for one in await caller.messages(session)]


class TestTalking:
    @each_release
    async def test_a_page_shows_the_turns_as_they_are_stored(self, caller: Caller, packages: Packages) -> None:
        session = await caller.session()
        async with page(caller, session, packages=packages) as chat:
            await chat.send("Hello!")
            await chat.send("And again!")
        stored = await caller.messages(session)
        assert chat.said == [("user", "Hello!"), ("assistant", TEXT), ("user", "And again!"), ("assistant", TEXT)]
        assert [(one["role"], one["content"][0]["text"]) for one in stored] == chat.said
        replies = [one for one in chat.now["messages"] if one["role"] == "assistant"]
        assert [one["id"] for one in replies] == [one["id"] for one in stored if one["role"] == "assistant"]
        assert [one["metadata"]["status"] for one in replies] == ["completed", "completed"]
        assert chat.finished[-1].items() >= WHOLE.items()

    async def test_a_reply_grows_before_the_eyes_in_one_part(self, node: Node, caller: Caller, session: str) -> None:
        async with page(caller, session) as chat:
            await begin(chat)
            node.scripted.release()
            await chat.settled()
        replies = [one["messages"][-1] for one in chat.shown if one["status"] == "streaming"]
        texts = [[part["text"] for part in one["parts"] if part["type"] == "text"] for one in replies]
        assert {len(text) for text in texts if text} == {1}
        grown = [text[0] for text in texts if text]
        assert BEGINNING in grown
        assert grown == sorted(grown, key=len)
        assert chat.reply == TEXT

    async def test_a_chat_of_the_clients_own_naming_is_the_same_one_in_every_page(self, caller: Caller) -> None:
        async with page(caller, "my first chat?", body={"agent_id": "einstein"}) as chat:
            await chat.send("Hello!")
            session = chat.now["messages"][-1]["metadata"]["session_id"]
        async with page(caller, "my first chat?", messages=as_shown(await caller.messages(session))) as chat:
            await chat.send("And again!")
        assert [one["id"] for one in (await caller.get("/v1/sessions")).json()["data"]] == [session]
        assert [text for _, text, _ in await stored_in(caller, session)] == ["Hello!", TEXT, "And again!", TEXT]

    async def test_a_message_that_is_sent_again_gets_the_same_reply(self, caller: Caller) -> None:
        session = await caller.session()
        async with page(caller, session) as first, page(caller, session) as second:
            await first.send("Hello!", "said-once")
            await second.send("Hello!", "said-once")
        assert second.said == first.said
        assert second.now["messages"][-1]["id"] == first.now["messages"][-1]["id"]
        assert len(await caller.messages(session)) == 2

    async def test_a_browser_signs_in_by_cookie_and_csrf_header(self, caller: Caller) -> None:
        session, cookie = await caller.session(), f"{SESSION_COOKIE}={caller.token}"
        async with page(caller, session, headers={"cookie": cookie, CSRF_HEADER: csrf_token(caller.token)}) as chat:
            await chat.send("Hello!")
            assert chat.reply == TEXT
        async with page(caller, session, headers={"cookie": cookie}) as forged:
            await forged.send("Hello!")
            assert forged.now["code"] == 403


class TestResuming:
    @each_release
    async def test_a_page_that_died_is_opened_anew_and_misses_nothing(
        self, node: Node, caller: Caller, session: str, packages: Packages
    ) -> None:
        async with page(caller, session, packages=packages) as chat:
            await begin(chat)
            await chat.kill()
        known = as_shown(await caller.messages(session))
        async with page(caller, session, packages=packages, resume=True, messages=known) as again:
            await again.until(lambda: again.reply == BEGINNING)
            node.scripted.release()
            await again.settled()
        assert again.said == [("user", "Hello!"), ("assistant", TEXT)]
        assert again.now["messages"][-1]["id"] == (await caller.messages(session))[-1]["id"]

    async def test_all_pages_that_resume_see_the_same(self, node: Node, caller: Caller, session: str) -> None:
        async with page(caller, session) as chat, page(caller, session, resume=True) as idle:
            await idle.until(lambda: idle.now["status"] == "ready")
            await begin(chat)
            idle.tell("resume")
            async with page(caller, session, resume=True) as fresh:
                for watching in (idle, fresh):
                    await watching.shows(BEGINNING)
                node.scripted.release()
                for watching in (chat, idle, fresh):
                    await watching.shows(TEXT)
                    await watching.settled()

    async def test_where_nothing_is_under_way_a_page_just_opens(self, caller: Caller, session: str) -> None:
        for chat_id in (session, "a chat that is new"):
            async with page(caller, chat_id, resume=True, body={"agent_id": "einstein"}) as chat:
                await chat.settled()
                assert (chat.now["status"], chat.now["error"]) == ("ready", None)

    async def test_a_page_that_only_leaves_stops_nothing(self, node: Node, caller: Caller, session: str) -> None:
        async with page(caller, session) as chat:
            await begin(chat)
            chat.tell("stop")
            await chat.settled()
            chat.tell("resume")
            await chat.until(lambda: chat.now["status"] == "streaming")
            node.scripted.release()
            await chat.shows(TEXT)
            await chat.settled()
        assert chat.said == [("user", "Hello!"), ("assistant", TEXT)]
        assert await stored_in(caller, session) == [("user", "Hello!", "completed"), ("assistant", TEXT, "completed")]


class TestStopping:
    @each_release
    async def test_a_stop_from_elsewhere_ends_the_stream_and_the_resumed_one(
        self, caller: Caller, session: str, packages: Packages
    ) -> None:
        async with page(caller, session, packages=packages) as chat:
            await begin(chat)
            async with page(caller, session, packages=packages, resume=True) as resumed:
                await resumed.shows(BEGINNING)
                answer = await caller.post(f"/v1/ai-sdk/chat/{session}/stop")
                assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
                for stopped in (chat, resumed):
                    await stopped.settled()
                    assert stopped.now["error"] is None
        _, (_, text, status) = await stored_in(caller, session)
        assert [chat.reply, resumed.reply, text, status] == [BEGINNING, BEGINNING, BEGINNING, "cancelled"]
        assert {part["state"] for part in resumed.now["messages"][-1]["parts"] if part["type"] == "text"} == {"done"}

    async def test_after_a_stop_the_talk_goes_on(self, node: Node, caller: Caller, session: str) -> None:
        async with page(caller, session) as chat:
            await begin(chat)
            await caller.post(f"/v1/ai-sdk/chat/{session}/stop")
            await chat.settled()
            node.scripted.release()
            await chat.send("And now?")
        assert chat.said == [("user", "Hello!"), ("assistant", BEGINNING), ("user", "And now?"), ("assistant", TEXT)]


class TestRegenerating:
    @each_release
    async def test_the_last_reply_is_replaced_and_the_old_one_not_shown_any_more(
        self, node: Node, caller: Caller, packages: Packages
    ) -> None:
        node.scripted.scripts["moody"] = Script(words=("Grumpily. ",))
        session = await caller.session(await caller.agent("moody"))
        async with page(caller, session, packages=packages) as chat:
            await chat.send("Hello!")
            node.scripted.scripts["moody"] = Script(tokens=2, words=("Kindly. ",))
            chat.tell("regenerate")
            await chat.until(lambda: "Kindly. Kindly. " in chat.reply)
            await chat.settled()
            node.scripted.scripts["moody"] = Script(tokens=1, words=("Wisely. ",))
            chat.tell("regenerate", messageId=chat.now["messages"][-1]["id"])
            await chat.until(lambda: chat.reply == "Wisely. ")
            await chat.settled()
        assert chat.said == [("user", "Hello!"), ("assistant", "Wisely. ")]
        assert [text for _, text, _ in await stored_in(caller, session)] == ["Hello!", "Wisely. "]
        asked = [[turn.text for turn in one.turns[1:]] for one in node.scripted.requests if one.model == "moody"]
        assert asked[-3:] == [["Hello!"]] * 3
