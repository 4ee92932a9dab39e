"""Stop whatever reply is being made in a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.shards import Shards
from application.runs.views import RunView
from application.stopping import RunStopper
from domain.shared.identifiers import SessionId


@dataclass(frozen=True, slots=True)
class StopReplyCommand:
    """In which session."""

    actor: Actor
    session_id: SessionId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run that was stopped, as it is now; None when none was active."""

    run: RunView | None


@dataclass(frozen=True, slots=True)
class StopReply:
    """Stops the active run of one of the caller's sessions and keeps the text so far; where none is active nothing happens."""

    shards: Shards
    stopper: RunStopper

    async def execute(self, command: StopReplyCommand) -> Stopped:
        """Return what was stopped; SessionNotFound."""
        return await carry_out(command.once, lambda: self._stop(command))

    async def _stop(self, command: StopReplyCommand) -> Stopped:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            before = await recall(unit.keys, once, owner, Stopped)
            if before is not None:
                return before
            active = (await unit.sessions.get(command.session_id)).active_run_id
            stopped = Stopped(None if active is None else await self.stopper.stop(owner, active))
            remember(unit.keys, once, owner, stopped)
            await unit.commit()
        return stopped
