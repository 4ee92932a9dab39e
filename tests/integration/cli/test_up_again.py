"""`onelast up` ends in every way that a process can end, and finds its data again."""

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.integration.cli.nodes import Node, up
from tests.integration.cli.talking import begin_stream, brief_agent
from tests.support.api import PASSWORD, Caller, text_of
from tests.support.processes import ONELAST, running, until

LAST_LINE = "Everything is stopped; your data are kept.\n"
LONG = "Tell me a very long story about the sea."


@pytest.fixture
def settings(data_folder: Path) -> dict[str, str]:
    return {"ONELAST_PORT": "0", "ONELAST_DATA_DIR": str(data_folder)}


async def sign_in_again(node: Node, caller: Caller) -> Caller:
    """Return the client of the same account, signed in anew."""
    answer = await node.api.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    node.api.http.cookies.clear()
    return Caller(node.api.http, caller.signed_up | answer.json(), caller.email)


def begun(data_folder: Path) -> Callable[[], Awaitable[bool]]:
    """Return the question whether PostgreSQL's files are being made."""

    async def ask() -> bool:
        return any(data_folder.glob("postgres*"))  # noqa: ASYNC240

    return ask


async def test_ctrl_c_ends_everything_and_the_next_start_finds_the_data(settings: dict[str, str]) -> None:
    async with up(settings) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await brief_agent(caller))
        assert (await caller.say(session, "In one word: what is time?")).status_code == 201
        kept = await caller.messages(session)
        assert len(node.program.family()) >= 4
        ended = await node.program.end(signal.SIGINT)
        assert (ended.status, node.program.family()) == (0, [])
        assert ended.out.endswith(LAST_LINE)
    async with up(settings) as node:
        again = await sign_in_again(node, caller)
        assert len(kept) == 2
        assert await again.messages(session) == kept
        agents = (await again.get("/v1/agents?limit=100")).json()["data"]
        assert len({agent["slug"] for agent in agents}) == len(agents)


async def test_kill_9_leaves_nothing_in_the_way_and_the_next_start_finishes_the_reply(settings: dict[str, str]) -> None:
    async with up(settings) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await brief_agent(caller))
        async with begin_stream(caller, session, LONG) as stream:
            run = (await stream.until("message.delta"))["run_id"]
            await node.program.end(signal.SIGKILL)
        async with up(settings) as second:
            again = await sign_in_again(second, caller)
            events = await again.events(run)
            assert (events[-1]["type"], events[-1]["status"]) == ("end", "completed")
            assert (await again.get(f"/v1/runs/{run}")).json()["attempt"] == 2
            said, reply = await again.messages(session)
            assert said["content"][0]["text"] == LONG
            assert (reply["status"], reply["content"][0]["text"]) == ("completed", text_of(events))
            assert (await again.say(session, "Go on.")).json()["run"]["status"] == "completed"
            await node.program.leaves_nothing()


async def test_ctrl_c_while_it_starts_leaves_nothing_in_the_way(settings: dict[str, str], data_folder: Path) -> None:
    async with running(ONELAST, "up", environment=settings) as program:
        await until(begun(data_folder))
        ended = await program.end(signal.SIGINT)
        assert (ended.status, ended.err) == (0, "")
        await program.leaves_nothing()
    async with up(settings) as node:
        assert (await node.api.http.get("/v1/agents/einstein")).status_code == 200
