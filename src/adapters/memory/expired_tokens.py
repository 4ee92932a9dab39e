"""Tokens that are good no longer, in memory."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.ports.expired_tokens import ExpiredTokens


class MemoryExpiredTokens(ExpiredTokens):
    """The tokens of the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def remove_sign_ins(self, ended_before: datetime, limit: int) -> int:
        """Take the rows out, with what they have spent."""

        def drop(tables: Tables) -> int:
            old = _oldest({one.id: one.expires_at for one in tables.sign_ins.values()}, ended_before, limit)
            for sign_in_id in old:
                tables.drop_sign_in(sign_in_id)
            return len(old)

        return await self._store.change(drop)

    async def remove_spent(self, spent_before: datetime, limit: int) -> int:
        """Take the rows out."""

        def ends(tables: Tables) -> tuple[dict[Any, Any], dict[Any, datetime]]:
            return tables.spent_refreshes, {token: at for token, (_, at) in tables.spent_refreshes.items()}

        return await self._dropped(ends, spent_before, limit)

    async def remove_mailed(self, ended_before: datetime, limit: int) -> int:
        """Take the rows out."""

        def ends(tables: Tables) -> tuple[dict[Any, Any], dict[Any, datetime]]:
            return tables.mailed_tokens, {place: token.expires_at for place, token in tables.mailed_tokens.items()}

        return await self._dropped(ends, ended_before, limit)

    async def _dropped(
        self, ends: Callable[[Tables], tuple[dict[Any, Any], dict[Any, datetime]]], before: datetime, limit: int
    ) -> int:
        def drop(tables: Tables) -> int:
            table, moments = ends(tables)
            old = _oldest(moments, before, limit)
            for key in old:
                del table[key]
            return len(old)

        return await self._store.change(drop)


def _oldest(moments: dict[Any, datetime], before: datetime, limit: int) -> list[Any]:
    return [key for _, key in sorted((at, key) for key, at in moments.items() if at < before)[:limit]]
