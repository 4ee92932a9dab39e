"""Share a session no longer."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.shards import Shards
from domain.sessions.share import ShareNotFound, SharesRevoked
from domain.shared.identifiers import SessionId, ShareId


@dataclass(frozen=True, slots=True)
class RevokeShareCommand:
    """Of which session."""

    actor: Actor
    session_id: SessionId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RevokedShare:
    """What is left of a share."""

    id: ShareId


@dataclass(frozen=True, slots=True)
class RevokeShare:
    """Ends a link for ever: sharing the session again makes another."""

    shards: Shards

    async def execute(self, command: RevokeShareCommand) -> RevokedShare:
        """Return which share it was; ShareNotFound when the caller has no such session, or it is not shared."""
        return await carry_out(command.once, lambda: self._revoke(command))

    async def _revoke(self, command: RevokeShareCommand) -> RevokedShare:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            revoked = await recall(unit.keys, once, owner, RevokedShare)
            if revoked is not None:
                return revoked
            share = await unit.shares.find(command.session_id)
            if share is None:
                raise ShareNotFound("This session is not shared.")
            unit.shares.remove(share)
            unit.record(SharesRevoked((share.id,)))
            remember(unit.keys, once, owner, RevokedShare(share.id))
            await unit.commit()
        return RevokedShare(share.id)
