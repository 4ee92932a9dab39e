"""Valkey is away for long, and this node's lease was once renewed too late: another node may make the runs of before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.redis.run_log import RedisRunLog
from application.ports.run_log import MessageDelta, RunFeed, RunWriter
from domain.shared.identifiers import RunId
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyProcess]:
    server = ValkeyProcess(tmp_path)
    yield server
    server.kill()


class Node:
    """A run log whose lease's number is told by hand."""

    def __init__(self, url: str, tenure: int | None) -> None:
        self.tenure = tenure
        self.log = RedisRunLog(url, alone_after=0.1, patience=0.2, tenure=lambda: self.tenure)

    async def begin(self, run: str) -> tuple[RunWriter, RunFeed]:
        """Return a run's writer and a viewer of it, who has seen its first word."""
        writer, feed = self.log.begin(RunId(run)), await self.log.feed(RunId(run), 0)
        writer.tell(MessageDelta("one "))
        assert await feed.next(10)
        return writer, feed


@pytest.mark.parametrize("before", [1, None])
async def test_only_runs_of_the_lease_that_stands_are_shown_before_they_are_written(
    valkey: ValkeyProcess, before: int | None
) -> None:
    node = Node(valkey.url, before)
    of_before, seen_before = await node.begin("run_of_before")
    node.tenure = 2
    of_now, seen_now = await node.begin("run_of_now")
    valkey.freeze()
    for writer in (of_before, of_now):
        writer.tell(MessageDelta("two "))
    assert [event.body for event in await seen_now.next(30)] == [MessageDelta("two ")]
    assert await seen_before.next(0) == []
    valkey.thaw()
    assert [event.body for event in await seen_before.next(30)] == [MessageDelta("two ")]
    await node.log.close()
