"""What is one fact is one statement."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import asyncpg
import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from application.paging import PageRequest
from domain.shared.shard_map import ShardMap
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased
from tests.contracts.ports.catalog.access import by_refresh, read_user, save_rotation
from tests.contracts.ports.shards.access import read_session, remove_all, remove_session
from tests.integration.postgres.conftest import PATIENCE
from tests.integration.postgres.own_server import OwnServer
from tests.support.builders import credential_of, new_agent, new_sign_in, new_user, replied, rotated, said
from tests.support.storing import say, store_agent, store_session, store_sign_in, store_user

_CALLS = "SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'"


class Counter:
    """Counts what a server runs in one database."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def of(self, work: Awaitable[object]) -> int:
        """Return how many statements the work takes, BEGIN and COMMIT included."""
        await self._connection.execute("SELECT pg_stat_statements_reset()")
        await work
        return int(await self._connection.fetchval(_CALLS))
