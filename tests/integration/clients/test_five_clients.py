"""Five clients write a turn each into one session, and each reads the same five turns: they are views of one conversation."""

import asyncio
import json
from asyncio.subprocess import PIPE
from typing import Any

import pytest
from openai import AsyncOpenAI

from adapters.models.scripted import Script
from tests.support.api import Caller, events_of, text_of
from tests.support.node import client_program
from tests.support.realtime import Node
from tests.support.use_chat import Said, as_shown, page, said_in

REPLY = Script().text
TURNS = ["by REST", "by WebSocket", "by useChat", "by the Python client", "by the Node client"]
WANTED: Said = [line for turn in TURNS for line in (("user", turn), ("assistant", REPLY))]


async def by_rest(caller: Caller, session: str, text: str) -> None:
    answer = await caller.say(session, text)
    assert (answer.status_code, answer.json()["reply"]["content"][0]["text"]) == (201, REPLY)


async def by_socket(node: Node, caller: Caller, session: str, text: str) -> None:
    async with node.tab(caller) as tab:
        await tab.tell("message.create", session_id=session, content=text)
        created = await tab.until("run.created")
        assert text_of(await tab.to_the_end_of(created["run_id"])) == REPLY


async def by_use_chat(caller: Caller, session: str, text: str) -> None:
    async with page(caller, session, messages=as_shown(await caller.messages(session))) as chat:
        await chat.send(text)
        assert chat.reply == REPLY


async def by_python(client: AsyncOpenAI, session: str, text: str) -> None:
    answer = await client.responses.create(model="einstein", input=text, conversation=session)
    assert (answer.status, answer.output_text) == ("completed", REPLY)


async def by_node(node: Node, caller: Caller, session: str, text: str | None) -> Said:
    """Say something by the Node client, if there is a text, and return all that it reads then."""
    told = {"url": f"http://127.0.0.1:{node.port}/v1", "key": caller.token, "conversation": session, "text": text}
    program = await asyncio.create_subprocess_exec(
        *client_program("conversation.mjs"), json.dumps(told), stdout=PIPE, env={"NODE_ENV": "production"}
    )
    out, _ = await asyncio.wait_for(program.communicate(), 30)
    assert program.returncode == 0, out
    return [(role, said) for role, said in json.loads(out)]


async def read_by_rest(caller: Caller, session: str) -> Said:
    return [(one["role"], one["content"][0]["text"]) for one in await caller.messages(session)]


async def read_by_socket(node: Node, caller: Caller, session: str) -> Said:
    """Follow each run of the session from its start: a socket knows no other past."""
    said: Said = []
    runs = list(dict.fromkeys(one["run_id"] for one in await caller.messages(session)))
    async with node.tab(caller) as tab:
        for run in runs:
            await tab.tell("run.follow", run_id=run, starting_after=-1)
            events = await tab.to_the_end_of(run)
            said += [("user", _text_in(events[0]["message"])), ("assistant", text_of(events))]
    return said


async def read_by_sse(caller: Caller, session: str) -> Said:
    runs = list(dict.fromkeys(one["run_id"] for one in await caller.messages(session)))
    streams = [events_of((await caller.get(f"/v1/runs/{run}/events")).text) for run in runs]
    return [line for one in streams for line in (("user", _text_in(one[0]["message"])), ("assistant", text_of(one)))]


async def read_by_use_chat(caller: Caller, session: str) -> Said:
    async with page(caller, session, messages=as_shown(await caller.messages(session)), resume=True) as chat:
        await chat.settled()
        return said_in(chat.now["messages"])


async def read_by_python(client: AsyncOpenAI, session: str) -> Said:
    items: list[Any] = [one async for one in client.conversations.items.list(session, order="asc", limit=4)]
    return [(one.role, one.content[0].text) for one in items if one.type == "message"]


def _text_in(message: dict[str, Any]) -> str:
    return str(message["content"][0]["text"])


@pytest.mark.usefixtures("npm_clients")
async def test_five_clients_write_one_conversation_and_each_reads_all_of_it(node: Node, caller: Caller) -> None:
    session = await caller.session()
    async with AsyncOpenAI(base_url=f"http://127.0.0.1:{node.port}/v1", api_key=caller.token, max_retries=0) as client:
        await by_rest(caller, session, TURNS[0])
        await by_socket(node, caller, session, TURNS[1])
        await by_use_chat(caller, session, TURNS[2])
        await by_python(client, session, TURNS[3])
        await by_node(node, caller, session, TURNS[4])
        assert await read_by_rest(caller, session) == WANTED
        assert await read_by_sse(caller, session) == WANTED
        assert await read_by_socket(node, caller, session) == WANTED
        assert await read_by_use_chat(caller, session) == WANTED
        assert await read_by_python(client, session) == WANTED
        assert await by_node(node, caller, session, None) == WANTED
