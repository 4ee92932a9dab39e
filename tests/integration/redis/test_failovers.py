"""Masters are killed and frozen under sentinels and in a cluster: nothing hangs, and all goes on at the next master."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from uuid import uuid4

import pytest

from adapters.memory.run_bell import MemoryRunBell
from adapters.redis.cache import RedisCache
from adapters.redis.pipe import Pipe
from adapters.redis.run_bell import RedisRunBell
from adapters.redis.run_log import RedisRunLog
from application.circuit_breaker import CircuitBreaker
from application.ports.cache import Lease, Lifetime, Miss
from application.ports.run_log import End, MessageDelta, RunCreated, RunFeed, RunWriter
from application.runs.reply import text_told
from domain.runs.run import RunStatus
from domain.shared.errors import Unavailable
from tests.contracts.ports.run_bell import runs
from tests.contracts.ports.run_log import new_run, opening, read_to_end, seqs
from tests.support.builders import new_user_id
from tests.support.valkey_forms import Loss, ValkeyForm

# Three times what the slower form needs, on a machine that is shared.
WITHIN_SECONDS = 20


# Nobody takes over from a server alone.
with_successors = pytest.mark.parametrize("valkey_form", ["sentinels", "cluster"], indirect=True, scope="session")
with_other_masters = pytest.mark.parametrize("valkey_form", ["cluster"], indirect=True, scope="session")


@pytest.fixture
def loss(valkey_form: ValkeyForm) -> Iterator[Loss]:
    loss = Loss(valkey_form)
    yield loss
    loss.mend()


class Logs:
    """The run log at two nodes, and a run that is written at the first."""

    def __init__(self, url: str) -> None:
        self.prefix = f"test:{uuid4()}:"
        # They may not show what is unwritten: what is seen here went through the servers.
        self.here, self.there = (RedisRunLog(url, prefix=self.prefix, alone_after=600) for _ in range(2))
        self.created = new_run()
        self.key = self.prefix + self.created.run.id

    async def begin(self) -> tuple[RunWriter, list[RunFeed]]:
        """Return the writer and a viewer at each node, who have seen the beginning."""
        run = self.created.run.id
        writer, feeds = self.here.begin(run), [await log.feed(run, 0) for log in (self.here, self.there)]
        writer.tell(self.created, MessageDelta("0 "))
        await writer.settle()
        return writer, feeds

    async def finish(self, writer: RunWriter) -> None:
        """End the run; the log takes it when it can."""
        writer.tell(End(RunStatus.COMPLETED))
        async with asyncio.timeout(WITHIN_SECONDS):
            await writer.settle()


@pytest.fixture
async def logs(valkey_form: ValkeyForm) -> AsyncIterator[Logs]:
    logs = Logs(valkey_form.url)
    yield logs
    await logs.here.close()
    await logs.there.close()


@with_successors
async def test_a_run_that_is_told_while_its_master_is_killed_is_seen_everywhere_exactly_once(
    logs: Logs, valkey_form: ValkeyForm, loss: Loss
) -> None:
    writer, feeds = await logs.begin()
    for number in range(1, 60):
        if number == 20:
            loss.of(logs.key)
        writer.tell(MessageDelta(f"{number} "))
        await asyncio.sleep(0.01)
    await logs.finish(writer)
    newcomer = RedisRunLog(valkey_form.url, prefix=logs.prefix)
    stories = [await read_to_end(feed) for feed in (*feeds, await newcomer.feed(logs.created.run.id, 0))]
    await newcomer.close()
    assert seqs(stories[0]) == list(range(1, len(stories[0]) + 1))
    assert text_told(stories[0]).split() == [str(number) for number in range(60)]
    assert stories[1] == stories[2] == stories[0]


@with_successors
async def test_entries_that_were_acknowledged_and_lost_are_written_again(logs: Logs, valkey_form: ValkeyForm) -> None:
    writer, feeds = await logs.begin()
    for number in range(1, 5):
        writer.tell(MessageDelta(f"{number} "))
        await writer.settle()
    server = Pipe(valkey_form.url)
    # What a server that took over too early looks like: the run is there, its last entries are not.
    [entries] = await server.ask(("XRANGE", logs.key, "-", "+"))
    assert len(entries) >= 4
    await server.ask(("DEL", logs.key))
    for stream_id, fields in entries[:-2]:
        await server.ask(("XADD", logs.key, stream_id, *fields))
    await logs.finish(writer)
    newcomer = RedisRunLog(valkey_form.url, prefix=logs.prefix)
    stories = [await read_to_end(feed) for feed in (*feeds, await newcomer.feed(logs.created.run.id, 0))]
    assert text_told(stories[0]).split() == [str(number) for number in range(5)]
    assert stories[1] == stories[2] == stories[0]
    await newcomer.close()
    await server.close()


@with_successors
async def test_a_run_is_taken_over_while_its_master_is_replaced(logs: Logs, loss: Loss) -> None:
    _, feeds = await logs.begin()
    await asyncio.sleep(0.3)
    loss.of(logs.key)
    opened = None
    async with asyncio.timeout(WITHIN_SECONDS):
        while opened is None:
            with suppress(Unavailable):
                opened = await logs.there.take_over(logs.created, opening(2, keep=True))
            await asyncio.sleep(0.05)
    await logs.finish(opened.writer)
    assert [type(event.body) for event in await read_to_end(feeds[1])][:2] == [RunCreated, MessageDelta]


@with_other_masters
async def test_the_runs_of_other_masters_go_on_while_one_is_frozen(logs: Logs, valkey_form: ValkeyForm) -> None:
    await logs.begin()
    lost = valkey_form.master_of(logs.key)
    while valkey_form.master_of(logs.prefix + (other := new_run()).run.id) is lost:
        pass
    writer, feed = logs.here.begin(other.run.id), await logs.there.feed(other.run.id, 0)
    writer.tell(other)
    await writer.settle()
    lost.freeze()
    try:
        async with asyncio.timeout(0.9):  # before the frozen one has even been missed
            for number in range(20):
                logs.here.begin(new_run().run.id).tell(MessageDelta("stuck or not"))
                writer.tell(MessageDelta(f"{number} "))
                await writer.settle()
    finally:
        lost.thaw()
    await logs.finish(writer)
    assert text_told(await read_to_end(feed)).split() == [str(number) for number in range(20)]


@with_successors
async def test_a_bell_rings_on_other_nodes_again_after_the_master_was_killed(valkey_form: ValkeyForm, loss: Loss) -> None:
    prefix, owner = f"test:{uuid4()}:", new_user_id()
    here, there = (RedisRunBell(valkey_form.url, MemoryRunBell(), prefix=prefix) for _ in range(2))
    feed = await there.listen(owner)
    loss.of(prefix + owner)
    await asyncio.to_thread(loss.replaced)
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await feed.next(0.2):
            here.ring(owner, runs("one")[0])
    await here.close()
    await there.close()


@with_successors
async def test_the_cache_misses_while_its_master_is_away_and_is_filled_at_the_next_one(
    valkey_form: ValkeyForm, loss: Loss
) -> None:
    prefix = f"test:{uuid4()}:"
    cache = RedisCache(valkey_form.url, prefix=prefix, patience=0.5, breaker=CircuitBreaker(rest=0.2))
    await cache.ping()
    loss.of(prefix + "k")
    assert await cache.read("k") is Miss.AWAY
    await asyncio.to_thread(loss.replaced)
    async with asyncio.timeout(WITHIN_SECONDS):
        while not isinstance(found := await cache.read("k"), Lease):  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.05)
        assert await cache.fill("k", found.token, b"x", Lifetime(60))
    await cache.close()
