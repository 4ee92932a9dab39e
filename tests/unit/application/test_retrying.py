"""Optimistic writes that are tried again."""

from collections.abc import Awaitable, Callable

import pytest

from application.retrying import again_when_stale
from domain.shared.errors import Conflict, StaleWrite

MOST = 12


class Attempts:
    """Work that loses its race a number of times."""

    def __init__(self, losses: int, error: Exception | None = None) -> None:
        self._losses, self._error = losses, error or StaleWrite("Somebody was faster.")
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.made <= self._losses:
            raise self._error
        return f"attempt {self.made}"


@pytest.mark.parametrize("losses", [0, 1, 5, MOST - 1])
async def test_the_first_attempt_that_wins_gives_the_answer(losses: int) -> None:
    attempts = Attempts(losses)
    assert await again_when_stale(attempts) == f"attempt {losses + 1}"
    assert attempts.made == losses + 1


async def test_who_loses_every_time_is_told_after_twelve_attempts() -> None:
    attempts = Attempts(losses=1_000)
    with pytest.raises(StaleWrite):
        await again_when_stale(attempts)
    assert attempts.made == MOST


@pytest.mark.parametrize("error", [Conflict("No."), ValueError("wrong")])
async def test_any_other_error_is_told_at_once(error: Exception) -> None:
    attempts = Attempts(1, error)
    with pytest.raises(type(error)) as told:
        await again_when_stale(attempts)
    assert (told.value, attempts.made) == (error, 1)


async def test_each_attempt_reads_anew() -> None:
    stored = [1]

    def attempt(seen: list[int]) -> Callable[[], Awaitable[int]]:
        async def add_one() -> int:
            seen.append(stored[0])
            if len(seen) == 1:
                stored[0] = 5
                raise StaleWrite("Somebody was faster.")
            return seen[-1] + 1

        return add_one

    seen: list[int] = []
    assert (await again_when_stale(attempt(seen)), seen) == (6, [1, 5])
