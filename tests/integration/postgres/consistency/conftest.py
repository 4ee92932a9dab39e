from collections.abc import AsyncIterator

import pytest

from adapters.memory.entropy import MemoryEntropy
from tests.integration.postgres.consistency.deployment import Conversation, Deployment
from tests.support.servers import PostgresServer


@pytest.fixture
async def deployment(postgres: PostgresServer, entropy: MemoryEntropy) -> AsyncIterator[Deployment]:
    """A catalog and one shard in one database, with users of the test's own."""
    opened = Deployment([await postgres.database()], entropy)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def conversation(deployment: Deployment) -> Conversation:
    """A conversation there, beside another."""
    await deployment.conversation()
    return await deployment.conversation()


@pytest.fixture
async def three(postgres: PostgresServer, entropy: MemoryEntropy) -> AsyncIterator[Deployment]:
    """Three shards in as many databases, the first of them the catalog too."""
    opened = Deployment([await postgres.database() for _ in range(3)], entropy)
    await opened.open()
    yield opened
    await opened.close()
