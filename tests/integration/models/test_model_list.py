"""What a model server offers, as its client remembers it."""

import asyncio
from contextlib import suppress

import pytest

from application.ports.chat_model import ModelFailed, ModelInfo
from tests.integration.models.asking import eventually, model_at
from tests.integration.models.provider import Answer, serving, whole

EVERYTHING = ("*",)
DOWN = whole(503, b'{"error": {"message": "starting"}}')


def listing(*names: str) -> Answer:
    """Return a list of models as servers give it."""
    entries = ", ".join(f'{{"id": "{name}", "object": "model", "owned_by": "x"}}' for name in names)
    return whole(200, f'{{"object": "list", "data": [{entries}]}}'.encode())


async def test_named_models_are_offered_without_asking_the_server() -> None:
    async with model_at("http://127.0.0.1:9/v1", None, ("b", "a"), context_tokens=1000) as model:
        assert await model.list() == (ModelInfo("b", 1000), ModelInfo("a", 1000))
        assert (await model.find("a"), await model.find("c")) == (ModelInfo("a", 1000), None)


async def test_a_star_offers_what_the_server_lists_and_asks_once() -> None:
    async with serving(listing("b", "a")) as provider, model_at(provider.url, "sk-1", EVERYTHING) as model:
        first, second, found = await asyncio.gather(model.list(), model.list(), model.find("a"))
        assert [info.name for info in first] == ["b", "a"]
        assert (second, found, await model.find("b")) == (first, ModelInfo("a", 8192), ModelInfo("b", 8192))
        asked = [(asked.line, asked.headers["authorization"]) for asked in provider.asked]
        assert asked == [("GET /v1/models HTTP/1.1", "Bearer sk-1")]


async def test_a_shorter_context_that_the_server_tells_is_believed() -> None:
    answer = whole(200, b'{"data": [{"id": "a", "max_model_len": 2048}, {"id": "b", "max_model_len": 131072}]}')
    async with serving(answer) as provider, model_at(provider.url, None, EVERYTHING) as model:
        assert await model.list() == (ModelInfo("a", 2048), ModelInfo("b", 8192))


async def test_an_old_list_is_given_out_while_a_new_one_is_fetched_and_while_the_server_fails() -> None:
    answers = (listing("a"), listing("a", "b"), DOWN)
    async with serving(*answers) as provider, model_at(provider.url, None, EVERYTHING, list_lifetime=0, list_retry=0) as model:
        assert [info.name for info in await model.list()] == ["a"]

        async def both_are_listed() -> bool:
            return [info.name for info in await model.list()] == ["a", "b"]

        async def the_failing_server_was_asked_again() -> bool:
            assert await both_are_listed()
            return len(provider.asked) >= 5

        await eventually(both_are_listed)
        await eventually(the_failing_server_was_asked_again)
        assert await model.find("b") == ModelInfo("b", 8192)


async def test_a_name_that_is_not_listed_is_asked_for_again_before_it_is_missing() -> None:
    answers = (listing("a"), listing("a", "new"))
    async with serving(*answers) as provider, model_at(provider.url, None, EVERYTHING, list_retry=0) as model:
        assert len(await model.list()) == 1
        assert await model.find("new") == ModelInfo("new", 8192)
        assert await model.find("gone") is None


async def test_missing_names_and_failures_do_not_make_a_request_each() -> None:
    async with serving(listing("a")) as provider, model_at(provider.url, None, EVERYTHING) as model:
        assert [await model.find(name) for name in ("x", "y", "z")] == [None, None, None]
        assert len(provider.asked) == 1
    async with serving(DOWN) as provider, model_at(provider.url, None, EVERYTHING) as model:
        for _ in range(3):
            with pytest.raises(ModelFailed, match="answered 503 when asked for its models: starting"):
                await model.find("a")
        assert len(provider.asked) == 1


@pytest.mark.parametrize("answer", [DOWN, whole(200, b"<html>"), whole(200, b'{"data": 1}'), Answer((), "close")])
async def test_a_list_that_was_never_known_is_a_failure_until_it_is_known(answer: Answer) -> None:
    # A GET that finds its connection closed is repeated by the client library, hence twice.
    async with serving(answer, answer, listing("a")) as provider, model_at(provider.url, None, EVERYTHING, list_retry=0) as model:
        with pytest.raises(ModelFailed):
            await model.list()
        with suppress(ModelFailed):
            await model.list()
        assert [info.name for info in await model.list()] == ["a"]


async def test_after_a_failure_nobody_waits_for_the_next_answer() -> None:
    answers = (DOWN, Answer((), "hang"))
    async with serving(*answers) as provider, model_at(provider.url, None, EVERYTHING, list_retry=0) as model:
        for _ in range(2):
            with pytest.raises(ModelFailed, match="answered 503"):
                await model.find("a")
        assert (len(provider.asked), provider.left.is_set()) == (2, False)


async def test_a_failure_that_is_over_is_forgotten() -> None:
    answers = (DOWN, listing("a"), Answer((), "hang"))
    async with serving(*answers) as provider, model_at(provider.url, None, EVERYTHING, list_retry=0) as model:
        with pytest.raises(ModelFailed):
            await model.find("a")
        assert await model.find("a") == ModelInfo("a", 8192)
        asking = asyncio.create_task(model.find("b"))
        await asyncio.wait({asking}, timeout=0.5)
        assert not asking.done()
        await model.close()
        await asyncio.wait({asking})
        assert asking.cancelled()


async def test_closing_gives_up_a_list_under_way() -> None:
    async with serving(Answer((), "hang")) as provider, model_at(provider.url, None, EVERYTHING) as model:
        asking = asyncio.create_task(model.list())
        await provider.came.wait()
        await model.close()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await provider.left.wait()
