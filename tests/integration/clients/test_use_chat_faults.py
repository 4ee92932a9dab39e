"""What an unmodified `useChat` shows when something goes wrong."""

import pytest
from dishka import Provider, Scope, provide

from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.realtime import Node, Paced, listening
from tests.support.use_chat import ONE_BEFORE, as_shown, page

pytestmark = pytest.mark.usefixtures("npm_clients")
LOST = Script(tokens=20, words=("lost ",), pace=0.03, fail_at=8)
FOUND = Script(tokens=12, words=("found ",), pace=0.03)


class TwoProviders(Provider):
    """The first breaks off in the middle, the second cannot go on where it ended and begins anew."""

    scope = Scope.APP

    @provide(override=True)
    def models(self) -> ModelRouter:
        return ModelRouter([ScriptedModel({"torn": LOST}), ScriptedModel({"torn": FOUND})], "torn")


class TestErrors:
    async def test_a_refusal_is_shown_with_its_status(self, caller: Caller, node: Node) -> None:
        stranger = await node.api.sign_up()
        session = await caller.session()
        for chat_id, body, who, code, status in (
            ("a new chat", {}, caller, "invalid", 422),
            ("a new chat", {"agent_id": "nobody"}, caller, "agent_not_found", 404),
            ("a new chat", {"agent_id": "einstein", "mood": "kind"}, caller, "invalid", 422),
            (session, {}, stranger, "session_not_found", 404),
        ):
            async with page(who, chat_id, body=body) as chat:
                await chat.send("Hello!")
                assert (chat.now["status"], chat.now["code"]) == ("error", status)
                assert f'"code":"{code}"' in chat.now["error"]
        async with page(caller, session, headers={}) as chat:
            await chat.send("Hello!")
            assert chat.now["code"] == 401
        assert await caller.messages(session) == []

    async def test_a_file_is_refused_by_name_and_nothing_is_said(self, caller: Caller) -> None:
        session = await caller.session()
        async with page(caller, session) as chat:
            file = {"type": "file", "mediaType": "text/plain", "url": "data:text/plain,hi"}
            chat.tell("send", message={"text": "Look!", "files": [file]})
            await chat.until(lambda: chat.now["status"] == "error")
            assert chat.now["code"] == 422
            assert '"param":"messages[0].parts[0]"' in chat.now["error"]
        assert await caller.messages(session) == []

    async def test_a_failed_reply_is_an_error_and_is_made_anew(self, node: Node, caller: Caller) -> None:
        node.scripted.scripts["fragile"] = Script(fail_at=3)
        session = await caller.session(await caller.agent("fragile"))
        async with page(caller, session) as chat:
            await chat.send("Hello!")
            assert chat.now["status"] == "error"
            assert chat.now["error"] == "The model could not finish its reply. Please try again."
            node.scripted.scripts["fragile"] = Script()
            chat.tell("regenerate")
            await chat.until(lambda: chat.reply == Script().text)
            await chat.settled()
        assert chat.now["error"] is None
        assert [one["content"][0]["text"] for one in await caller.messages(session)] == ["Hello!", Script().text]

    async def test_a_second_message_during_a_reply_is_refused_or_interrupts(self, node: Node, caller: Caller) -> None:
        node.scripted.hold()
        node.scripted.scripts["stuck"] = Script(hang_at=3)
        session = await caller.session(await caller.agent("stuck"))
        async with page(caller, session) as chat, page(caller, session) as hasty:
            chat.tell("send", message={"text": "Hello!"})
            await chat.shows("Well, let me ")
            await hasty.send("Wait!")
            assert hasty.now["code"] == 409
            node.scripted.scripts["stuck"] = Script()
            async with page(caller, session, body={"on_active": "interrupt"}) as firm:
                await firm.send("Stop!")
                assert firm.reply == Script().text
            await chat.settled()
        assert [one["status"] for one in await caller.messages(session)] == ["completed", "cancelled"] + ["completed"] * 2


class TestReplacedText:
    async def test_the_page_takes_back_what_is_replaced(self, node_settings: Settings) -> None:
        async with listening(node_settings, TwoProviders()) as node:
            caller = await node.api.sign_up()
            session = await caller.session(await caller.agent("torn"))
            async with page(caller, session) as chat:
                await chat.send("Hello!")
                assert any("lost " in str(one["messages"]) for one in chat.shown)
                assert (chat.reply, chat.now["error"]) == (FOUND.text, None)
            stored = (await caller.messages(session))[-1]["content"][0]["text"]
        assert stored == FOUND.text

    async def test_a_release_that_cannot_take_back_shows_an_error_and_never_both(self, node_settings: Settings) -> None:
        async with listening(node_settings, TwoProviders()) as node:
            caller = await node.api.sign_up()
            session = await caller.session(await caller.agent("torn"))
            async with page(caller, session, packages=ONE_BEFORE) as chat:
                await chat.send("Hello!")
                assert chat.now["status"] == "error"
                chat.tell("resume")
                await chat.until(lambda: chat.reply == FOUND.text)


class TestConnections:
    async def test_comments_in_silence_go_unnoticed(self, node_settings: Settings) -> None:
        async with listening(node_settings, Paced(silence=0.05)) as node:
            caller = await node.api.sign_up()
            node.scripted.scripts["thinks"] = Script(pace=0.25, tokens=3)
            session = await caller.session(await caller.agent("thinks"))
            async with page(caller, session) as chat:
                await chat.send("Hello!")
                assert (chat.reply, chat.now["error"]) == (node.scripted.scripts["thinks"].text, None)

    async def test_a_node_that_leaves_is_an_error_and_no_end_and_the_next_one_has_the_rest(
        self, node: Node, caller: Caller, node_settings: Settings
    ) -> None:
        async with listening(node_settings) as leaving:
            here = leaving.of(caller)
            node.scripted.hold()
            for one in (node, leaving):
                one.scripted.scripts["moving"] = Script(hang_at=3, continues=True)
            session = await here.session(await here.agent("moving"))
            async with page(here, session) as chat:
                chat.tell("send", message={"text": "Hello!"})
                await chat.shows("Well, let me ")
                await leaving.leave()
                await chat.until(lambda: chat.now["status"] == "error")
        known = as_shown(await caller.messages(session))
        async with page(caller, session, resume=True, messages=known) as again:
            await again.shows("Well, let me ")
            node.scripted.release()
            await again.settled()
            assert again.reply == Script().text
