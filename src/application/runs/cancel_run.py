"""Stop a reply."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.shards import Shards
from application.runs.views import RunView
from application.stopping import RunStopper
from domain.runs.run import RunNotFound
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class CancelRunCommand:
    """Which run."""

    actor: Actor
    run_id: RunId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class CancelRun:
    """Stops one of the caller's runs and keeps the text so far; stopping an ended run changes nothing."""

    shards: Shards
    stopper: RunStopper

    async def execute(self, command: CancelRunCommand) -> RunView:
        """Return the run as it is afterwards; RunNotFound."""
        return await carry_out(command.once, lambda: self._cancel(command))

    async def _cancel(self, command: CancelRunCommand) -> RunView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            cancelled = await recall(unit.keys, once, owner, RunView)
            if cancelled is not None:
                return cancelled
            run = await self.stopper.stop(owner, command.run_id)
            if run is None:
                raise RunNotFound(f"There is no run {command.run_id}.")
            remember(unit.keys, once, owner, run)
            await unit.commit()
        return run
