"""Whom a completion that is passed on is asked of."""

import pytest

from adapters.models.failures import ModelNotServed
from adapters.models.retry_budget import RetryBudget
from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ModelFailed
from application.ports.completions import CompletionRefused, CompletionRequest, OpenCompletion
from tests.unit.models.hearing import SEA, SKY, saying


def asking(model: str = "m", *, streamed: bool = True) -> CompletionRequest:
    """Return a request."""
    return CompletionRequest(model, [{"role": "user", "content": "Hello"}], {}, streamed)


async def heard(opened: OpenCompletion) -> str:
    """Hear it out and return the reply."""
    async for _ in opened.pieces():
        pass
    return opened.written().reply


def never() -> RetryBudget:
    """Return a budget with nothing in it."""
    return RetryBudget(share=0, reserve=0, monotonic=lambda: 0.0)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("kind", [ModelFailed, ModelNotServed])
async def test_before_the_first_word_the_next_provider_is_asked(kind: type[ModelFailed], streamed: bool) -> None:
    router = ModelRouter([saying(SEA, fail_at=0, failure=kind), saying(SKY, fail_at=0), saying(SEA)])
    assert await heard(await router.open(asking(streamed=streamed))) == "the sea sings "


async def test_after_the_first_word_nobody_else_is_asked() -> None:
    second = saying(SKY)
    opened = await ModelRouter([saying(SEA, fail_at=2), second]).open(asking())
    with pytest.raises(ModelFailed):
        await heard(opened)
    assert (opened.written().reply, second.completions) == ("the sea ", [])


async def test_a_refusal_is_final_and_says_why() -> None:
    second = saying(SKY)
    with pytest.raises(CompletionRefused) as refused:
        await ModelRouter([saying(SEA, refuses=("no tools here", "tools")), second]).open(asking())
    assert (refused.value.message, refused.value.param, second.completions) == ("no tools here", "tools", [])


async def test_breakers_are_shared_with_replies_and_hear_of_losses_in_the_middle() -> None:
    first, second = saying(SEA, fail_at=1), saying(SKY)
    router = ModelRouter([first, second], new_breaker=lambda: CircuitBreaker(failures=2, rest=60))
    for _ in range(2):
        with pytest.raises(ModelFailed):
            await heard(await router.open(asking()))
    assert await heard(await router.open(asking())) == "a sky burns "
    assert len(first.completions) == 2


async def test_second_tries_cost_of_the_budget() -> None:
    second = saying(SKY)
    with pytest.raises(ModelFailed):
        await ModelRouter([saying(SEA, fail_at=0), second], budget=never()).open(asking())
    assert second.completions == []


async def test_the_default_is_asked_for_under_its_own_name() -> None:
    model = ScriptedModel({"m": Script(), "n": Script()})
    await heard(await ModelRouter([model], "n").open(asking("default")))
    assert [request.model for request in model.completions] == ["n"]
    with pytest.raises(ModelFailed):
        await ModelRouter([model]).open(asking("nobody"))
