"""What all shards do."""

from tests.contracts.ports.shards.committing import RollbackSuite, VersionSuite
from tests.contracts.ports.shards.constraints import CascadeSuite, UniquenessSuite
from tests.contracts.ports.shards.keeping import IsolationSuite, KeepingSuite, MissingSuite
from tests.contracts.ports.shards.queues import QueueSuite
from tests.contracts.ports.shards.races import RacesSuite


class ShardsSuite(
    MissingSuite, KeepingSuite, IsolationSuite, QueueSuite, RollbackSuite, VersionSuite, UniquenessSuite, CascadeSuite, RacesSuite
):
    """The fixture `shards` gives some that may hold other tests' entities too; `sessions` reads the same."""
