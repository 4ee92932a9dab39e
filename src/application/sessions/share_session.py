"""Share a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.link_seeds import LinkSeeds
from application.ports.readers import AgentReader
from application.ports.shards import Shards, ShardUnitOfWork
from application.sessions.links import Link, link_to
from application.sessions.views import ShareView
from domain.agents.agent import Visibility
from domain.sessions.session import Session
from domain.sessions.share import SessionShared, Share, SharedAgent, Snapshot, secret_of_link
from domain.shared.identifiers import AgentId, SessionId, ShareId, bucket_of
from domain.shared.secrets import fingerprint


@dataclass(frozen=True, slots=True)
class ShareSessionCommand:
    """Which session."""

    actor: Actor
    session_id: SessionId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class ShareSession:
    """Makes a link to what has been said so far; a session that is shared keeps its link, which shows what is there now."""

    shards: Shards
    agents: AgentReader
    seeds: LinkSeeds
    clock: Clock
    entropy: Entropy

    async def execute(self, command: ShareSessionCommand) -> Link:
        """Return the link; SessionNotFound."""
        seed = await self.seeds.of(command.actor.user_id)
        return link_to(await carry_out(command.once, lambda: self._share(command, seed)), seed)

    async def _share(self, command: ShareSessionCommand, seed: bytes) -> ShareView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            shared = await recall(unit.keys, once, owner, ShareView)
            if shared is not None:
                return shared
            session = await unit.sessions.get(command.session_id)
            share = await self._renewed(unit, session, seed) or await self._new(unit, session, seed)
            # Who removes the session at this moment finds that it has changed, looks again, and sees the share.
            unit.sessions.save(session)
            unit.record(SessionShared(share.id))
            remember(unit.keys, once, owner, ShareView.of(share))
            await unit.commit()
        return ShareView.of(share)

    async def _renewed(self, unit: ShardUnitOfWork, session: Session, seed: bytes) -> Share | None:
        share = await unit.shares.find(session.id)
        if share is not None:
            share.renew(fingerprint(secret_of_link(share.id, seed)), await self._snapshot(session))
            unit.shares.save(share)
        return share

    async def _new(self, unit: ShardUnitOfWork, session: Session, seed: bytes) -> Share:
        share_id, snapshot = ShareId(self.entropy.identifier("share", bucket_of(session.owner_id))), await self._snapshot(session)
        mark = fingerprint(secret_of_link(share_id, seed))
        share = Share(share_id, session.id, session.owner_id, mark, snapshot, snapshot.taken_at)
        unit.shares.add(share)
        return share

    async def _snapshot(self, session: Session) -> Snapshot:
        return Snapshot(session.title, await self._agent(session.agent_id), session.head_seq, self.clock.now())

    async def _agent(self, agent_id: AgentId) -> SharedAgent | None:
        agent = await self.agents.find(agent_id)
        if agent is None:
            return None
        return SharedAgent(agent.id if agent.visibility is Visibility.PUBLIC else None, agent.name)
