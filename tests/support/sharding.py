"""Shards in tests."""

from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.routing import BucketRouting
from domain.shared.identifiers import BUCKETS, UserId, bucket_of
from domain.shared.shard_map import ShardMap
from tests.support.builders import new_user_id


def placed(*databases: Database) -> Placement:
    """Return a placement of all buckets, evenly, on these databases."""
    return Placement(BucketRouting(ShardMap.even(len(databases))), databases)


def owner_on(shard: int, shards: int) -> UserId:
    """Return a new owner whose bucket an even map of so many shards gives to this one."""
    return next(one for one in iter(new_user_id, None) if bucket_of(one) * shards // BUCKETS == shard)
