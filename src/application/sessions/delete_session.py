"""Delete a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.shards import Shards
from application.retrying import again_when_stale
from application.stopping import RunStopper
from domain.shared.identifiers import SessionId


@dataclass(frozen=True, slots=True)
class DeleteSessionCommand:
    """Which session."""

    actor: Actor
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class DeleteSession:
    """Deletes one of the caller's sessions with its messages and runs; a reply being made is stopped first."""

    shards: Shards
    stopper: RunStopper

    async def execute(self, command: DeleteSessionCommand) -> None:
        """Delete the session; SessionNotFound."""
        await again_when_stale(lambda: self._delete(command))

    async def _delete(self, command: DeleteSessionCommand) -> None:
        async with self.shards.open(command.actor.user_id) as unit:
            session = await unit.sessions.get(command.session_id)
            while session.active_run_id is not None:
                await self.stopper.stop(session.owner_id, session.active_run_id)
                session = await unit.sessions.get(command.session_id)
            unit.sessions.remove(session)
            unit.record(session.changed())
            await unit.commit()
