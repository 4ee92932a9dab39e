"""Responses and conversations through the official SDK, over real Postgres and Valkey, with models that follow scripts."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import openai
import pytest
from dishka import Provider, Scope, provide
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.consistency.check_consistency import Finding
from application.ports.consistency import Kind
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.processes import until
from tests.support.realtime import Node, listening
from tests.support.servers import PostgresServer

REPLY = Script().text
Speak = Callable[..., AsyncOpenAI]


@pytest.fixture(scope="module")
async def settings(postgres: PostgresServer, own_valkey_url: Callable[[], str]) -> Settings:
    """A database of their own: any node on it may take over the replies of one that leaves."""
    return Settings(catalog_dsn=await postgres.database(), redis_url=own_valkey_url())


@pytest.fixture(scope="module")
async def node(settings: Settings) -> AsyncIterator[Node]:
    async with listening(settings) as running:
        yield running


@pytest.fixture
def scripted(node: Node) -> ScriptedModel:
    return node.scripted


@pytest.fixture
async def speak(node: Node, caller: Caller) -> AsyncIterator[Speak]:
    """What makes a client of the SDK's, each with connections of its own."""
    clients = []

    def make(at: Node = node, token: str = caller.token) -> AsyncOpenAI:
        http = DefaultAsyncHttpxClient(trust_env=False)
        made = AsyncOpenAI(api_key=token, base_url=f"http://127.0.0.1:{at.port}/v1", max_retries=0, http_client=http)
        clients.append(made)
        return made

    yield make
    for one in clients:
        await one.close()


@pytest.fixture
def client(speak: Speak) -> AsyncOpenAI:
    return speak()


async def deleted(client: AsyncOpenAI, response: str) -> None:
    """Delete a response and look that it is gone."""
    await client.responses.delete(response)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(response)


def text_of(events: list[Any]) -> str:
    """Return the text in the pieces that came."""
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


async def test_a_response_is_made_retrieved_and_deleted(client: AsyncOpenAI) -> None:
    made = await client.responses.create(model="scripted", input="Hello!", instructions="Be brief.", metadata={"a": "b"})
    assert (made.output_text, made.status, made.instructions, made.metadata) == (REPLY, "completed", "Be brief.", {"a": "b"})
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    assert (await client.responses.retrieve(made.id)).to_dict() == made.to_dict()
    items = [item async for item in client.responses.input_items.list(made.id)]
    assert [item.content[0].text for item in items] == ["Hello!"]  # type: ignore[union-attr]
    await deleted(client, made.id)


async def test_the_helper_for_streams_accumulates_what_is_stored(client: AsyncOpenAI) -> None:
    async with client.responses.stream(model="einstein", input="Hello!") as stream:
        pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert "".join(pieces) == final.output_text == REPLY
    assert (await client.responses.retrieve(final.id)).output_text == REPLY


async def test_a_response_in_the_background_is_taken_up_where_the_first_client_left(client: AsyncOpenAI, speak: Speak) -> None:
    first = speak()
    seen = []
    async with await first.responses.create(model="scripted-slow", input="Hi", background=True, stream=True) as stream:
        async for event in stream:
            seen.append(event)
            if len(seen) == 6:
                break
    await first.close()
    response = seen[0].response.id  # type: ignore[union-attr]
    cursor = seen[-1].sequence_number
    rest = [event async for event in await client.responses.retrieve(response, stream=True, starting_after=cursor)]
    events = [*seen, *rest]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert text_of(events) == REPLY
    assert (rest[-1].type, rest[-1].response.output_text) == ("response.completed", REPLY)  # type: ignore[union-attr]
    async with client.responses.stream(response_id=response, starting_after=3) as again:
        assert [event.sequence_number async for event in again] == [event.sequence_number for event in events[4:]]


async def test_a_response_whose_client_left_is_made_all_the_same(client: AsyncOpenAI) -> None:
    async with await client.responses.create(model="scripted-slow", input="Hi", stream=True) as stream:
        created = await anext(aiter(stream))

    async def made() -> bool:
        return (await client.responses.retrieve(created.response.id)).status == "completed"  # type: ignore[union-attr]

    await until(made)


