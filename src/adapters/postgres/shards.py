"""Units of work on a shard."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import BindParameter, Integer, SmallInteger, bindparam, delete, func, select, text, true, update

from adapters.postgres.idempotency import SHARD_STATEMENTS, PostgresKeys
from adapters.postgres.paging import in_range
from adapters.postgres.placement import Placement
from adapters.postgres.rows import message_columns, run_columns, run_from, session_columns, session_from
from adapters.postgres.shares import PostgresShares
from adapters.postgres.staging import Staging, insertion, removal, replacement
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MESSAGES, RUNS, SESSIONS, SHARD_OUTBOX
from adapters.postgres.usage import FORGET_USAGE, PostgresUsage
from application.ports.entropy import Entropy
from application.ports.shards import MessageRepository, RunRepository, SessionRepository, Shards, ShardUnitOfWork
from domain.runs.run import Run, RunNotFound
from domain.sessions.message import Message
from domain.sessions.session import Session, SessionNotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import RunId, SessionId, UserId, bucket_of

_id: Final[BindParameter[str]] = bindparam("id")
_owner: Final[BindParameter[str]] = bindparam("owner_id")
_SESSION: Final = Statement(select(SESSIONS).where(SESSIONS.c.id == _id, SESSIONS.c.owner_id == _owner), "sessions.get")
_place: Final = (SESSIONS.c.owner_id, SESSIONS.c.id)
_SOME: Final = Statement(
    select(SESSIONS).where(*in_range(_place, [_owner], None, down=False)).order_by(*_place)
    .limit(bindparam("limit", type_=Integer)),
    "sessions.list_some",
)
_ADD_SESSION: Final = insertion(SESSIONS)
_SAVE_SESSION: Final = replacement(
    SESSIONS, "title", "metadata", "head_seq", "archived", "active_run_id", "waiting", "updated_at"
)
_REMOVE_SESSION: Final = removal(SESSIONS)
_REMOVE_ALL: Final = Statement(delete(SESSIONS).where(SESSIONS.c.owner_id == _owner), "sessions.remove_all")
_REQUIRE_HOME: Final = Statement(select(func.shard.require_home(bindparam("bucket", type_=SmallInteger))), "fences.require_none")
_ADD_MESSAGE: Final = insertion(MESSAGES)
_SUPERSEDE: Final = Statement(
    update(MESSAGES).where(MESSAGES.c.session_id == bindparam("session_id"), MESSAGES.c.seq == bindparam("message_seq"))
    .values(superseded=true()),
    "messages.supersede",
)
_RUN: Final = Statement(select(RUNS).where(RUNS.c.id == _id, RUNS.c.owner_id == _owner), "runs.get")
_ADD_RUN: Final = insertion(RUNS)
_SAVE_RUN: Final = replacement(
    RUNS, "status", "attempt", "input_tokens", "output_tokens", "error_code", "error_message", "finished_at", "last_seq", "node",
    "losses", "cancel_requested",
)
_NEXT_QUEUED: Final = Statement(
    select(RUNS).where(RUNS.c.session_id == bindparam("session_id"), RUNS.c.owner_id == _owner, RUNS.c.status == text("'queued'"))
    .order_by(RUNS.c.message_seq).limit(bindparam("limit")),
    "runs.next_queued",
)
_OUTBOX: Final = insertion(SHARD_OUTBOX, "id", "kind", "payload")


class PostgresSessions(SessionRepository):
    """Sessions of one owner; messages, runs and shares go with theirs by a trigger."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def get(self, session_id: SessionId) -> Session:
        """Read the session now."""
        row = await self._staging.database.row(_SESSION, id=session_id, owner_id=self._owner_id)
        if row is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return session_from(row)

    async def list_some(self, limit: int) -> Sequence[Session]:
        """Read them now."""
        return [session_from(row) for row in await self._staging.database.rows(_SOME, owner_id=self._owner_id, limit=limit)]

    def add(self, session: Session) -> None:
        """Stage the row."""
        self._require_home()
        self._staging.add(_ADD_SESSION, session_columns(session))

    def save(self, session: Session) -> None:
        """Stage the new values."""
        self._staging.save(_SAVE_SESSION, session.id, session, session_columns(session))

    def remove(self, session: Session) -> None:
        """Stage the deletion."""
        self._staging.remove(_REMOVE_SESSION, session.id, session.version)

    def remove_all(self) -> None:
        """Stage the deletion of every session, entry and key of the owner's."""
        self._require_home()
        for statement in (_REMOVE_ALL, *FORGET_USAGE, SHARD_STATEMENTS.forget_owner):
            self._staging.add(statement, {"owner_id": self._owner_id})

    def _require_home(self) -> None:
        """Stage the question whether the owner lives here: what changes no stored row would succeed where the owner has left."""
        self._staging.begin_with(_REQUIRE_HOME, {"bucket": bucket_of(self._owner_id)})


class PostgresMessages(MessageRepository):
    """Messages."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def add(self, message: Message) -> None:
        """Stage the row."""
        self._staging.add(_ADD_MESSAGE, message_columns(message))

    def supersede(self, message: Message) -> None:
        """Stage the mark."""
        self._staging.add(_SUPERSEDE, {"session_id": message.session_id, "message_seq": message.seq})


class PostgresRuns(RunRepository):
    """Runs of one owner."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def get(self, run_id: RunId) -> Run:
        """Read the run now."""
        row = await self._staging.database.row(_RUN, id=run_id, owner_id=self._owner_id)
        if row is None:
            raise RunNotFound(f"There is no run {run_id}.")
        return run_from(row)

    async def next_queued(self, session_id: SessionId) -> Run | None:
        """Read the run now."""
        row = await self._staging.database.row(_NEXT_QUEUED, session_id=session_id, owner_id=self._owner_id, limit=1)
        return None if row is None else run_from(row)

    def add(self, run: Run) -> None:
        """Stage the row."""
        self._staging.add(_ADD_RUN, run_columns(run))

    def save(self, run: Run) -> None:
        """Stage the new values."""
        self._staging.save(_SAVE_RUN, run.id, run, run_columns(run))


class PostgresShardUnitOfWork(ShardUnitOfWork):
    """Collects; commits in one statement."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging = staging
        self.sessions, self.messages = PostgresSessions(staging, owner_id), PostgresMessages(staging)
        self.runs, self.shares = PostgresRuns(staging, owner_id), PostgresShares(staging, owner_id)
        self.usage = PostgresUsage(staging, owner_id)
        self.keys = PostgresKeys(staging, SHARD_STATEMENTS)

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._staging.record(event)

    async def commit(self) -> None:
        """Write it all."""
        await self._staging.commit()


class PostgresShards(Shards):
    """The shards' databases."""

    def __init__(self, placement: Placement, entropy: Entropy) -> None:
        self._placement, self._entropy = placement, entropy

    @asynccontextmanager
    async def open(self, owner_id: UserId) -> AsyncIterator[ShardUnitOfWork]:
        """Begin a unit of work; nothing is held until the commit."""
        staging = Staging(self._placement.of(owner_id), _OUTBOX, "shard", self._entropy)
        yield PostgresShardUnitOfWork(staging, owner_id)
