"""What sharing tells the rest of the system, and what becomes of a link whose seed was lost."""

from dataclasses import dataclass, field

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader
from adapters.memory.records import MemoryConversationRecords
from adapters.memory.shards import MemoryShards
from adapters.memory.shares import MemoryShareReader
from adapters.memory.store import MemoryStore
from application.actor import Actor
from application.erasure.emptying import ShardEmptying
from application.idempotency import Once
from application.ports.link_seeds import LinkSeeds
from application.reactions.edge_keys import edge_keys_of
from application.sessions.delete_session import DeleteSession, DeleteSessionCommand
from application.sessions.links import Link
from application.sessions.queries import ReadShare, ReadShared
from application.sessions.revoke_share import RevokeShare, RevokeShareCommand
from application.sessions.share_session import ShareSession, ShareSessionCommand
from application.stopping import RunStopper
from domain.sessions.session import Session, SessionsRemoved
from domain.sessions.share import SessionShared, ShareNotFound, SharesRevoked
from domain.shared.identifiers import UserId
from domain.users.plan import Plan
from tests.support.storing import say, store_session
from tests.unit.idempotency.duplicates import Wanted


class RestoredSeeds(LinkSeeds):
    """Seeds that are others after the catalog was restored from before they were made."""

    def __init__(self) -> None:
        self.restored = 0

    async def of(self, owner_id: UserId) -> bytes:
        """Return the seed of this age."""
        return f"{owner_id} {self.restored}".encode().ljust(32)


@dataclass
class World:
    """The use cases over one store."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(HandClock()))
    seeds: RestoredSeeds = field(default_factory=RestoredSeeds)

    async def share(self, session: Session, once: Once | None = None) -> Link:
        """Share the session."""
        shards, agents = MemoryShards(self.store), MemoryAgentReader(self.store)
        case = ShareSession(shards, agents, self.seeds, self.store.clock, MemoryEntropy(seed=9))
        return await case.execute(ShareSessionCommand(_actor(session), session.id, once))

    async def read(self, link: Link) -> int:
        """Return how many messages the link shows."""
        shared = await ReadShared(MemoryShareReader(self.store)).execute(str(link.token), 0, 100)
        return len(shared.messages.items)

    async def events(self) -> list[object]:
        """Return what was told since this was asked before."""
        outbox = MemoryOutbox(self.store)
        envelopes = await outbox.claim(100)
        await outbox.done(envelopes)
        return [envelope.event for envelope in envelopes]


def _actor(session: Session) -> Actor:
    return Actor(session.owner_id, Plan.FREE)


async def test_the_edge_forgets_a_share_when_it_is_renewed_revoked_and_when_its_owner_is_erased() -> None:
    world = World()
    shards = MemoryShards(world.store)
    session = await store_session(shards)
    link = await world.share(session)
    await world.share(session)
    assert await world.events() == [SessionShared(link.share.id)] * 2
    await RevokeShare(shards).execute(RevokeShareCommand(_actor(session), session.id))
    assert await world.events() == [SharesRevoked((link.share.id,))]
    again = await world.share(session)
    await world.events()
    stopper = RunStopper(shards, MemoryRunReader(world.store), Wanted(), world.store.clock)
    emptying = ShardEmptying(shards, MemoryConversationRecords(world.store), stopper)
    await emptying.empty(session.owner_id)
    gone = SessionsRemoved(session.owner_id, (session.id,))
    assert await world.events() == [gone, SharesRevoked((again.share.id,))]
    await emptying.empty(session.owner_id)
    assert await world.events() == []


async def test_the_edge_forgets_a_share_whose_session_is_deleted() -> None:
    world = World()
    shards = MemoryShards(world.store)
    session, plain = await store_session(shards), await store_session(shards)
    link = await world.share(session)
    await world.events()
    stopper = RunStopper(shards, MemoryRunReader(world.store), Wanted(), world.store.clock)
    for one in (session, plain):
        await DeleteSession(shards, stopper).execute(DeleteSessionCommand(_actor(one), one.id))
    assert await world.events() == [SharesRevoked((link.share.id,)), session.changed(), plain.changed()]


def test_each_share_has_an_edge_key() -> None:
    events = [SessionShared("share_1"), SharesRevoked(("share_2", "share_3")), SharesRevoked(("share_1",))]  # type: ignore[arg-type]
    assert edge_keys_of(events) == ("share:share_1", "share:share_2", "share:share_3")


async def test_a_link_whose_seed_was_lost_still_opens_and_is_made_anew_by_sharing_again() -> None:
    world = World()
    session = await store_session(MemoryShards(world.store))
    await say(MemoryShards(world.store), session)
    lost = await world.share(session)
    world.seeds.restored += 1
    assert await world.read(lost) == 1
    told = await ReadShare(MemoryShareReader(world.store), world.seeds).execute(_actor(session), session.id)
    assert (told.share, told.token) == (lost.share, None)
    anew = await world.share(session)
    assert await world.read(anew) == 1
    with pytest.raises(ShareNotFound):
        await world.read(lost)


async def test_neither_the_share_nor_a_remembered_request_holds_the_secret() -> None:
    world = World()
    session = await store_session(MemoryShards(world.store))
    link = await world.share(session, Once("key", b"request"))
    assert (await world.share(session, Once("key", b"request"))) == link
    tables = await world.store.read()
    stored = repr((tables.shares, tables.shard_keys, tables.outbox))
    assert link.token is not None
    assert link.token[26:] not in stored
    assert link.share.fingerprint.hex() == next(iter(tables.shares.values())).fingerprint.hex()
