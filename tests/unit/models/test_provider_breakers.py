"""A provider that is away is not asked, but for a trial now and then."""

from contextlib import aclosing

import pytest

from adapters.models.failures import ModelNotServed, RequestRefused
from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ModelFailed
from tests.unit.caching.stored import HandClock
from tests.unit.models.hearing import SEA, SKY, asking, hear, saying


class Pair:
    """A router over two providers, whose breakers open after two failures and rest for two seconds."""

    def __init__(self, first: ScriptedModel, second: ScriptedModel) -> None:
        self.clock, self.first, self.second = HandClock(), first, second
        self.router = ModelRouter(
            [first, second], new_breaker=lambda: CircuitBreaker(failures=2, rest=2.0, monotonic=self.clock)
        )

    async def asked(self, model: str = "m") -> tuple[int, int]:
        """Let a reply be made; return how often each provider was asked for it."""
        before = len(self.first.requests), len(self.second.requests)
        await hear(self.router, asking(model=model))
        return len(self.first.requests) - before[0], len(self.second.requests) - before[1]


@pytest.mark.parametrize("fail_at", [0, 2])
async def test_a_provider_that_fails_again_and_again_before_or_after_its_first_text_is_left_alone(fail_at: int) -> None:
    pair = Pair(saying(SEA, fail_at=fail_at), saying(SKY))
    assert [await pair.asked() for _ in range(4)] == [(1, 1), (1, 1), (0, 1), (0, 1)]


async def test_after_its_rest_it_gets_one_trial_and_stays_away_if_that_fails() -> None:
    pair = Pair(saying(SEA, fail_at=0), saying(SKY))
    for _ in range(2):
        await pair.asked()
    pair.clock.now += 2
    assert [await pair.asked() for _ in range(2)] == [(1, 1), (0, 1)]


async def test_after_a_whole_reply_it_is_preferred_again() -> None:
    pair = Pair(saying(SEA, fail_at=0), saying(SKY))
    for _ in range(2):
        await pair.asked()
    pair.first.scripts = saying(SEA).scripts
    pair.clock.now += 2
    assert [await pair.asked() for _ in range(3)] == [(1, 0), (1, 0), (1, 0)]


async def test_a_whole_reply_in_between_keeps_it_in_use() -> None:
    pair = Pair(saying(SEA), saying(SKY))
    for fail_at in (0, None, 0, None, 0):
        pair.first.scripts = saying(SEA, fail_at=fail_at).scripts
        assert (await pair.asked())[0] == 1


async def test_when_all_are_away_the_first_is_tried_and_nobody_else() -> None:
    pair = Pair(saying(SEA, fail_at=0), saying(SKY, fail_at=0))
    for _ in range(2):
        await pair.asked()
    assert [await pair.asked() for _ in range(2)] == [(1, 0), (1, 0)]


async def test_when_all_are_away_the_one_whose_trial_is_due_is_tried_before_the_first() -> None:
    pair = Pair(saying(SEA, fail_at=0), saying(SKY))
    for _ in range(2):
        await pair.asked()
    pair.clock.now += 1
    pair.second.scripts = saying(SKY, fail_at=0).scripts
    for _ in range(2):
        await pair.asked()
    pair.clock.now += 1
    assert await pair.asked() == (1, 0)
    pair.clock.now += 1
    assert [await pair.asked() for _ in range(2)] == [(0, 1), (1, 0)]


@pytest.mark.parametrize("kind", [RequestRefused, ModelNotServed])
async def test_what_says_nothing_of_its_health_does_not_open_it(kind: type[ModelFailed]) -> None:
    pair = Pair(saying(SEA, fail_at=0, failure=kind), saying(SKY))
    assert [(await pair.asked())[0] for _ in range(4)] == [1, 1, 1, 1]


async def test_a_listener_that_leaves_is_no_failure() -> None:
    pair = Pair(saying(SEA), saying(SKY))
    for _ in range(3):
        async with aclosing(pair.router.stream(asking())) as chunks:
            await anext(chunks)
    assert await pair.asked() == (1, 0)


async def test_requests_for_other_models_do_not_use_up_its_trial() -> None:
    pair = Pair(saying(SEA, fail_at=0), ScriptedModel({"m": Script(), "other": Script()}))
    for _ in range(2):
        await pair.asked()
    pair.clock.now += 2
    assert [await pair.asked("other"), await pair.asked("m")] == [(0, 1), (1, 1)]
