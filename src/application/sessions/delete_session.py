"""Delete a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.ports.shards import Shards
from application.stopping import RunStopper
from domain.sessions.share import SharesRevoked
from domain.shared.identifiers import SessionId


@dataclass(frozen=True, slots=True)
class DeleteSessionCommand:
    """Which session."""

    actor: Actor
    session_id: SessionId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class DeleteSession:
    """Deletes one of the caller's sessions with its messages, runs and share; a reply being made is stopped first."""

    shards: Shards
    stopper: RunStopper

    async def execute(self, command: DeleteSessionCommand) -> None:
        """Delete the session; SessionNotFound."""
        await carry_out(command.once, lambda: self._delete(command))

    async def _delete(self, command: DeleteSessionCommand) -> None:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            if await recall(unit.keys, once, owner, Done) is not None:
                return
            session = await unit.sessions.get(command.session_id)
            while session.active_run_id is not None:
                await self.stopper.stop(session.owner_id, session.active_run_id)
                session = await unit.sessions.get(command.session_id)
            share = await unit.shares.find(session.id)
            unit.sessions.remove(session)
            if share is not None:
                unit.record(SharesRevoked((share.id,)))
            unit.record(session.changed())
            remember(unit.keys, once, owner, Done())
            await unit.commit()
