import pytest
from sqlalchemy import Double, bindparam, func, update

from adapters.postgres.database import Database
from adapters.postgres.statement import Change, Statement
from adapters.postgres.tables import CATALOG_OUTBOX, SHARD_OUTBOX
from tests.contracts.ports.outbox import OutboxSuite, PassTime

_seconds = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds", type_=Double))
_AGE = [Statement(update(table).values(due_at=table.c.due_at - _seconds)) for table in (CATALOG_OUTBOX, SHARD_OUTBOX)]


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
