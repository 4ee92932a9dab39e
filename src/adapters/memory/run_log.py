"""The run log in this process's memory: enough for one node, lost with it."""

import asyncio
import time
from collections.abc import Callable, Sequence

from application.ports.run_log import AttemptStarted, End, FencedOut, Opened, RunCreated, RunEventBody, RunFeed, RunLog, RunWriter
from application.runs.transcript import LIFETIME_SECONDS, Transcript, Transcripts, merged
from domain.shared.identifiers import RunId


class MemoryRunLog(RunLog):
    """Keeps an ended run for `lifetime` seconds, and at most `most_ended` of them: the oldest go first."""

    def __init__(
        self, *, lifetime: float = LIFETIME_SECONDS, most_ended: int = 10_000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._transcripts = Transcripts(lifetime=lifetime, most_ended=most_ended, monotonic=monotonic)
        self._attempts: dict[RunId, int] = {}

    def begin(self, run_id: RunId, stored: "asyncio.Future[None] | None" = None) -> RunWriter:
        """Return the first writer."""
        return _MemoryRunWriter(self, self._transcripts.open(run_id), 1, stored)

    async def take_over(self, created: RunCreated, opening: AttemptStarted) -> Opened:
        """Write the opening and return the next writer."""
        transcript = self._transcripts.open(created.run.id)
        written = tuple(transcript.events)
        self.write(transcript, opening.attempt, [opening] if written else [created, opening])
        return Opened(_MemoryRunWriter(self, transcript, opening.attempt), written)

    async def last_seq(self, run_id: RunId) -> int:
        """Return how many events there are."""
        transcript = self._transcripts.find(run_id)
        return 0 if transcript is None else len(transcript.events)

    async def ping(self) -> None:
        """Return: it is here."""

    async def feed(self, run_id: RunId, after: int) -> RunFeed:
        """Return a reading; it may begin before the run does."""
        return self._transcripts.open(run_id).feed(after)

    def write(self, transcript: Transcript, attempt: int, bodies: Sequence[RunEventBody]) -> None:
        """Append for one attempt; FencedOut when a later one has written."""
        run_id = transcript.run_id
        if attempt < self._attempts.get(run_id, 0) or transcript.ended:
            raise FencedOut(f"attempt {attempt} of run {run_id} was overtaken")
        self._attempts[run_id] = attempt
        transcript.extend(len(transcript.events) + 1, bodies)
        if isinstance(bodies[-1], End):
            del self._attempts[run_id]
            self._transcripts.note_end(run_id)


class _MemoryRunWriter(RunWriter):
    def __init__(
        self, log: MemoryRunLog, transcript: Transcript, attempt: int, stored: "asyncio.Future[None] | None" = None
    ) -> None:
        self._log, self._transcript, self._attempt, self._stored = log, transcript, attempt, stored
        self._waiting: list[RunEventBody] = []
        if stored is not None:
            stored.add_done_callback(self._release)

    def tell(self, *bodies: RunEventBody) -> None:
        """Append at once, or as soon as the run is stored."""
        if self._stored is not None and self._stored.cancelled():
            raise FencedOut(f"run {self._transcript.run_id} was not stored")
        self._waiting += bodies
        if self._stored is None or self._stored.done():
            self._release(self._stored)

    async def settle(self) -> int:
        """Return the last number when the run is stored."""
        if self._stored is not None:
            await asyncio.wait({self._stored})
            self._release(self._stored)
        return len(self._transcript.events)

    def _release(self, stored: "asyncio.Future[None] | None") -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and (stored is None or not stored.cancelled()):
            self._log.write(self._transcript, self._attempt, merged(waiting))
