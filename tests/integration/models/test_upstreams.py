"""Several model servers by settings: each with its own key, and with a beginning as it wants it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from adapters.models.failures import RequestRefused
from application.ports.chat_model import ChatModel, ProviderSwitched
from domain.runs.run import Usage
from entrypoints.settings import read_settings
from tests.integration.models.asking import hear, request
from tests.integration.models.provider import DONE, HELLO, Answer, Provider, serving, streaming, text, whole
from tests.integration.models.wired import models_of

BROKEN = streaming(text("Hel"), then="close")
REST = streaming(text("lo", "stop"), DONE)
KEPT = ProviderSwitched(keep=True)


class Place:
    """Model servers in order of preference, and their client."""

    def __init__(self, models: ChatModel, providers: list[Provider]) -> None:
        self.models, self.providers = models, providers

    def keys(self) -> list[str | None]:
        """Return the key that each was shown."""
        return [provider.asked[-1].headers.get("authorization") for provider in self.providers]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def placed(stack: AsyncExitStack, *answers: Answer, **settings: str) -> Place:
    """Serve one answer each."""
    providers = [await stack.enter_async_context(serving(answer)) for answer in answers]
    environment = {f"ONELAST_UPSTREAM_{name.upper()}": value for name, value in settings.items()}
    environment |= {"ONELAST_UPSTREAM_URL": ",".join(provider.url for provider in providers), "ONELAST_UPSTREAM_MODELS": "m"}
    return Place(await stack.enter_async_context(models_of(read_settings(environment))), providers)


@pytest.mark.parametrize(("keys", "shown"), [
    ("k1", ["Bearer k1", None]), (",k2", [None, "Bearer k2"]), ("k1, k2", ["Bearer k1", "Bearer k2"]),
])
async def test_each_server_is_shown_its_own_key(stack: AsyncExitStack, keys: str, shown: list[str | None]) -> None:
    place = await placed(stack, whole(503, b"{}"), HELLO, api_key=keys)
    assert await hear(place.models) == ["Hel", "lo", Usage(7, 2)]
    assert place.keys() == shown


@pytest.mark.parametrize(("said", "flags"), [
    ("true", {}), ("false,vllm", {"continue_final_message": True, "add_generation_prompt": False}),
])
async def test_a_beginning_is_the_last_message_with_flags_for_vllm_alone(
    stack: AsyncExitStack, said: str, flags: dict[str, bool]
) -> None:
    place = await placed(stack, BROKEN, REST, continues=said)
    assert await hear(place.models) == ["Hel", KEPT, "lo"]
    first, second = (provider.asked[0].body for provider in place.providers)
    assert second["messages"] == [*first["messages"], {"role": "assistant", "content": "Hel"}]
    assert {key: value for key, value in second.items() if key not in first} == flags


async def test_without_a_word_about_it_nothing_is_continued(stack: AsyncExitStack) -> None:
    place = await placed(stack, BROKEN, HELLO)
    assert await hear(place.models) == ["Hel", ProviderSwitched(keep=False), "Hel", "lo", Usage(7, 2)]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_a_server_that_has_no_room_or_no_such_model_is_passed_over(stack: AsyncExitStack, status: int) -> None:
    place = await placed(stack, whole(status, b"{}"), HELLO)
    assert await hear(place.models) == ["Hel", "lo", Usage(7, 2)]


async def test_a_request_that_is_too_long_is_not_sent_around(stack: AsyncExitStack) -> None:
    place = await placed(stack, whole(400, b'{"error": "too long"}'), HELLO)
    with pytest.raises(RequestRefused, match="too long"):
        await hear(place.models)
    assert place.providers[1].asked == []


async def test_a_server_that_falls_silent_is_left_after_the_time_that_is_set(stack: AsyncExitStack) -> None:
    silent = streaming(text("Hel"), then="hang")
    place = await placed(stack, silent, REST, token_timeout="0.1", continues="true")
    assert await hear(place.models) == ["Hel", KEPT, "lo"]


async def test_a_server_that_does_not_begin_is_left_after_the_time_that_is_set(stack: AsyncExitStack) -> None:
    place = await placed(stack, Answer((), "hang"), HELLO, first_token_timeout="0.1")
    assert await hear(place.models, request("default")) == ["Hel", "lo", Usage(7, 2)]
