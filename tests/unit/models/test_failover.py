"""One provider is lost, another goes on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from adapters.models.failures import ModelNotServed, RequestRefused
from adapters.models.router import ModelRouter
from adapters.models.scripted import ScriptedModel
from application.ports.chat_model import ModelChunk, ModelFailed, ModelRequest
from domain.runs.run import Usage
from tests.unit.models.hearing import KEPT, REPLACED, SEA, SKY, asking, beginnings, hear, saying


class Fastidious(ScriptedModel):
    """A provider that refuses beginnings though it was said to take them."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Refuse, or say the script."""
        if request.beginning:
            self.requests.append(request)
            raise RequestRefused("no beginnings")
        async for chunk in super().stream(request):
            yield chunk


async def test_the_first_provider_in_the_order_is_preferred() -> None:
    first, second = saying(SEA), saying(SKY)
    assert (await hear(ModelRouter([first, second]))).chunks == list(SEA)
    assert (len(first.requests), len(second.requests)) == (1, 0)


@pytest.mark.parametrize("kind", [ModelFailed, ModelNotServed])
async def test_before_the_first_text_nobody_notices(kind: type[ModelFailed]) -> None:
    router = ModelRouter([saying(SEA, fail_at=0, failure=kind), saying(SKY, fail_at=0), saying(SEA)])
    assert (await hear(router)).chunks == list(SEA)


async def test_a_provider_that_continues_goes_on_where_the_text_ends() -> None:
    second = saying(SEA, continues=True)
    heard = await hear(ModelRouter([saying(SEA, fail_at=2), second]))
    assert heard.chunks == ["the ", "sea ", KEPT, "sings "]
    assert beginnings(second) == ["the sea "]


async def test_a_provider_that_does_not_continue_begins_anew() -> None:
    second = saying(SKY)
    heard = await hear(ModelRouter([saying(SEA, fail_at=2), second]))
    assert (heard.chunks, heard.text) == (["the ", "sea ", REPLACED, *SKY], "a sky burns ")
    assert beginnings(second) == [""]


async def test_a_reply_may_pass_through_many_hands() -> None:
    router = ModelRouter([saying(SEA, fail_at=1), saying(SEA, fail_at=2, continues=True), saying(SEA, continues=True)])
    assert (await hear(router)).chunks == ["the ", KEPT, "sea ", KEPT, "sings "]


async def test_the_text_stands_until_another_provider_has_something_to_say() -> None:
    silent, third = saying(SKY, fail_at=0), saying(SEA, continues=True)
    heard = await hear(ModelRouter([saying(SEA, fail_at=2), silent, third]))
    assert (heard.chunks, len(silent.requests)) == (["the ", "sea ", KEPT, "sings "], 1)


async def test_when_nobody_is_left_the_text_stands_and_the_last_failure_is_told() -> None:
    heard = await hear(ModelRouter([saying(SEA, fail_at=2), saying(SKY, fail_at=0), ScriptedModel({})]))
    assert (heard.chunks, str(heard.failure)) == (["the ", "sea "], "the script fails at token 0")


async def test_an_empty_reply_of_another_provider_replaces_the_text_too() -> None:
    heard = await hear(ModelRouter([saying(SEA, fail_at=2), saying(())]))
    assert (heard.chunks, heard.text) == (["the ", "sea ", REPLACED], "")


async def test_a_reply_that_broke_after_its_last_word_is_ended_by_another_provider() -> None:
    assert (await hear(ModelRouter([saying(SEA, fail_at=3), saying(SEA, continues=True)]))).chunks == [*SEA, KEPT]


async def test_the_given_beginning_is_continued_without_a_word_about_it() -> None:
    second = saying(SEA, continues=True)
    heard = await hear(ModelRouter([saying(SEA, continues=True, fail_at=1), second]), asking("the "))
    assert (heard.chunks, heard.text) == (["sea ", "sings "], "the sea sings ")
    assert beginnings(second) == ["the "]


async def test_the_given_beginning_is_part_of_what_another_provider_continues() -> None:
    second = saying(SEA, continues=True)
    heard = await hear(ModelRouter([saying(SEA, continues=True, fail_at=2), second]), asking("the "))
    assert (heard.chunks, beginnings(second)) == (["sea ", KEPT, "sings "], ["the sea "])


@pytest.mark.parametrize("fail_at", [None, 0])
async def test_the_given_beginning_is_replaced_by_a_provider_that_does_not_continue(fail_at: int | None) -> None:
    router = ModelRouter([saying(SKY, fail_at=fail_at), saying(SKY)])
    heard = await hear(router, asking("the "))
    assert (heard.chunks, heard.text) == ([REPLACED, *SKY], "a sky burns ")


async def test_a_request_that_is_at_fault_is_sent_to_nobody_else() -> None:
    second = saying(SKY)
    heard = await hear(ModelRouter([saying(SEA, fail_at=0, failure=RequestRefused), second]))
    assert (heard.chunks, type(heard.failure), second.requests) == ([], RequestRefused, [])


async def test_a_refused_beginning_is_replaced_by_the_same_provider() -> None:
    second = Fastidious(saying(SEA, continues=True).scripts)
    heard = await hear(ModelRouter([saying(SEA, fail_at=1), second, saying(SKY)]))
    assert (heard.chunks, beginnings(second)) == (["the ", REPLACED, *SEA], ["the ", ""])


async def test_a_model_that_fails_as_a_default_goes_on_elsewhere_under_its_own_name() -> None:
    second = saying(SKY)
    heard = await hear(ModelRouter([saying(SEA, fail_at=0), second]), asking(model="default"))
    assert (heard.text, [request.model for request in second.requests]) == ("a sky burns ", ["m"])


async def test_providers_of_other_models_are_not_asked() -> None:
    other = ScriptedModel()
    heard = await hear(ModelRouter([saying(SEA, fail_at=0), other]))
    assert (heard.text, other.requests, heard.failure is None) == ("", [], False)


async def test_a_provider_whose_models_cannot_be_known_now_is_passed_over() -> None:
    away = saying(SEA)
    away.down = True
    assert (await hear(ModelRouter([away, saying(SKY)]))).chunks == list(SKY)
    assert away.requests == []


async def test_the_usage_is_that_of_the_provider_that_ends_the_reply() -> None:
    first, second = saying(SEA, fail_at=2), saying(SEA, continues=True)
    second.scripts = {"m": replace(second.scripts["m"], counts_usage=True)}
    assert (await hear(ModelRouter([first, second]))).chunks[-1] == Usage(3, 1)


async def test_leaving_after_a_switch_ends_the_generation_at_both_providers() -> None:
    first, second = saying(SEA, fail_at=1), saying(SKY, hang_at=1)
    async with aclosing(ModelRouter([first, second]).stream(asking())) as chunks:
        assert [await anext(chunks) for _ in range(3)] == ["the ", REPLACED, "a "]
        assert (first.active, second.active) == (0, 1)
    assert second.active == 0
