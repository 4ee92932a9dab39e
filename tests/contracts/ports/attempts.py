"""What all counters of attempts do. The fixtures: `attempts`, and `clock`, by which they go."""

from datetime import timedelta
from uuid import uuid4

from adapters.memory.clock import HandClock
from application.ports.attempts import Attempts
from domain.users.attempts import FORGOTTEN_AFTER, Tally


def new_names(number: int) -> list[str]:
    return [f"test:{uuid4().hex}" for _ in range(number)]


class AttemptsSuite:
    async def test_what_was_never_counted_is_none(self, attempts: Attempts) -> None:
        assert await attempts.tallies(new_names(2)) == [None, None]

    async def test_each_counter_counts_by_itself_and_tells_when_it_counted_last(
        self, attempts: Attempts, clock: HandClock
    ) -> None:
        first, second = new_names(2)
        assert await attempts.add([first]) == [1]
        clock.advance(60)
        assert await attempts.add([first, second]) == [2, 1]
        now = clock.now().replace(microsecond=clock.now().microsecond // 1000 * 1000)
        found = await attempts.tallies([first, second])
        assert [(one.count, one.last_at.replace(microsecond=now.microsecond)) for one in found if one] == [(2, now), (1, now)]

    async def test_a_quarter_of_an_hour_after_its_last_attempt_a_counter_is_forgotten(
        self, attempts: Attempts, clock: HandClock
    ) -> None:
        [name] = new_names(1)
        await attempts.add([name])
        clock.advance((FORGOTTEN_AFTER - timedelta(seconds=1)).total_seconds())
        assert await attempts.add([name]) == [2]
        clock.advance((FORGOTTEN_AFTER - timedelta(seconds=1)).total_seconds())
        [kept] = await attempts.tallies([name])
        assert isinstance(kept, Tally)
        clock.advance(2)
        assert await attempts.tallies([name]) == [None]
        assert await attempts.add([name]) == [1]

    async def test_what_is_to_be_forgotten_begins_anew_and_nothing_else(self, attempts: Attempts) -> None:
        first, second = new_names(2)
        await attempts.add([first, second])
        await attempts.forget([first])
        assert await attempts.add([first, second]) == [1, 2]
