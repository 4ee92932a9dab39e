"""However the steps of repeated requests fall among each other, and whichever of them die, one is carried out."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.idempotency import Once
from tests.unit.idempotency.duplicates import DUPLICATES, new_world, once
from tests.unit.idempotency.turns import HastyLoop

schedules = st.lists(st.integers(0, 4), min_size=1, max_size=40)
some_deaths = st.dictionaries(st.integers(0, 15), st.integers(0, 4), max_size=3)


async def repeated(what: str, times: int, picks: Sequence[int], deaths: dict[int, int]) -> tuple[list[Any], list[Once], Any]:
    """Return how the requests ended, their keys, and how many things there are in the end, after one more repetition."""
    world, attempt = await new_world(), DUPLICATES[what]
    keys = [once() for _ in range(times)]

    async def request(key: Once) -> Any:
        return await attempt(world, key)

    outcomes = await world.store.interleave([request(key) for key in keys], picks, deaths)
    keys.append(once())
    return [*outcomes, await request(keys[-1])], keys, await world.sizes()


@pytest.mark.parametrize("what", DUPLICATES)
@settings(max_examples=30, deadline=None)
@given(times=st.integers(2, 5), picks=schedules, deaths=some_deaths)
def test_any_interleaving_of_repeated_requests_has_one_effect_and_one_answer(
    what: str, times: int, picks: list[int], deaths: dict[int, int]
) -> None:
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        outcomes, keys, sizes = runner.run(repeated(what, times, picks, deaths))
        _, _, wanted = runner.run(repeated(what, 1, [0], {}))
    told = [outcome for outcome in outcomes if not isinstance(outcome, asyncio.CancelledError)]
    assert all(answer == told[0] for answer in told), told
    assert sizes == wanted
    assert len(outcomes) - len(told) <= len(deaths)
    answered = [key for key, outcome in zip(keys, outcomes, strict=True) if not isinstance(outcome, asyncio.CancelledError)]
    assert sum(not key.replayed for key in answered) <= 1
    assert deaths or sum(not key.replayed for key in answered) == 1


@pytest.mark.parametrize("what", DUPLICATES)
def test_a_request_without_a_key_is_not_remembered(what: str) -> None:
    async def twice() -> tuple[dict[str, int], dict[str, int]]:
        world = await new_world()
        before = await world.sizes()
        await DUPLICATES[what](world, None)  # type: ignore[arg-type]
        return before, await world.sizes()

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        before, after = runner.run(twice())
    assert (after["catalog_keys"], after["shard_keys"]) == (before["catalog_keys"], before["shard_keys"]) == (0, 0)
