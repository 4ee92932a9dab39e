"""The model server fails a node in every way, over a real socket; what was said is kept and the next message is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.embedded.child import free_port
from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import Node, serving
from tests.integration.cli.talking import begin_stream
from tests.integration.models.provider import HELLO, Answer, Provider, event, streaming, text, whole

MARK = "heliotrope-giraffe"
QUOTING = b'{"error": {"message": "I will not answer: Say heliotrope-giraffe."}}'
BEFORE_THE_FIRST_TOKEN = {
    "refuses": whole(500, QUOTING),
    "resets": Answer((), then="reset"),
    "breaks-off": streaming(then="close"),
    "sends-an-error": streaming(event(error={"message": "Say heliotrope-giraffe."})),
}
AFTER_THE_FIRST_TOKEN = {
    "breaks-off": streaming(text("Well, "), text("let me"), then="close"),
    "resets": streaming(text("Well, "), text("let me"), then="reset"),
    "sends-an-error": streaming(text("Well, "), text("let me"), event(error={"message": "Say heliotrope-giraffe."})),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A node whose model server is expected at a port where nobody listens yet."""

    node: Node
    port: int


@pytest.fixture(scope="module")
async def place(deployment: Environment) -> AsyncIterator[Place]:
    port = free_port()
    models = {"ONELAST_UPSTREAM_URL": f"http://127.0.0.1:{port}/v1", "ONELAST_UPSTREAM_MODELS": "any"}
    async with serving(deployment | models | {"ONELAST_LOG_LEVEL": "DEBUG"}) as node:
        yield Place(node, port)


@asynccontextmanager
async def answering(port: int, *answers: Answer) -> AsyncIterator[None]:
    """Have a model server give these answers, the last one again and again, and go away with all its connections."""
    provider, writers = Provider(list(answers)), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await provider.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def fails_and_goes_on(place: Place, *answers: Answer, kept: str = "") -> None:
    """Say something to a model server that gives these answers and is well again afterwards."""
    caller = await place.node.api.sign_up()
    session = await caller.session()
    async with AsyncExitStack() as stack:
        if answers:
            await stack.enter_async_context(answering(place.port, *answers))
        stream = await stack.enter_async_context(begin_stream(caller, session, f"Say {MARK}."))
        events = await stream.to_its_close()
    assert (events[-1]["type"], events[-1]["status"], events[-2]["type"]) == ("end", "failed", "run.failed")
    run = (await caller.get(f"/v1/runs/{events[0]['run_id']}")).json()
    assert (run["status"], run["error"]) == ("failed", events[-2]["error"])
    assert run["error"]["code"] == "model_unavailable"
    assert "model" in run["error"]["message"]
    assert not [word for word in (MARK, "127.0.0.1", "500") if word in run["error"]["message"]]
    texts = [f"Say {MARK}.", *([kept] if kept else [])]
    assert [message["content"][0]["text"] for message in await caller.messages(session)] == texts
    async with answering(place.port, HELLO):
        assert (await caller.say(session, "And now?")).json()["run"]["status"] == "completed"
    assert [message["content"][0]["text"] for message in await caller.messages(session)] == [*texts, "And now?", "Hello"]


async def test_a_model_server_that_is_away_fails_the_run(place: Place) -> None:
    await fails_and_goes_on(place)


@pytest.mark.parametrize("way", BEFORE_THE_FIRST_TOKEN)
async def test_a_failure_before_the_first_token_fails_the_run(place: Place, way: str) -> None:
    answer = BEFORE_THE_FIRST_TOKEN[way]
    await fails_and_goes_on(place, answer)


@pytest.mark.parametrize("way", AFTER_THE_FIRST_TOKEN)
async def test_a_failure_after_the_first_token_fails_the_run_and_keeps_the_text(place: Place, way: str) -> None:
    await fails_and_goes_on(place, AFTER_THE_FIRST_TOKEN[way], kept="Well, let me")


async def test_the_log_tells_of_failures_and_not_of_what_was_said(place: Place) -> None:
    await fails_and_goes_on(place, whole(500, QUOTING))
    written = place.node.program.out + place.node.program.err
    assert "model failed" in written
    assert "answered 500" in written
    assert MARK not in written
