import asyncpg
import pytest
from sqlalchemy import Double, bindparam, func, update

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import Database
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.statement import Change, Statement
from adapters.postgres.tables import CATALOG_OUTBOX, SHARD_OUTBOX
from tests.contracts.ports.outbox import OutboxSuite, PassTime, commit, erased, events_of

_seconds = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds", type_=Double))
_AGE = [Statement(update(table).values(due_at=table.c.due_at - _seconds), "test.age") for table in (CATALOG_OUTBOX, SHARD_OUTBOX)]


class TestPostgresOutbox(OutboxSuite):
    """Both outboxes in Postgres."""

    @pytest.fixture
    def database(self, emptied_database: Database) -> Database:
        return emptied_database

    @pytest.fixture
    def pass_time(self, emptied_database: Database) -> PassTime:
        """Let every event be due sooner by these seconds, as if they had gone by."""

        async def age(seconds: float) -> None:
            await emptied_database.write([Change(statement, {"seconds": seconds}) for statement in _AGE], "shard")

        return age

    async def test_an_event_that_somebody_claims_at_this_moment_does_not_hold_up_those_behind_it(
        self, catalog: PostgresCatalog, outbox: PostgresOutbox, second_dsn: str
    ) -> None:
        for number in range(3):
            await commit(catalog, erased(number))
        other = await asyncpg.connect(second_dsn)
        async with other.transaction():
            await other.execute("SELECT FROM catalog.outbox ORDER BY due_at LIMIT 1 FOR UPDATE")
            assert events_of(await outbox.claim(10)) == [erased(1), erased(2)]
        await other.close()
        assert events_of(await outbox.claim(10)) == [erased(0)]
