from tests.contracts.ports.shards.suite import ShardsSuite


class TestPostgresShards(ShardsSuite):
    """One shard in Postgres."""
