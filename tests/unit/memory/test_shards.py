from tests.contracts.ports.shards.suite import ShardsSuite


class TestMemoryShards(ShardsSuite):
    """The shard in memory."""
