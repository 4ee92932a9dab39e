"""Erasures, what is told of an account, and what is left of it, in Postgres."""

import pytest
from sqlalchemy import Double, bindparam, delete, func, update

from adapters.postgres.database import Database
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.placement import Placement
from adapters.postgres.records import PostgresAccountRecords, PostgresConversationRecords
from adapters.postgres.remains import PostgresRemains
from adapters.postgres.statement import Statement
from adapters.postgres.tables import ERASURES
from tests.contracts.ports.erasures import ErasuresSuite, PassTime
from tests.contracts.ports.records import AccountRecordsSuite, ConversationRecordsSuite, RemainsSuite

_EMPTY = Statement(delete(ERASURES), "test.empty_erasures")
_PASS = Statement(
    update(ERASURES)
    .values(due_at=ERASURES.c.due_at - func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds", type_=Double))),
    "test.pass_time",
)


@pytest.fixture
async def erasures(database: Database) -> PostgresErasures:
    await database.take(_EMPTY)
    return PostgresErasures(database)


@pytest.fixture
def pass_time(database: Database) -> PassTime:
    async def make_older(seconds: float) -> None:
        await database.take(_PASS, seconds=seconds)

    return make_older


@pytest.fixture
def account_records(database: Database) -> PostgresAccountRecords:
    return PostgresAccountRecords(database)


@pytest.fixture
def conversation_records(placement: Placement) -> PostgresConversationRecords:
    return PostgresConversationRecords(placement)


@pytest.fixture
def remains(database: Database, placement: Placement) -> PostgresRemains:
    return PostgresRemains(database, placement)


class TestPostgresErasures(ErasuresSuite): ...


class TestPostgresAccountRecords(AccountRecordsSuite): ...


class TestPostgresConversationRecords(ConversationRecordsSuite): ...


class TestPostgresRemains(RemainsSuite): ...
