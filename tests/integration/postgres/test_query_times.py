"""What is told of each statement: its name and how long it took, never what was asked."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Text, bindparam, func, select

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.queries import QueryTimes
from domain.agents.agent import SlugTaken
from domain.shared.errors import Unavailable
from tests.integration.postgres.conftest import PATIENCE
from tests.support.builders import new_agent
from tests.support.storing import store_agent

SECRET = "a word that nobody may read"
_word = bindparam("word", type_=Text).label("word")
PAUSE = Statement(select(func.pg_sleep(bindparam("seconds")), _word, func.generate_series(1, 3)), "test.pause")
NEVER = 3600.0


@asynccontextmanager
async def timed(dsn: str, slow: float, **options: float) -> AsyncIterator[tuple[Database, Callable[[], str]]]:
    """Yield a database whose statements are timed, and how to read the measurements."""
    times, metrics = QueryTimes(slow), Metrics()
    metrics.publish(times.histogram)
    database = Database(dsn, name="timed", observe=times.observer("timed"), patience=PATIENCE, **options)
    yield database, lambda: metrics.render().decode()
    await database.close()


async def test_a_slow_statement_is_logged_by_its_name_and_without_its_values(
    shared_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with timed(shared_dsn, slow=0.05) as (database, _):
        await database.rows(PAUSE, seconds=0.06, word=SECRET)
    (record,) = [record for record in caplog.records if record.name == "adapters.telemetry.queries"]
    told = {name: getattr(record, name) for name in ("query", "database", "rows")}
    assert told == {"query": "test.pause", "database": "timed", "rows": 3}
    assert record.ms > 60  # type: ignore[attr-defined]
    assert not any(SECRET in str(value) for value in vars(record).values())


async def test_a_slow_statement_that_fails_is_logged_too(shared_dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    async with timed(shared_dsn, slow=0.05, statement_timeout=0.06) as (database, measured):
        with pytest.raises(Unavailable):
            await database.take(PAUSE, seconds=60, word=SECRET)
        assert 'onelast_query_seconds_count{database="timed",outcome="failed",query="test.pause"} 1.0' in measured()
    assert [record.query for record in caplog.records] == ["test.pause"]  # type: ignore[attr-defined]


async def test_any_other_statement_is_not_logged(shared_dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "adapters"):
        async with timed(shared_dsn, slow=NEVER) as (database, _):
            await database.rows(PAUSE, seconds=0, word=SECRET)
    assert caplog.records == []


async def test_a_commit_is_measured_under_the_names_of_its_parts(shared_dsn: str, entropy: MemoryEntropy) -> None:
    async with timed(shared_dsn, slow=NEVER) as (database, measured):
        agent = await store_agent(PostgresCatalog(database, entropy))
        with pytest.raises(SlugTaken):
            await store_agent(PostgresCatalog(database, entropy), new_agent(slug=agent.profile.slug))
        found = [line for line in measured().splitlines() if line.startswith("onelast_query_seconds_count")]
    labels = 'onelast_query_seconds_count{database="timed",outcome="%s",query="agents.add"} 1.0'
    assert found == [labels % "ok", labels % "failed"]
