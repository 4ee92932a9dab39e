"""Owners who write all the time through several nodes, and look after each acknowledgement whether every node shows it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import asyncpg

from application.paging import PageRequest
from domain.runs.run import Run, Usage
from domain.sessions.message import Message, MessageStatus, TextPart
from domain.sessions.session import Session
from domain.shared.errors import StaleWrite, Unavailable
from domain.shared.identifiers import MessageId, SessionId, UserId, bucket_of
from tests.integration.postgres.moving.world import Node, World, entropy
from tests.support.builders import LATER, new_session, said
from tests.support.storing import store_session

_PAUSE = 0.01
_OPENED_EVERY = 25


@dataclass
class Owner:
    """One owner's conversation as its owner knows it."""

    id: UserId
    session: Session
    acknowledged: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    concluded: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    seen: int = 0

    @property
    def bucket(self) -> int:
        return bucket_of(self.id)


class Traffic:
    """Everybody writes until the block ends; what is refused as unavailable is counted, and left unsure."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes, self.owners = nodes, list[Owner]()
        self.looks = 0
        self._names = count()

    @classmethod
    @asynccontextmanager
    async def of(cls, nodes: Sequence[Node], owners: Sequence[UserId]) -> AsyncIterator["Traffic"]:
        traffic = cls(nodes)
        for owner in owners:
            traffic.owners.append(Owner(owner, await store_session(nodes[0].shards, owner)))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for one in traffic.owners:
                tasks.create_task(traffic._converse(one, stop))
            try:
                yield traffic
            finally:
                stop.set()

    def any_node(self) -> Node:
        return random.choice(self.nodes)

    async def _converse(self, owner: Owner, stop: asyncio.Event) -> None:
        for turn in count():
            if stop.is_set():
                return
            await self._exchange(owner)
            if turn % _OPENED_EVERY == 0:
                await self._open(owner)
            if turn % (2 * _OPENED_EVERY) == _OPENED_EVERY + 3 and owner.opened:
                await self._remove(owner)
            await asyncio.sleep(_PAUSE * random.random())

    async def _exchange(self, owner: Owner) -> None:
        """Say something on one node, look on all of them, and let another one conclude the run."""
        name = f"c-{next(self._names)}"
        outcome = await self._say(owner, name)
        if outcome is None:
            owner.unsure.append(name)
            return
        message, run = outcome
        owner.acknowledged.append(name)
        await self._look(owner, message)
        if await self._conclude(owner, run):
            owner.concluded.append(run.id)

    async def _say(self, owner: Owner, name: str) -> tuple[Message, Run] | None:
        while True:
            try:
                async with self.any_node().shards.open(owner.id) as unit:
                    session = await unit.sessions.get(owner.session.id)
                    message, run = said(session, f"I say {name}.", name)
                    unit.sessions.save(session)
                    unit.messages.add(message)
                    unit.runs.add(run)
                    unit.keys.add(owner.id, name, b"request", {"told": name})
                    await unit.commit()
            except StaleWrite:
                continue
            except Unavailable:
                return None
            owner.keys.append(name)
            return message, run

    async def _look(self, owner: Owner, message: Message) -> None:
        """Whichever node is asked, what was acknowledged is there, and nothing that was seen is gone again."""
        for node in self.nodes:
            excerpt = await node.sessions.read_messages(owner.id, owner.session.id, PageRequest(1))
            assert excerpt is not None, "the session is gone"
            newest = excerpt.messages.items[0].seq
            assert newest >= message.seq, f"{message.seq} was acknowledged, and {newest} is the newest that is read"
            assert newest >= owner.seen, f"{owner.seen} was seen, and then {newest}"
            owner.seen = newest
            self.looks += 1

    async def _conclude(self, owner: Owner, run: Run) -> bool:
        while True:
            try:
                async with self.any_node().shards.open(owner.id) as unit:
                    session, stored = await unit.sessions.get(owner.session.id), await unit.runs.get(run.id)
                    if stored.status.terminal:
                        return True
                    stored.complete(Usage(11, 7), last_seq=9, now=LATER)
                    reply_id = MessageId(entropy.identifier("message", owner.bucket))
                    reply = session.reply(reply_id, (TextPart("So be it."),), run.id, MessageStatus.COMPLETED, now=LATER)
                    session.release(run.id, None, now=LATER)
                    unit.sessions.save(session)
                    unit.messages.add(reply)
                    unit.runs.save(stored)
                    await unit.commit()
            except StaleWrite:
                continue
            except Unavailable:
                continue
            return True

    async def _open(self, owner: Owner) -> None:
        """Begin another session, which only inserts."""
        session = new_session(owner.id)
        try:
            async with self.any_node().shards.open(owner.id) as unit:
                unit.sessions.add(session)
                await unit.commit()
        except Unavailable:
            return
        owner.opened.append(session.id)
        view = await self.any_node().sessions.find(owner.id, session.id)
        assert view is not None, "a session that was opened is not there"

    async def _remove(self, owner: Owner) -> None:
        """Delete one of those sessions; nothing may bring it back."""
        session_id = SessionId(owner.opened.pop())
        try:
            async with self.any_node().shards.open(owner.id) as unit:
                unit.sessions.remove(await unit.sessions.get(session_id))
                await unit.commit()
        except Unavailable:
            return
        owner.removed.append(session_id)
        assert await self.any_node().sessions.find(owner.id, session_id) is None, "a session that was deleted is there"

    async def require_exact(self, world: World, homes: Sequence[int]) -> None:
        """Everything that was acknowledged is there once, on the shard where its owner lives, and nowhere else."""
        for owner, home in zip(self.owners, homes, strict=True):
            for shard, dsn in enumerate(world.shards):
                connection = await asyncpg.connect(dsn)
                try:
                    await (_require_all if shard == home else _require_nothing)(connection, owner)
                finally:
                    await connection.close()

    @property
    def unsure(self) -> int:
        return sum(len(owner.unsure) for owner in self.owners)

    @property
    def acknowledged(self) -> int:
        return sum(len(owner.acknowledged) for owner in self.owners)


async def _require_all(connection: "asyncpg.Connection[asyncpg.Record]", owner: Owner) -> None:
    rows = await connection.fetch(
        "SELECT seq, client_message_id FROM shard.messages WHERE session_id = $1 ORDER BY seq", owner.session.id
    )
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "the numbers have gaps"
    head = await connection.fetchval("SELECT head_seq FROM shard.sessions WHERE id = $1", owner.session.id)
    assert head == len(rows)
    names = [row["client_message_id"] for row in rows if row["client_message_id"]]
    assert len(names) == len(set(names)), "a message is there twice"
    assert set(owner.acknowledged) <= set(names), "an acknowledged message is lost"
    assert set(names) <= {*owner.acknowledged, *owner.unsure}
    keys = {row["key"] for row in await connection.fetch("SELECT key FROM shard.idempotency_keys WHERE owner_id = $1", owner.id)}
    assert set(owner.keys) <= keys
    sessions = {row["id"] for row in await connection.fetch("SELECT id FROM shard.sessions WHERE owner_id = $1", owner.id)}
    assert {owner.session.id, *owner.opened} <= sessions, "a session is lost"
    assert not set(owner.removed) & sessions, "a deleted session is back"
    ended = {
        row["id"]
        for row in await connection.fetch("SELECT id FROM shard.runs WHERE owner_id = $1 AND finished_at IS NOT NULL", owner.id)
    }
    assert set(owner.concluded) <= ended, "a run that was concluded is open again"


async def _require_nothing(connection: "asyncpg.Connection[asyncpg.Record]", owner: Owner) -> None:
    for table in ("sessions", "messages", "runs", "idempotency_keys", "shares"):
        found = await connection.fetchval(f"SELECT count(*) FROM shard.{table} WHERE bucket = $1", owner.bucket)
        assert found == 0, f"{found} {table} are on two shards"
