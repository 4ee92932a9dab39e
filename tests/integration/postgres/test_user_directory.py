"""All users, and keys and tokens that have ended, in a database of their own."""

import pytest

from adapters.postgres.database import Database
from adapters.postgres.expired_api_keys import PostgresExpiredApiKeys
from adapters.postgres.expired_tokens import PostgresExpiredTokens
from adapters.postgres.user_directory import PostgresUserDirectory
from tests.contracts.ports.expired_api_keys import ExpiredApiKeysSuite
from tests.contracts.ports.expired_tokens import ExpiredTokensSuite
from tests.contracts.ports.user_directory import UserDirectorySuite


@pytest.fixture
def database(emptied_database: Database) -> Database:
    return emptied_database


@pytest.fixture
def directory(database: Database) -> PostgresUserDirectory:
    return PostgresUserDirectory(database)


@pytest.fixture
def expired(database: Database) -> PostgresExpiredApiKeys:
    return PostgresExpiredApiKeys(database)


@pytest.fixture
def tokens(database: Database) -> PostgresExpiredTokens:
    return PostgresExpiredTokens(database)


class TestPostgresUserDirectory(UserDirectorySuite): ...


class TestPostgresExpiredApiKeys(ExpiredApiKeysSuite): ...


class TestPostgresExpiredTokens(ExpiredTokensSuite): ...
