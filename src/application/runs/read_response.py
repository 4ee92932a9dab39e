"""Read a response."""

from dataclasses import dataclass

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.ports.responses import ResponseReader
from application.runs.views import ResponseView
from domain.runs.run import RunNotFound
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """One of the caller's runs with its messages; one whose exchange was taken out is gone."""

    responses: ResponseReader

    async def execute(self, actor: Actor, run_id: RunId, freshness: Freshness = Tolerance.FRESH) -> ResponseView:
        """Return the response; RunNotFound."""
        found = await self.responses.find(actor.user_id, run_id, freshness)
        if found is None:
            raise RunNotFound(f"There is no response {run_id}.")
        return found
