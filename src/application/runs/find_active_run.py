"""Which reply is being made in a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.shards import Shards
from domain.shared.identifiers import RunId, SessionId


@dataclass(frozen=True, slots=True)
class FindActiveRun:
    """The run whose turn it is in one of the caller's sessions, as it stands at this moment."""

    shards: Shards

    async def execute(self, actor: Actor, session_id: SessionId) -> RunId | None:
        """Return the run, or None when no reply is being made; SessionNotFound."""
        async with self.shards.open(actor.user_id) as unit:
            return (await unit.sessions.get(session_id)).active_run_id
