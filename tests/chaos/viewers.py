"""Those who watch replies being made."""

import asyncio
from random import Random

import aiohttp

from tests.chaos.history import History, Seen, Viewing
from tests.chaos.wire import AGAIN_LATER, NO_ANSWER, Line, answer_of, frames_of

_PAUSE_SECONDS = 0.1


class Viewer:
    """Watches runs over SSE: reconnects anywhere with its cursor for as long as it has not seen the end."""

    def __init__(self, name: str, line: Line, history: History, random: Random) -> None:
        self.name, self._line, self._history, self._random = name, line, history, random

    def begin(self, run_id: str, after: int = 0) -> Viewing:
        """Note that the viewer wants to see the run from a number on."""
        viewing = Viewing(self.name, run_id, after)
        self._history.viewings.append(viewing)
        return viewing

    async def follow(self, viewing: Viewing) -> None:
        """Watch the run to its end."""
        while not viewing.ended:
            try:
                await self._look(viewing)
            except NO_ANSWER as failure:
                viewing.connections.append(f"lost: {type(failure).__name__}")
                await asyncio.sleep(_PAUSE_SECONDS * self._random.random())

    async def read(self, viewing: Viewing, answer: aiohttp.ClientResponse) -> None:
        """Note what a stream tells until it is closed."""
        now = asyncio.get_running_loop().time
        async for fields in frames_of(answer):
            viewing.events.append(Seen.of(fields, now()))

    async def _look(self, viewing: Viewing) -> None:
        entrance = self._line.entrance()
        viewing.connections.append(f"{entrance} after {viewing.cursor}")
        path, headers = self._cursor(viewing)
        async with self._line.stream("GET", entrance + path, **headers) as answer:
            if answer.status == 200:
                await self.read(viewing, answer)
            else:
                viewing.connections.append(f"status {answer.status}")
                await self._refused(viewing, answer)

    async def _refused(self, viewing: Viewing, answer: aiohttp.ClientResponse) -> None:
        if answer.status not in AGAIN_LATER:
            self._history.surprise(f"{self.name} may not see {viewing.run_id}: {(await answer_of(answer)).code}")
        await asyncio.sleep(_PAUSE_SECONDS)

    def _cursor(self, viewing: Viewing) -> tuple[str, dict[str, str]]:
        """Return the path and the headers with one of the two forms of the cursor."""
        path = f"/v1/runs/{viewing.run_id}/events"
        if self._random.random() < 0.5:
            return f"{path}?starting_after={viewing.cursor or -1}", {}
        return path, {"last-event-id": str(viewing.cursor)} if viewing.cursor else {}
