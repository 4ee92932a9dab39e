"""Runs that are made elsewhere and viewed here: their transcripts are kept up to date while somebody reads them."""

import asyncio
import logging
from functools import partial
from typing import Final

from adapters.redis.pipe import Pipe
from adapters.redis.run_codec import Entry, entry_heard, entry_of
from adapters.redis.subscription import Subscription
from application.runs.transcript import Transcripts
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId

_PAUSE_SECONDS: Final = 0.2
_log = logging.getLogger(__name__)


class Following:
    """Listens to each run's channel first and reads its stream then, so that nothing falls between; a gap is read again."""

    def __init__(self, pipe: Pipe, subscription: Subscription, transcripts: Transcripts, prefix: str) -> None:
        self._pipe, self._subscription, self._transcripts, self._prefix = pipe, subscription, transcripts, prefix
        self._joined: dict[RunId, asyncio.Task[None]] = {}
        self._behind: dict[RunId, asyncio.Task[None]] = {}
        self._gaps: set[RunId] = set()
        subscription.restored = self._restore

    async def join(self, run_id: RunId) -> None:
        """Return when the run's transcript is up to date, and stays so; Unavailable."""
        joining = self._joined.get(run_id)
        if joining is None or (joining.done() and (joining.cancelled() or joining.exception() is not None)):
            joining = self._joined[run_id] = asyncio.create_task(self._join(run_id))
        await asyncio.shield(joining)

    def join_later(self, run_id: RunId) -> None:
        """Begin to follow without waiting; when that fails, the viewers learn from the database how the run ended."""
        if run_id not in self._joined:
            self._joined[run_id] = asyncio.create_task(self._join(run_id))
            self._joined[run_id].add_done_callback(_forget_failure)

    def leave(self, run_id: RunId) -> None:
        """Follow the run no longer."""
        if self._joined.pop(run_id, None) is not None:
            self._subscription.remove(self._channel(run_id))
            transcript = self._transcripts.find(run_id)
            if transcript is not None and not transcript.ended and not transcript.viewers:
                self._transcripts.drop(run_id)

    async def close(self) -> None:
        """Stop listening."""
        tasks = [task for task in (*self._joined.values(), *self._behind.values()) if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._subscription.close()

    async def _join(self, run_id: RunId) -> None:
        await self._subscription.add(self._channel(run_id), partial(self._hear, run_id))
        await self._catch_up(run_id)

    def _hear(self, run_id: RunId, message: bytes) -> None:
        entry = entry_heard(message)
        if entry.first <= len(self._transcripts.open(run_id).events) + 1:
            self._extend(run_id, entry)
        else:
            self._catch_up_later(run_id)

    async def _catch_up(self, run_id: RunId) -> None:
        known = len(self._transcripts.open(run_id).events)
        answer = (await self._pipe.ask(("XRANGE", self._prefix + run_id, known + 1, "+")))[0]
        if isinstance(answer, Exception):
            raise Unavailable("The server of the run log refuses what it is asked.") from answer
        for entry in map(entry_of, answer):
            if entry.first <= len(self._transcripts.open(run_id).events) + 1:
                self._extend(run_id, entry)

    def _extend(self, run_id: RunId, entry: Entry) -> None:
        transcript = self._transcripts.open(run_id)
        transcript.extend(entry.first, entry.bodies)
        if transcript.ended:
            self._transcripts.note_end(run_id)
            self.leave(run_id)

    def _catch_up_later(self, run_id: RunId) -> None:
        self._gaps.add(run_id)
        if run_id not in self._behind:
            self._behind[run_id] = asyncio.create_task(self._close_gaps(run_id))
            self._behind[run_id].add_done_callback(_forget_failure)

    async def _close_gaps(self, run_id: RunId) -> None:
        """Read again for as long as something is missing and wanted; what is heard meanwhile may have come after the reading."""
        try:
            while run_id in self._gaps and run_id in self._joined:
                self._gaps.discard(run_id)
                try:
                    await self._catch_up(run_id)
                except Unavailable:
                    self._gaps.add(run_id)
                    await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._gaps.discard(run_id)
            self._behind.pop(run_id, None)

    def _restore(self, channel: bytes) -> None:
        run_id = RunId(channel.decode().removeprefix(self._prefix))
        if run_id in self._joined:
            self._catch_up_later(run_id)

    def _channel(self, run_id: RunId) -> bytes:
        return (self._prefix + run_id).encode()


def _forget_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.warning("a run's log cannot be read now", extra={"reason": type(task.exception()).__name__})
