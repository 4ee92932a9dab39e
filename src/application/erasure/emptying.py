"""Removing all that an owner has on the shard, some at a time: however much it is, no statement takes long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.records import ConversationRecords
from application.ports.shards import Shards, ShardUnitOfWork
from application.retrying import again_when_stale
from application.stopping import RunStopper
from domain.sessions.session import Session, SessionsRemoved
from domain.sessions.share import SharesRevoked
from domain.shared.errors import Unavailable
from domain.shared.identifiers import ShareId, UserId

_MOST_SESSIONS: Final = 100
_MOST_MESSAGES: Final = 20_000
_MOST_ENTRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class ShardEmptying:
    """Empties an owner's shard: replies that are being made are stopped first, and caches and edges hear of what goes."""

    shards: Shards
    records: ConversationRecords
    stopper: RunStopper

    async def empty(self, owner_id: UserId) -> None:
        """Remove everything; Unavailable when the shard, or the end of a reply, is not to be had now."""
        while await self._forget_usage(owner_id):
            pass
        while await again_when_stale(lambda: self._remove_some(owner_id)):
            pass

    async def _forget_usage(self, owner_id: UserId) -> bool:
        """Leave of a long ledger as much as goes with the rest; tell whether there may be more."""
        entries = await self.records.list_usage(owner_id, "", _MOST_ENTRIES)
        if len(entries) < _MOST_ENTRIES:
            return False
        async with self.shards.open(owner_id) as unit:
            unit.usage.forget([entry.id for entry in entries])
            await unit.commit()
        return True

    async def _remove_some(self, owner_id: UserId) -> bool:
        """Remove some sessions, and with the last of them all else; tell whether there are more."""
        async with self.shards.open(owner_id) as unit:
            sessions = await unit.sessions.list_some(_MOST_SESSIONS)
            some = [await self._silenced(unit, session) for session in _few_enough(sessions)]
            last = len(some) < _MOST_SESSIONS and len(some) == len(sessions)
            shared = await _shares(unit, None if last else some)
            if last:
                unit.sessions.remove_all()
            else:
                for session in some:
                    unit.sessions.remove(session)
            if some:
                unit.record(SessionsRemoved(owner_id, tuple(session.id for session in some)))
            if shared:
                unit.record(SharesRevoked(shared))
            await unit.commit()
        return not last

    async def _silenced(self, unit: ShardUnitOfWork, session: Session) -> Session:
        session = await self.stopper.silenced(unit, session)
        if session.active_run_id is not None:
            raise Unavailable("A reply does not come to its end.")
        return session


def _few_enough(sessions: Sequence[Session]) -> Sequence[Session]:
    """Return the first of them, of not too many messages together, and at least one."""
    kept, messages = list[Session](), 0
    for session in sessions:
        messages += session.head_seq
        if kept and messages > _MOST_MESSAGES:
            break
        kept.append(session)
    return kept


async def _shares(unit: ShardUnitOfWork, sessions: Sequence[Session] | None) -> tuple[ShareId, ...]:
    """Return the shares of these sessions, or of all."""
    shared = await unit.shares.list_ids()
    if sessions is None or not shared:
        return shared
    found = [await unit.shares.find(session.id) for session in sessions]
    return tuple(share.id for share in found if share is not None)
