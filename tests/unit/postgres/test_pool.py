"""The pool over connections whose statements end when the test says so."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from adapters.postgres.pool import ConnectionPool, PoolExhausted
from adapters.postgres.queue_pace import QueuePace

A_WHILE = 30.0


class HeldConnection:
    """Answers when it is let go."""

    def __init__(self, failure: asyncpg.PostgresError | None) -> None:
        self._failure, self._gone = failure, False
        self.answer = asyncio.Event()

    async def fetch(self, text: str, *arguments: Any, timeout: float) -> list[Any]:  # noqa: ASYNC109  (asyncpg names it so)
        if self._failure is not None:
            raise self._failure
        async with asyncio.timeout(timeout):
            await self.answer.wait()
        return [text]

    def is_closed(self) -> bool:
        return self._gone

    def terminate(self) -> None:
        self._gone = True

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        self._gone = True


class Server:
    """Hands out connections; with a `failure` they tell it at once."""

    def __init__(self, failure: asyncpg.PostgresError | None = None) -> None:
        self.connections: list[HeldConnection] = []
        self._failure = failure

    async def connect(self) -> HeldConnection:
        self.connections.append(HeldConnection(self._failure))
        return self.connections[-1]

    def answer(self) -> None:
        for connection in self.connections:
            connection.answer.set()


async def fetching(pool: ConnectionPool, count: int, *, patience: float = A_WHILE) -> list["asyncio.Task[list[Any]]"]:
    """Begin so many statements, and return when each has got as far as it gets."""
    tasks = [asyncio.create_task(pool.fetch(f"{n}", [], patience=patience, within=A_WHILE)) for n in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def told(outcomes: Sequence[object]) -> list[type]:
    return [type(outcome) for outcome in outcomes]


async def test_it_tells_who_is_served_and_who_waits() -> None:
    server = Server()
    pool = ConnectionPool(server.connect, size=2)
    tasks = await fetching(pool, 5)
    assert (pool.size, pool.open, pool.busy, pool.waiting) == (2, 2, 2, 3)
    server.answer()
    assert await asyncio.gather(*tasks) == [[f"{n}"] for n in range(5)]
    assert (pool.open, pool.busy, pool.waiting) == (2, 0, 0)
    await pool.close()
    assert pool.open == 0


async def test_what_was_waited_for_is_counted_with_what_was_not() -> None:
    server = Server()
    pool = ConnectionPool(server.connect, size=1)
    tasks = await fetching(pool, 3)
    server.answer()
    await asyncio.gather(*tasks)
    await pool.fetch("at once", [], patience=0, within=A_WHILE)
    assert (pool.use.at_once, pool.use.connects, sum(pool.use.waits)) == (1, 1, 3)
    assert pool.use.cumulative()[-1] == (float("inf"), 4)
    await pool.close()


async def test_whoever_waits_in_vain_is_counted_and_leaves_the_queue() -> None:
    server = Server()
    pool = ConnectionPool(server.connect, size=1)
    [held, *hasty] = await fetching(pool, 3, patience=0.05)
    assert told(await asyncio.gather(*hasty, return_exceptions=True)) == [PoolExhausted] * 2
    assert (pool.waiting, pool.use.timed_out, pool.use.refused) == (0, 2, 0)
    server.answer()
    assert await held == ["0"]
    await pool.close()


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    server = Server()
    pool = ConnectionPool(server.connect, size=1)
    [held, second, third] = await fetching(pool, 3)
    second.cancel()
    server.answer()
    assert told(await asyncio.gather(held, second, third, return_exceptions=True)) == [list, asyncio.CancelledError, list]
    assert (pool.busy, pool.waiting) == (0, 0)
    await pool.close()


async def test_a_queue_longer_than_can_be_served_in_time_takes_nobody_in() -> None:
    """With a patience of a second and a millisecond per statement two connections serve two thousand."""
    server = Server()
    pool = ConnectionPool(server.connect, size=2)
    tasks = await fetching(pool, 2302, patience=1)
    assert pool.waiting <= 2000
    refused = [task for task in tasks if task.done()]
    assert told(await asyncio.gather(*refused, return_exceptions=True)) == [PoolExhausted] * pool.use.refused
    assert pool.use.refused >= 300
    server.answer()
    assert sum(isinstance(one, list) for one in await asyncio.gather(*tasks, return_exceptions=True)) >= 2
    assert await pool.fetch("again", [], patience=0, within=A_WHILE) == ["again"]
    await pool.close()


async def test_a_statement_without_an_answer_ends_in_time_and_takes_its_connection_along() -> None:
    server = Server()
    pool = ConnectionPool(server.connect, size=1)
    with pytest.raises(TimeoutError):
        await pool.fetch("hung", [], patience=A_WHILE, within=0.01)
    assert (server.connections[0].is_closed(), pool.open) == (True, 0)
    await pool.close()


@pytest.mark.parametrize(("severity", "kept"), [("ERROR", 1), ("FATAL", 0)])
async def test_a_connection_is_kept_after_an_error_but_not_after_the_servers_last_word(severity: str, kept: int) -> None:
    told = {"S": severity, "V": severity, "C": "57P01", "M": "query_wait_timeout"}
    server = Server(failure=asyncpg.PostgresError.new(told))
    pool = ConnectionPool(server.connect, size=1)
    with pytest.raises(asyncpg.AdminShutdownError):
        await pool.fetch("refused", [], patience=A_WHILE, within=A_WHILE)
    assert pool.open == kept
    await pool.close()


def test_a_queue_that_stands_still_has_room_for_ever_fewer() -> None:
    pace = QueuePace()
    pace.began(0.0)
    assert [pace.most_waiting(10, 1.0, still) for still in (0.0, 0.125, 0.25, 0.5, 5.0)] == [10_000, 10_000, 40, 20, 10]


def test_the_room_of_a_queue_follows_what_statements_take() -> None:
    pace, now = QueuePace(), 100.0
    pace.began(now)
    for _ in range(100):
        now += 0.005
        pace.moved(10, now)  # each of ten connections was held for 50 ms
    assert 195 <= pace.most_waiting(10, 1.0, now) <= 205


def test_a_queue_that_goes_on_after_a_halt_soon_has_room_again() -> None:
    pace, now = QueuePace(), 100.0
    pace.began(0.0)
    pace.moved(10, now)
    assert pace.most_waiting(10, 1.0, now) == 10
    for _ in range(20):
        now += 0.0001
        pace.moved(10, now)
    assert pace.most_waiting(10, 1.0, now) > 5000


def test_a_new_queue_knows_nothing_of_the_one_before() -> None:
    pace = QueuePace()
    pace.began(0.0)
    pace.moved(10, 100.0)
    pace.began(200.0)
    assert pace.most_waiting(10, 1.0, 200.0) == 10_000
