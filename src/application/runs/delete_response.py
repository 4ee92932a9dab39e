"""Delete a response."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.ports.clock import Clock
from application.ports.responses import ResponseReader
from application.ports.shards import Shards
from application.runs.views import ResponseView
from application.stopping import RunStopper
from domain.runs.run import RunNotFound
from domain.shared.identifiers import RunId, UserId


@dataclass(frozen=True, slots=True)
class DeleteResponseCommand:
    """Which run's."""

    actor: Actor
    run_id: RunId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class DeleteResponse:
    """Takes an exchange out of its session: what was said and the reply are shown to nobody, no model, and count as gone.

    Their numbers stay taken, for a session is append-only; what was booked stays booked. A reply being made is stopped first.
    """

    shards: Shards
    responses: ResponseReader
    stopper: RunStopper
    clock: Clock

    async def execute(self, command: DeleteResponseCommand) -> None:
        """Delete the response; RunNotFound, RunActive while another reply is being made in the session."""
        await carry_out(command.once, lambda: self._delete(command))

    async def _delete(self, command: DeleteResponseCommand) -> None:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            if await recall(unit.keys, once, owner, Done) is not None:
                return
            found = await self._find(owner, command.run_id)
            if not found.run.status.terminal:
                await self.stopper.stop(owner, command.run_id)
            session = await unit.sessions.get(found.run.session_id)
            session.take_out(now=self.clock.now())
            found = await self._find(owner, command.run_id)
            unit.messages.supersede(found.said)
            if found.reply is not None and found.reply.id != found.said.id:
                unit.messages.supersede(found.reply)
            unit.sessions.save(session)
            unit.record(session.changed())
            remember(unit.keys, once, owner, Done())
            await unit.commit()

    async def _find(self, owner_id: UserId, run_id: RunId) -> ResponseView:
        found = await self.responses.find(owner_id, run_id)
        if found is None:
            raise RunNotFound(f"There is no response {run_id}.")
        return found
