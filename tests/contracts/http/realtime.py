"""The realtime socket, over two nodes that share nothing but their servers."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from adapters.models.scripted import Script
from tests.support.api import events_of, text_of
from tests.support.realtime import Node, seqs

REPLY = Script().text
STALLED = "Well, let me "
UNKNOWN = "0000000000g008000000000000"


class TalkingSuite:
    async def test_a_message_is_answered_with_the_events_that_a_stream_has(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="What is time?")
            run = (await tab.until("run.created"))["run_id"]
            events = await tab.to_the_end_of(run)
        assert events == await caller.events(run)
        assert text_of(events) == REPLY
        said, reply = await caller.messages(session)
        assert (said["content"], reply["run_id"]) == ([{"type": "text", "text": "What is time?"}], run)

    async def test_the_first_event_of_an_answer_bears_the_clients_event_id(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content=[{"type": "text", "text": "Hi"}], event_id="e-1")
            run = (await tab.until("run.created"))["run_id"]
            created, *rest = await tab.to_the_end_of(run)
            assert created.pop("event_id") == "e-1"
            assert [created, *rest] == await caller.events(run)
            await tab.tell("run.follow", run_id=run, starting_after=2, event_id='e "2" \u00e9')
            assert await tab.next() == rest[1] | {"event_id": 'e "2" \u00e9'}

    async def test_a_ping_is_answered(self, near: Node) -> None:
        async with near.tab(await near.api.sign_up()) as tab:
            await tab.tell("ping")
            await tab.tell("ping", event_id="p")
            assert [await tab.next(), await tab.next()] == [{"type": "pong"}, {"type": "pong", "event_id": "p"}]

    async def test_what_is_said_in_one_session_is_said_in_order(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            for number in range(8):
                await tab.tell("message.create", session_id=session, content=str(number), on_active="enqueue")
            for _ in range(8):
                await tab.until("end")
        said = [message["content"][0]["text"] for message in await caller.messages(session) if message["role"] == "user"]
        assert said == [str(number) for number in range(8)]

    async def test_a_second_message_during_a_reply_follows_the_policy(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="one")
            old = (await tab.until("run.created"))["run_id"]
            await tab.tell("message.create", session_id=session, content="two", event_id="refused")
            error = await tab.until("error")
            assert (error["event_id"], error["error"]["code"], error["error"]["type"]) == (
                "refused", "run_active", "conflict_error"
            )
            await tab.tell("message.create", session_id=session, content="three", on_active="interrupt")
            assert (await tab.until("end", run_id=old))["status"] == "cancelled"
            new = (await tab.until("run.created"))["run_id"]
            await tab.tell("run.cancel", run_id=new)
            assert (await tab.until("end", run_id=new))["status"] == "cancelled"
        assert [m["content"][0]["text"] for m in await caller.messages(session) if m["role"] == "user"] == ["one", "three"]

    async def test_a_repeated_message_is_said_once_and_shown_again(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            for _ in range(2):
                await tab.tell("message.create", session_id=session, content="Hi", client_message_id="m-1")
                await tab.until("end")
        assert len({frame["run_id"] for frame in tab.frames}) == 1
        half = len(tab.frames) // 2
        assert text_of(tab.frames[half:]) == text_of(tab.frames[:half]) == REPLY
        assert len(await caller.messages(session)) == 2


class FollowingSuite:
    async def test_a_client_goes_on_at_another_node_behind_any_event(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-slow"))
        for seen_before in (1, 2, 4, 7):
            body, headers = {"content": "Hi", "stream": True}, {"authorization": f"Bearer {caller.token}"}
            seen: list[dict[str, Any]] = []
            async with near.http.stream("POST", f"/v1/sessions/{session}/messages", json=body, headers=headers) as answer:
                async for line in answer.aiter_lines():
                    seen += events_of(line + "\n\n") if line.startswith("nothing") else []
                    if line.startswith("data: "):
                        seen.append(json.loads(line.removeprefix("data: ")))
                    if len(seen) == seen_before:
                        break
            run = seen[0]["run_id"]
            async with far.tab(caller) as tab:
                await tab.tell("run.follow", run_id=run, starting_after=seen_before)
                rest = await tab.to_the_end_of(run)
            assert seqs(seen + rest) == list(range(1, len(seen) + len(rest) + 1))
            assert seen + rest == await caller.events(run)
