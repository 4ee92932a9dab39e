"""Runs of which this node does not know how far they are written: it asks until a server tells, each server by itself."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from adapters.redis.commands import Commands
from adapters.redis.manuscript import Manuscript
from adapters.redis.run_codec import Entry, entry_of
from adapters.redis.run_stream import LOAD, RunStreams
from domain.shared.errors import Unavailable

_PAUSE_SECONDS: Final = 0.1
_MOST_UNWRITTEN: Final = 10_000


class Doubts:
    """Tells `known` the newest entry of each run; a server that lost entries has them written again by that.

    Of runs whose server takes no writes for `alone_after` seconds it shows what is unwritten, if nobody else can have taken
    them over: they began under the `tenure` of this node's lease that still stands (None: it does not). `shown` is told of each.
    """

    def __init__(
        self, commands: Commands, streams: RunStreams, *, alone_after: float, tenure: Callable[[], int | None],
        known: Callable[[Manuscript, Entry | None], None], shown: Callable[[Manuscript], None],
    ) -> None:
        self._commands, self._streams, self._alone_after, self._tenure = commands, streams, alone_after, tenure
        self._known, self._shown = known, shown
        self._uncertain: dict[Manuscript, None] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._away_since: dict[str, float] = {}
        self._refusing: set[str] = set()

    def __contains__(self, manuscript: object) -> bool:
        return manuscript in self._uncertain

    def add(self, manuscripts: Sequence[Manuscript], *, refused: bool = False) -> None:
        """Find out, as soon as the server can be asked; one that refuses to write is not asked at once."""
        self._uncertain |= dict.fromkeys(manuscripts)
        if refused:
            self._refusing |= {self.server(one) for one in manuscripts}
        self._ask_all()

    def landed(self, manuscript: Manuscript) -> None:
        """Note that the server writes."""
        if self._refusing:
            self._refusing.discard(self.server(manuscript))

    def server(self, manuscript: Manuscript) -> str:
        """Return which server has the run's stream."""
        return self._commands.keeper(self._streams.key(manuscript.transcript.run_id))

    def show_unwritten(self, manuscripts: Sequence[Manuscript]) -> None:
        """Show what need not wait for its server, if that has been away for too long."""
        tenure = self._tenure()
        if tenure is None or not self._away_since:
            return
        for manuscript in [one for one in manuscripts if one.tenure == tenure and self._away_long(one)]:
            manuscript.show_all()
            self._shown(manuscript)
        for manuscript in list(self._uncertain)[: max(0, len(self._uncertain) - _MOST_UNWRITTEN)]:
            if manuscript.finished and self._away_long(manuscript):
                del self._uncertain[manuscript]

    async def close(self) -> None:
        """Ask no longer."""
        asking = tuple(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _away_long(self, manuscript: Manuscript) -> bool:
        since = self._away_since.get(self.server(manuscript))
        return since is not None and asyncio.get_running_loop().time() - since >= self._alone_after

    def _ask_all(self) -> None:
        for server in {self.server(one) for one in self._uncertain} - self._asking.keys():
            self._asking[server] = asyncio.create_task(self._ask(server))

    def _of(self, server: str) -> list[Manuscript]:
        return [one for one in self._uncertain if self.server(one) == server]

    async def _ask(self, server: str) -> None:
        """Ask for as long as there are doubts about this server's runs; in a cluster they may become another's."""
        try:
            while self._of(server):
                if server in self._refusing:
                    self._note_away(server)
                    await asyncio.sleep(_PAUSE_SECONDS)
                await self._settle(server)
        finally:
            del self._asking[server]
        self._ask_all()

    async def _settle(self, server: str) -> None:
        doubtful = self._of(server)
        try:
            for manuscript, newest in zip(doubtful, await self._newest(doubtful), strict=True):
                if manuscript in self._uncertain:
                    del self._uncertain[manuscript]
                    self._known(manuscript, newest)
        except Unavailable:
            self._note_away(server)
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            if server not in self._refusing:
                self._away_since.pop(server, None)

    async def _newest(self, manuscripts: Sequence[Manuscript]) -> Iterator[Entry | None]:
        answers = await self._commands.ask(LOAD, *[self._streams.newest(one.transcript.run_id) for one in manuscripts])
        require_answers(answers)
        return (entry_of(newest[0]) if newest else None for newest in answers[1:])

    def _note_away(self, server: str) -> None:
        self._away_since.setdefault(server, asyncio.get_running_loop().time())
        self.show_unwritten(self._of(server))


def require_answers(answers: Sequence[Any]) -> None:
    """Return if the server refused nothing; Unavailable."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise Unavailable("The server of the run log refuses what it is asked.") from answer
