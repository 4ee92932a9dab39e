"""The line between a node and Valkey breaks at a bad moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import uvloop

from adapters.redis.following import Following
from adapters.redis.pipe import Pipe
from adapters.redis.resp import Command, connect
from adapters.redis.run_log import RedisRunLog
from adapters.redis.subscription import Subscription
from application.ports.run_log import End, MessageDelta
from application.runs.transcript import Transcripts
from domain.runs.run import RunStatus
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId
from tests.contracts.ports.run_log import new_run, opening
from tests.support.fault_proxy import FaultProxy

T = TypeVar("T")


class FailingOncePipe(Pipe):
    """Loses one answer."""

    failures = 0

    async def ask(self, *commands: Command) -> list[object]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The answer was lost.")
        return await super().ask(*commands)


class Elsewhere:
    """A run that is followed through a line that can be cut."""

    def __init__(self, url: str, line: FaultProxy, prefix: str) -> None:
        self.run, self.line, self.prefix = RunId(f"run_{uuid4().hex}"), line, prefix
        self.pipe, self.transcripts = FailingOncePipe(url), Transcripts()
        cut_url = url.replace(f":{urlsplit(url).port}/", f":{line.port}/")
        self.following = Following(self.pipe, Subscription(cut_url), self.transcripts, prefix)
        self.maker = RedisRunLog(url, prefix=prefix)

    async def close(self) -> None:
        await self.following.close()
        await self.pipe.close()
        await self.maker.close()


@pytest.fixture
async def elsewhere(valkey_url: str) -> AsyncIterator[Elsewhere]:
    port = urlsplit(valkey_url).port
    assert port is not None
    async with FaultProxy.before(port) as line:
        followed = Elsewhere(valkey_url, line, f"test:{uuid4()}:")
        yield followed
        await followed.close()


async def test_what_was_said_while_the_line_was_cut_is_read_again_until_it_is_known(elsewhere: Elsewhere) -> None:
    writer = elsewhere.maker.begin(elsewhere.run)
    writer.tell(MessageDelta("one "))
    await writer.settle()
    await elsewhere.following.join(elsewhere.run)
    feed = elsewhere.transcripts.open(elsewhere.run).feed(0)
    assert len(await feed.next(10)) == 1
    elsewhere.line.silent = True
    elsewhere.line.cut()
    writer.tell(MessageDelta("two "), End(RunStatus.COMPLETED))
    await writer.settle()
    elsewhere.pipe.failures = 1
    elsewhere.line.silent = False
    assert [event.seq for event in await feed.next(30)] == [2, 3]
    feed.close()


async def test_what_is_said_on_a_line_that_broke_just_now_is_lost_without_a_noise(valkey_url: str) -> None:
    async def scenario() -> bool:
        lost = asyncio.Event()
        connection = await connect(valkey_url, lambda _: None, lost.set, patience=10)
        connection.abort()
        async with asyncio.timeout(10):
            await lost.wait()
        connection.send(("PING",))
        return True

    assert await asyncio.to_thread(uvloop.run, scenario())


async def test_a_run_is_taken_over_once_though_the_answer_to_that_is_lost(valkey_url: str) -> None:
    created, attempt, prefix, port = new_run(), opening(2, keep=True), f"test:{uuid4()}:", urlsplit(valkey_url).port
    assert port is not None
    async with FaultProxy.before(port) as line:
        lost, witness = RedisRunLog(valkey_url, prefix=prefix), RedisRunLog(valkey_url, prefix=prefix)
        claimer = RedisRunLog(valkey_url.replace(f":{port}/", f":{line.port}/"), prefix=prefix)
        lost.begin(created.run.id).tell(created, MessageDelta("one "))
        feed = await witness.feed(created.run.id, 0)
        assert len(await feed.next(10)) == 2
        await claimer.ping()
        line.delay = 0.2
        taking = asyncio.create_task(claimer.take_over(created, attempt))
        assert [event.body for event in await feed.next(10)] == [attempt]
        line.cut()
        with pytest.raises(Unavailable):
            await taking
        line.delay = 0.0
        opened = await again(lambda: claimer.take_over(created, attempt))
        assert [event.body for event in opened.written] == [created, MessageDelta("one ")]
        opened.writer.tell(MessageDelta("two "), End(RunStatus.COMPLETED))
        assert await opened.writer.settle() == 5
        assert [event.seq for event in await feed.next(10)] == [4, 5]
        for log in (lost, witness, claimer):
            await log.close()


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Return what is answered when the line is there again."""
    while True:
        with suppress(Unavailable):
            return await work()
        await asyncio.sleep(0.05)
