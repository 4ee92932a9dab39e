"""Stop a reply."""

from dataclasses import dataclass

from application.actor import Actor
from application.runs.views import RunView
from application.stopping import RunStopper
from domain.runs.run import RunNotFound
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class CancelRunCommand:
    """Which run."""

    actor: Actor
    run_id: RunId


@dataclass(frozen=True, slots=True)
class CancelRun:
    """Stops one of the caller's runs and keeps the text so far; stopping an ended run changes nothing."""

    stopper: RunStopper

    async def execute(self, command: CancelRunCommand) -> RunView:
        """Return the run as it is afterwards; RunNotFound."""
        run = await self.stopper.stop(command.actor.user_id, command.run_id)
        if run is None:
            raise RunNotFound(f"There is no run {command.run_id}.")
        return run
