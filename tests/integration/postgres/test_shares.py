import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.database import Database
from adapters.postgres.link_seeds import PostgresLinkSeeds
from adapters.postgres.placement import Placement
from adapters.postgres.share_reader import PostgresShareReader
from tests.contracts.ports.shares import LinkSeedsSuite, SharesSuite


@pytest.fixture
def shares(placement: Placement) -> PostgresShareReader:
    return PostgresShareReader(placement)


@pytest.fixture
def seeds(database: Database, entropy: MemoryEntropy) -> PostgresLinkSeeds:
    return PostgresLinkSeeds(database, entropy)


class TestPostgresShares(SharesSuite):
    """Shares on a real server."""


class TestPostgresLinkSeeds(LinkSeedsSuite):
    """Seeds on a real server."""