async def test_a_response_is_cancelled_and_its_viewers_are_told(client: AsyncOpenAI, scripted: ScriptedModel) -> None:
    made = await client.responses.create(model="scripted-stalls", input="Hi", background=True)
    assert made.status == "in_progress"
    stream = await client.responses.retrieve(made.id, stream=True)
    events = []
    async for event in stream:
        events.append(event)
        if text_of(events) == "Well, let me ":
            break
    cancelled = await client.responses.cancel(made.id)
    events += [event async for event in stream]
    assert (cancelled.status, cancelled.output_text) == ("cancelled", "Well, let me ")
    assert (events[-1].type, events[-1].response.status) == ("response.incomplete", "cancelled")  # type: ignore[union-attr]
    await deleted(client, made.id)


async def test_a_chain_of_responses_is_one_conversation(client: AsyncOpenAI, caller: Caller, scripted: ScriptedModel) -> None:
    first = await client.responses.create(
        model="scripted", input=[{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "One"}]
    )
    second = await client.responses.create(model="scripted", input="Two", previous_response_id=first.id)
    assert [(turn.role, turn.text) for turn in scripted.requests[-1].turns] == [
        ("system", "Be kind."), ("user", "One"), ("assistant", REPLY), ("user", "Two"),
    ]
    assert first.conversation is not None
    assert second.conversation == first.conversation
    said = await caller.messages(first.conversation.id)
    assert [one["content"][0]["text"] for one in said] == ["One", REPLY, "Two", REPLY]
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model="scripted", input="Three", previous_response_id=first.id)
    assert (refused.value.code, refused.value.param) == ("previous_response_not_last", "previous_response_id")


