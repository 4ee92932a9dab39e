"""Refuse an idempotency key that another request has used, wherever its effect was."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from application.idempotency import Once, require_same
from application.ports.catalog import Catalog
from application.ports.shards import Shards
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId

Store = Literal["catalog", "shard"]


@dataclass(frozen=True, slots=True)
class RefuseReusedKeyCommand:
    """Whose key, and the store that the request's own use case looks into."""

    owner_id: UserId
    once: Once
    home: Store


@dataclass(frozen=True, slots=True)
class RefuseReusedKey:
    """Looks into the store that the request itself does not touch; one that is away is passed over.

    This catches mistakes of clients. That nothing is done twice does not hang on it: the request's own store sees to that.
    """

    catalog: Catalog
    shards: Shards

    async def execute(self, command: RefuseReusedKeyCommand) -> None:
        """Return if the key is unknown there, or came with the same request; KeyReused."""
        async with self.catalog.open() as unit, self.shards.open(command.owner_id) as shard:
            keys = shard.keys if command.home == "catalog" else unit.keys
            with suppress(Unavailable):
                found = await keys.find(command.owner_id, command.once.key)
                if found is not None:
                    require_same(found, command.once)
