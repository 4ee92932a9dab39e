"""API keys that have ended, in memory."""

from datetime import datetime

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.ports.expired_api_keys import ExpiredApiKeys


class MemoryExpiredApiKeys(ExpiredApiKeys):
    """The keys of the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def remove(self, ended_before: datetime, limit: int) -> int:
        """Take the rows out."""

        def drop(tables: Tables) -> int:
            ends = {key.id: key.expires_at for key in tables.api_keys.values() if key.expires_at is not None}
            ended = sorted((end, key_id) for key_id, end in ends.items() if end < ended_before)[:limit]
            for _, key_id in ended:
                del tables.api_keys[key_id]
            return len(ended)

        return await self._store.change(drop)