async def test_a_conversation_with_items_is_gone_through_page_by_page(client: AsyncOpenAI, scripted: ScriptedModel) -> None:
    made = await client.conversations.create(metadata={"a": "b"}, items=[{"role": "user", "content": "Zero"}])
    many: Any = [{"role": role, "content": f"{role} {number}"} for number in range(10) for role in ("user", "assistant")]
    await client.conversations.items.create(made.id, items=many)
    response = await client.responses.create(model="scripted", input="Last", conversation=made.id)
    items = [item async for item in client.conversations.items.list(made.id, limit=4, order="asc")]
    texts = [item.content[0].text for item in items]  # type: ignore[union-attr]
    assert texts == ["Zero", *(one["content"] for one in many), "Last", REPLY]
    assert [turn.text for turn in scripted.requests[-1].turns] == texts[:-1]
    assert items[-1].id == response.output[0].id
    assert (await client.conversations.items.retrieve(items[0].id, conversation_id=made.id)).to_dict() == items[0].to_dict()  # type: ignore[arg-type]
    await client.conversations.items.delete(items[0].id, conversation_id=made.id)  # type: ignore[arg-type]
    newest = await client.conversations.items.list(made.id, limit=100)
    assert [item.id for item in newest.data] == [item.id for item in items[:0:-1]]
    assert (await client.conversations.update(made.id, metadata={"c": "d"})).metadata == {"c": "d"}
    assert (await client.conversations.delete(made.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.conversations.retrieve(made.id)


async def test_two_hundred_items_are_brought_along_in_one_request(client: AsyncOpenAI) -> None:
    history: Any = [{"role": "user" if number % 3 else "assistant", "content": f"number {number}"} for number in range(200)]
    made = await client.responses.create(model="scripted", input=history)
    assert made.conversation is not None
    items = [item async for item in client.conversations.items.list(made.conversation.id, limit=100, order="asc")]
    assert [item.content[0].text for item in items] == [*(one["content"] for one in history), REPLY]  # type: ignore[union-attr]


async def test_errors_come_as_the_sdks_own(client: AsyncOpenAI, speak: Speak, node: Node) -> None:
    with pytest.raises(openai.BadRequestError) as unsupported:
        await client.responses.create(model="scripted", input="x", tools=[{"type": "web_search"}])
    assert unsupported.value.param == "tools"
    with pytest.raises(openai.NotFoundError) as missing:
        await client.responses.create(model="nobody", input="x")
    assert missing.value.code == "model_not_found"
    made = await client.responses.create(model="scripted-hangs", input="x", background=True)
    assert made.conversation is not None
    with pytest.raises(openai.ConflictError):
        await client.responses.create(model="scripted", input="x", conversation=made.conversation.id)
    stranger = await node.api.sign_up()
    with pytest.raises(openai.NotFoundError):
        await speak(token=stranger.token).responses.cancel(made.id)
    with pytest.raises(openai.AuthenticationError):
        await speak(token="olt_nobody").responses.retrieve(made.id)
    await client.responses.cancel(made.id)
    failed = await client.responses.create(model="scripted-refuses", input="x")
    assert (failed.status, failed.error and failed.error.code) == ("failed", "server_error")


async def test_a_viewer_comes_back_to_a_response_whose_log_is_gone(
    client: AsyncOpenAI, speak: Speak, settings: Settings, valkey_url: str
) -> None:
    made = await client.responses.create(model="scripted", input="Hi")
    elsewhere = Settings(catalog_dsn=settings.catalog_dsn, redis_url=f"{valkey_url}?db=23")
    async with listening(elsewhere) as forgetful:
        there = speak(at=forgetful)
        whole = [event async for event in await there.responses.retrieve(made.id, stream=True)]
        assert text_of(whole) == REPLY
        for seen in (5, 8, 400):
            rest = [event async for event in await there.responses.retrieve(made.id, stream=True, starting_after=seen)]
            assert [event.sequence_number for event in rest] == list(range(seen + 1, seen + 1 + len(rest)))
            assert (text_of(rest), rest[-1].response.output_text) == ("", REPLY)  # type: ignore[union-attr]


class LosesItsFirstProvider(Provider):
    """A model whose first provider breaks off after three words, and whose second writes something else."""

    scope = Scope.APP

    @provide(override=True)
    def models(self) -> ModelRouter:
        first, second = Script(fail_at=3), Script(tokens=3, words=("New ",))
        return ModelRouter([ScriptedModel({"scripted": first}), ScriptedModel({"scripted": second})], "scripted")


async def test_the_helper_for_streams_takes_a_reply_that_another_provider_makes_anew(
    settings: Settings, caller: Caller, speak: Speak
) -> None:
    async with listening(settings, LosesItsFirstProvider()) as losing:
        async with speak(at=losing).responses.stream(model="scripted", input="Hello!") as stream:
            events = [event async for event in stream]
            final = await stream.get_final_response()
        items = [event.item for event in events if event.type == "response.output_item.done"]
        assert [item.status for item in items] == ["incomplete", "completed"]  # type: ignore[union-attr]
        assert (final.output_text, [item.id for item in final.output]) == ("New New New ", [items[0].id])
        stored = await speak(at=losing).responses.retrieve(final.id)
        assert stored.output_text == final.output_text


async def test_what_was_brought_along_and_taken_out_leaves_nothing_at_odds(
    postgres: PostgresServer, own_valkey_url: Callable[[], str]
) -> None:
    settings = Settings(catalog_dsn=await postgres.database(), redis_url=own_valkey_url())
    async with listening(settings) as node:
        caller = await node.api.sign_up()
        items = [{"role": role, "content": "x"} for role in ("assistant", "user", "user", "assistant", "user")]
        made = (await caller.post("/v1/conversations", {"items": items})).json()["id"]
        response = (await caller.post("/v1/responses", {"input": items, "conversation": made})).json()["id"]
        await caller.post("/v1/responses", {"input": "x", "previous_response_id": response})
        await caller.request("DELETE", f"/v1/responses/{response}")
        first = (await caller.get(f"/v1/conversations/{made}/items")).json()["first_id"]
        await caller.request("DELETE", f"/v1/conversations/{made}/items/{first}")
        found: list[Finding] = []
        report = await check_consistency(settings, CheckOptions(), found.append)
        assert found == []
        assert report.checked[Kind.MESSAGES] == 5 + 6 + 2
