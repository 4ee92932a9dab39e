"""A deployment whose rows all agree, for tests that spoil one of them."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.routing import BucketRouting, load_or_create_map
from adapters.postgres.shards import PostgresShards
from application.consistency.check_consistency import Finding, Patience, Report
from domain.consistency.faults import Code
from domain.runs.run import Run, RunError, Usage
from domain.sessions.message import MessageStatus, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import MessageId, UserId, bucket_of
from domain.users.user import User
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.settings import Settings
from tests.contracts.ports.shares import store_share
from tests.support.builders import LATER, NODE, new_session
from tests.support.storing import answer, say, store_agent, store_user

AT_ONCE = Patience(usual=0.02, unmade=0.02)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A shared session in which two replies were completed, one was stopped early, one failed, one streams, and one waits."""

    user: User
    session: Session
    completed: Run
    stopped: Run
    failed: Run
    streaming: Run
    queued: Run


class Deployment:
    """Databases, what is in them, and the check."""

    def __init__(self, dsns: list[str], entropy: MemoryEntropy) -> None:
        self.settings = Settings(shard_dsns=tuple(dsns), redis_url="redis://127.0.0.1:1")
        self._databases = [Database(dsn, name=f"shard {number}", patience=20) for number, dsn in enumerate(dsns)]
        self._entropy = entropy
        self.catalog = PostgresCatalog(self._databases[0], entropy)

    async def open(self) -> None:
        """Make the map, the agent and a living node."""
        shard_map = await load_or_create_map(self._databases[0], len(self._databases))
        self.placement = Placement(BucketRouting(shard_map), self._databases)
        self.shards = PostgresShards(self.placement, self._entropy)
        self.agent = await store_agent(self.catalog)
        for shard in range(len(self._databases)):
            await self.sql("INSERT INTO shard.nodes (id, alive_until) VALUES ($1, now() + interval '1 hour')", NODE, shard=shard)

    async def close(self) -> None:
        """Close the connections."""
        for database in self._databases:
            await database.close()

    async def sql(self, text: str, *values: Any, shard: int = 0) -> list[Any]:
        """Run a statement on a shard (the first is the catalog too), past all that the application would refuse."""
        connection = await asyncpg.connect(self.settings.shard_dsns[shard])
        try:
            return list(await connection.fetch(text, *values))
        finally:
            await connection.close()

    async def copy(self, bucket: int, *tables: str, source: int, target: int) -> None:
        """Copy the rows of a bucket, as a move does."""
        for table in tables:
            [[rows]] = await self.sql(f"SELECT json_agg(t)::text FROM shard.{table} t WHERE bucket = $1", bucket, shard=source)
            copied = f"INSERT INTO shard.{table} SELECT * FROM json_populate_recordset(null::shard.{table}, $1::text::json)"
            await self.sql(copied, rows, shard=target)

    async def user_of(self, shard: int) -> User:
        """Return a new user who is at home there."""
        while True:
            user = await store_user(self.catalog)
            if bucket_of(user.id) * len(self._databases) // 4096 == shard:
                return user

    async def session(self, user: User) -> Session:
        """Return an empty session that is stored."""
        session = new_session(user.id)
        session.agent_id = self.agent.id
        async with self.shards.open(user.id) as unit:
            unit.sessions.add(session)
            await unit.commit()
        return session

    async def conversation(self, shard: int = 0) -> Conversation:
        """Return a conversation that is stored."""
        user = await self.user_of(shard)
        session = await self.session(user)
        completed, stopped, failed = [await self._ended(session, how) for how in ("completed", "stopped", "failed")]
        await self._ended(session, "completed")
        _, streaming = await say(self.shards, session)
        _, queued = await say(self.shards, session)
        async with self.shards.open(user.id) as unit:
            unit.keys.add(user.id, "a key of the client's", b"", "done")
            await unit.commit()
        await store_share(self.shards, session)
        return Conversation(user, session, completed, stopped, failed, streaming, queued)

    async def check(self, **options: Any) -> list[Finding]:
        """Return what the check tells."""
        return (await self.checked(**options))[0]

    async def checked(self, *, settings: Settings | None = None, **options: Any) -> tuple[list[Finding], Report]:
        """Return what the check tells, and its report."""
        found: list[Finding] = []
        with_patience = {"patience": AT_ONCE} | options
        report = await check_consistency(settings or self.settings, CheckOptions(**with_patience), found.append)
        return found, report

    def id_of(self, prefix: str, owner_id: UserId) -> str:
        """Return a new identifier in the owner's bucket."""
        return self._entropy.identifier(prefix, bucket_of(owner_id))

    async def _ended(self, session: Session, how: str) -> Run:
        _, run = await say(self.shards, session)
        if how == "completed":
            await answer(self.shards, session, run)
            return run
        message_id = MessageId(self.id_of("message", session.owner_id))
        async with self.shards.open(session.owner_id) as unit:
            if how == "stopped":
                unit.messages.add(session.reply(message_id, (TextPart("Hel"),), run.id, MessageStatus.CANCELLED, now=LATER))
                run.cancel(Usage(1, 1), last_seq=3, now=LATER)
            else:
                run.fail(RunError("empty_reply", "The model sent no text."), Usage(1, 0), last_seq=3, now=LATER)
            session.release(run.id, None, now=LATER)
            unit.sessions.save(session)
            unit.runs.save(run)
            await unit.commit()
        return run


def codes(findings: list[Finding]) -> list[Code]:
    """Return the kinds of what was found, in order."""
    return sorted(finding.fault.code for finding in findings)
