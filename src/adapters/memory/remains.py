"""What the tables of the store still hold of a user."""

from collections.abc import Mapping
from typing import Any

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables, drop_keys, drop_where
from application.ports.remains import Remains
from domain.shared.identifiers import UserId


class MemoryRemains(Remains):
    """The catalog's tables, and those of the one shard."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, user_id: UserId) -> Mapping[str, int]:
        """Count."""
        counted = _counts(await self._store.read(), user_id)
        return {name: count for name, count in counted.items() if count}

    async def remove(self, user_id: UserId) -> None:
        """Take it out."""
        await self._store.change(lambda tables: _remove(tables, user_id))


def _counts(tables: Tables, user_id: UserId) -> dict[str, int]:
    def owned(rows: Mapping[Any, Any], name: str = "owner_id") -> int:
        return sum(getattr(row, name) == user_id for row in rows.values())

    return {
        "catalog: users": user_id in tables.users,
        "catalog: credentials": user_id in tables.credentials,
        "catalog: sign_ins": owned(tables.sign_ins, "user_id"),
        "catalog: api_keys": owned(tables.api_keys, "user_id"),
        "catalog: identities": owned(tables.identities, "user_id"),
        "catalog: mailed_tokens": owned(tables.mailed_tokens, "user_id"),
        "catalog: agents": owned(tables.agents),
        "catalog: link_seeds": user_id in tables.link_seeds,
        "catalog: audit_log": sum(
            (entry.user_id == user_id and bool(entry.address or entry.details))
            or (entry.actor_id == user_id and bool(entry.address))
            for entry in tables.audit.values()
        ),
        "catalog: idempotency_keys": sum(owner == user_id for owner, _ in tables.catalog_keys),
        "shard 0: sessions": owned(tables.sessions),
        "shard 0: runs": owned(tables.runs),
        "shard 0: shares": owned(tables.shares),
        "shard 0: usage_entries": owned(tables.usage),
        "shard 0: idempotency_keys": sum(owner == user_id for owner, _ in tables.shard_keys),
        "shard 0: messages": sum(session_id not in tables.sessions for session_id in tables.messages),
    }


def _remove(tables: Tables, user_id: UserId) -> None:
    if user_id in tables.users:
        tables.drop_user(user_id)
    for session in [one for one in tables.sessions.values() if one.owner_id == user_id]:
        tables.drop_session(session.id)
    drop_where(tables.runs, lambda run: run.owner_id == user_id)
    drop_where(tables.shares, lambda share: share.owner_id == user_id)
    drop_where(tables.usage, lambda entry: entry.owner_id == user_id)
    drop_keys(tables.shard_keys, user_id)
    for orphaned in [session_id for session_id in tables.messages if session_id not in tables.sessions]:
        del tables.messages[orphaned]
