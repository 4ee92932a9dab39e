"""The run log in memory."""

import pytest

from adapters.memory.run_log import MemoryRunLog
from application.ports.run_log import End, RunLog
from domain.runs.run import RunStatus
from tests.contracts.ports.run_log import RunLogSuite, new_run, read_to_end


class TestMemoryRunLog(RunLogSuite):
    @pytest.fixture
    def log(self) -> RunLog:
        return MemoryRunLog()

    @pytest.fixture
    def other(self, log: RunLog) -> RunLog:
        return log


class Hand:
    """A clock moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_an_ended_log_is_forgotten_after_its_lifetime() -> None:
    clock, created = Hand(), new_run()
    log = MemoryRunLog(lifetime=60, monotonic=clock)
    writer = log.begin(created.run.id)
    writer.tell(created, End(RunStatus.COMPLETED))
    clock.now = 59
    assert await log.last_seq(created.run.id) == 2
    clock.now = 60
    assert await log.last_seq(created.run.id) == 0


async def test_of_ended_logs_the_oldest_go_first() -> None:
    log, runs = MemoryRunLog(most_ended=2), [new_run() for _ in range(3)]
    for created in runs:
        log.begin(created.run.id).tell(created, End(RunStatus.COMPLETED))
    assert [await log.last_seq(created.run.id) for created in runs] == [0, 2, 2]


async def test_who_views_a_log_that_is_forgotten_reads_on_to_its_end() -> None:
    log, created = MemoryRunLog(most_ended=0), new_run()
    writer = log.begin(created.run.id)
    feed = await log.feed(created.run.id, 0)
    writer.tell(created, End(RunStatus.COMPLETED))
    assert len(await read_to_end(feed)) == 2
