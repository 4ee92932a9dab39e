"""Accounts with something in every table, and processes that erase them until they are killed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.erasures import MemoryErasures
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader
from adapters.memory.records import MemoryConversationRecords
from adapters.memory.remains import MemoryRemains
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from adapters.system.no_replies import NoRepliesHere
from application.actor import Actor
from application.erasure.emptying import ShardEmptying
from application.erasure.erase_user import EraseUser, EraseUserCommand
from application.erasure.erasing import Erasing
from application.erasure.resume_erasures import ResumeErasures
from application.erasure.steps import EmptyShard, StripAudit
from application.ports.shards import Shards
from application.stopping import RunStopper
from domain.analytics.usage import UsageEntry
from domain.runs.run import Usage
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AuditEntryId, UserId
from domain.users.audit import AuditEntry
from domain.users.plan import Plan
from domain.users.user import User
from tests.support.builders import NOW, new_agent, new_run_id
from tests.support.storing import answer, say, store_agent, store_api_key, store_session, store_sign_in, store_user

T = TypeVar("T")


class Killed(BaseException):
    """The process is no more."""


class MortalStore(MemoryStore):
    """A store whose clients die at the change that comes after the next `lives`; None for never."""

    lives: int | None = None

    async def change(self, work: Callable[[Tables], T]) -> T:
        """Make the change, or die first."""
        if self.lives == 0:
            raise Killed
        if self.lives is not None:
            self.lives -= 1
        return await super().change(work)


@dataclass
class World:
    """One store, and what works on it."""

    store: MortalStore = field(default_factory=lambda: MortalStore(HandClock()))
    shards: Shards = field(init=False)

    def __post_init__(self) -> None:
        self.shards = MemoryShards(self.store)
        self.catalog, self.erasures = MemoryCatalog(self.store), MemoryErasures(self.store)
        self.remains = MemoryRemains(self.store)

    @property
    def hands(self) -> HandClock:
        """The clock."""
        assert isinstance(self.store.clock, HandClock)
        return self.store.clock

    def erasing(self) -> Erasing:
        """Return what a process erases with."""
        stopper = RunStopper(self.shards, MemoryRunReader(self.store), NoRepliesHere(), self.store.clock)
        emptying = ShardEmptying(self.shards, MemoryConversationRecords(self.store), stopper)
        return Erasing(self.erasures, self.remains, (EmptyShard(emptying), StripAudit(self.catalog)))

    async def erase(self, user: User) -> None:
        """Ask for the erasure as the user."""
        case = EraseUser(
            self.catalog, MemoryAgentReader(self.store), self.erasing(), self.store.clock, MemoryEntropy(seed=7)
        )
        await case.execute(EraseUserCommand(Actor(user.id, Plan.FREE)))

    async def resume(self) -> bool:
        """Be a worker for one turn."""
        return await ResumeErasures(self.erasing()).execute()

    async def resume_all(self) -> int:
        """Be a worker until nothing is left to erase; return how many turns that took."""
        turns = 0
        while await self.under_way():
            self.hands.advance(120)
            turns += await self.resume()
            assert turns < 20
        return turns

    async def under_way(self) -> list[UserId]:
        """Return who is being erased."""
        return list((await self.store.read()).erasures)

    async def left_of(self, user: User) -> list[str]:
        """Return where something of the user is left."""
        return sorted(await self.remains.find(user.id))

    async def events(self) -> list[DomainEvent]:
        """Return what was told and not asked for yet."""
        outbox = MemoryOutbox(self.store)
        envelopes = await outbox.claim(1000)
        await outbox.done(envelopes)
        return [one.event for one in envelopes]

    async def somebody(self, sessions: int = 2, replies: int = 1) -> User:
        """Return a user who has something of everything."""
        user = await store_user(self.catalog)
        await store_sign_in(self.catalog, user)
        await store_api_key(self.catalog, user)
        await store_agent(self.catalog, new_agent(user.id))
        for _ in range(sessions):
            await self.talk(user)
        async with self.shards.open(user.id) as unit:
            for _ in range(replies):
                unit.usage.book(
                    UsageEntry(new_run_id(user.id), user.id, None, None, "small", Usage(1, 1), 1, estimated=False, at=NOW)
                )
            unit.keys.add(user.id, "a key", b"request", NOW)
            await unit.commit()
        async with self.catalog.open() as unit:
            entry_id = AuditEntryId(user.id.replace("user", "audit"))
            unit.audit.note(AuditEntry(entry_id, user.id, "signed_in", NOW, address="192.0.2.7", details={"device": "phone"}))
            await unit.commit()
        return user

    async def talk(self, user: User) -> None:
        """Have a session with an exchange in it."""
        session = await store_session(self.shards, user.id)
        _, run = await say(self.shards, session)
        await answer(self.shards, session, run)
