"""Removing all that an owner has on the shard."""

from application.ports.shards import Shards
from domain.sessions.share import SharesRevoked
from domain.shared.identifiers import UserId


async def empty_shard(shards: Shards, owner_id: UserId) -> None:
    """Remove it, and tell of the links that lead nowhere now; Unavailable."""
    async with shards.open(owner_id) as unit:
        shared = await unit.shares.list_ids()
        unit.sessions.remove_all()
        if shared:
            unit.record(SharesRevoked(shared))
        await unit.commit()
