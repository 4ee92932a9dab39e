"""Units of work on the one shard that there is in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy

from adapters.memory.constraints import require_as_read, require_free_chat, require_new, require_next
from adapters.memory.idempotency import MemoryKeys
from adapters.memory.shares import MemoryShares
from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables, drop_keys, drop_where
from application.ports.shards import MessageRepository, RunRepository, SessionRepository, Shards, ShardUnitOfWork, UsageRepository
from domain.analytics.usage import UsageEntry
from domain.runs.run import Run, RunNotFound, RunStatus
from domain.sessions.message import Message
from domain.sessions.session import Session, SessionNotFound
from domain.shared.errors import StaleWrite
from domain.shared.events import DomainEvent
from domain.shared.identifiers import RunId, SessionId, UserId


class MemorySessions(SessionRepository):
    """Sessions of one owner."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def get(self, session_id: SessionId) -> Session:
        """Read a copy now."""
        session = (await self._staging.store.read()).sessions.get(session_id)
        if session is None or session.owner_id != self._owner_id:
            raise SessionNotFound(f"There is no session {session_id}.")
        return deepcopy(session)

    async def list_some(self, limit: int) -> Sequence[Session]:
        """Read copies now."""
        own = [one for one in (await self._staging.store.read()).sessions.values() if one.owner_id == self._owner_id]
        return deepcopy(sorted(own, key=lambda session: session.id)[:limit])

    def add(self, session: Session) -> None:
        """Stage a copy."""
        fresh = deepcopy(session)

        def insert(tables: Tables) -> None:
            require_new(tables.sessions, fresh.id)
            require_free_chat(tables, fresh)
            tables.sessions[fresh.id] = fresh

        self._staging.add(insert)

    def save(self, session: Session) -> None:
        """Stage a copy."""
        self._staging.save(lambda tables: tables.sessions, session.id, session)

    def remove(self, session: Session) -> None:
        """Stage the deletion with messages, runs and share."""
        session_id, version = session.id, session.version

        def delete(tables: Tables) -> None:
            require_as_read(tables.sessions, session_id, version)
            tables.drop_session(session_id)

        self._staging.remove(delete)

    def remove_all(self) -> None:
        """Stage the deletion of every session and key of the owner's."""

        def delete(tables: Tables) -> None:
            for session in [one for one in tables.sessions.values() if one.owner_id == self._owner_id]:
                tables.drop_session(session.id)
            drop_where(tables.usage, lambda entry: entry.owner_id == self._owner_id)
            drop_keys(tables.shard_keys, self._owner_id)

        self._staging.add(delete)


class MemoryMessages(MessageRepository):
    """Messages."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def add(self, message: Message) -> None:
        """Stage the message."""

        def insert(tables: Tables) -> None:
            require_next(tables, message)
            tables.messages[message.session_id] = (*tables.messages.get(message.session_id, ()), message)

        self._staging.add(insert)

    def supersede(self, message: Message) -> None:
        """Stage that it is passed over."""
        self._staging.add(lambda tables: tables.superseded.update({message.id: message.session_id}))


class MemoryRuns(RunRepository):
    """Runs of one owner."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def get(self, run_id: RunId) -> Run:
        """Read a copy now."""
        run = (await self._staging.store.read()).runs.get(run_id)
        if run is None or run.owner_id != self._owner_id:
            raise RunNotFound(f"There is no run {run_id}.")
        return deepcopy(run)

    async def next_queued(self, session_id: SessionId) -> Run | None:
        """Read a copy now."""
        own = [run for run in (await self._staging.store.read()).runs.values() if run.owner_id == self._owner_id]
        queued = [run for run in own if run.session_id == session_id and run.status is RunStatus.QUEUED]
        return deepcopy(min(queued, key=lambda run: run.message_seq, default=None))

    def add(self, run: Run) -> None:
        """Stage a copy."""
        fresh = deepcopy(run)

        def insert(tables: Tables) -> None:
            require_new(tables.runs, fresh.id)
            tables.runs[fresh.id] = fresh

        self._staging.add(insert)

    def save(self, run: Run) -> None:
        """Stage a copy."""
        self._staging.save(lambda tables: tables.runs, run.id, run)


class MemoryUsage(UsageRepository):
    """The ledger; days are summed by who reads them."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    def book(self, entry: UsageEntry) -> None:
        """Stage the entry."""

        def insert(tables: Tables) -> None:
            if entry.id in tables.usage:
                raise StaleWrite("Somebody else was faster.")
            tables.usage[entry.id] = entry

        self._staging.add(insert)

    def forget(self, entry_ids: Sequence[str]) -> None:
        """Stage the deletion."""
        gone = frozenset(entry_ids)
        self._staging.add(
            lambda tables: drop_where(tables.usage, lambda one: one.owner_id == self._owner_id and one.id in gone)
        )


class MemoryShardUnitOfWork(ShardUnitOfWork):
    """Collects; commits at once."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging = staging
        self.sessions, self.messages = MemorySessions(staging, owner_id), MemoryMessages(staging)
        self.runs, self.shares = MemoryRuns(staging, owner_id), MemoryShares(staging, owner_id)
        self.usage = MemoryUsage(staging, owner_id)
        self.keys = MemoryKeys(staging, lambda tables: tables.shard_keys)

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._staging.record(event)

    async def commit(self) -> None:
        """Store it all."""
        await self._staging.commit()


class MemoryShards(Shards):
    """The shard's part of the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @asynccontextmanager
    async def open(self, owner_id: UserId) -> AsyncIterator[ShardUnitOfWork]:
        """Begin a unit of work."""
        yield MemoryShardUnitOfWork(Staging(self._store, "shard-0"), owner_id)
