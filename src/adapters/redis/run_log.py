"""The run log on Valkey: a stream per run, whose entries' ids are the numbers of their first events.

The id is the fence: a writer sends the number that follows what it knows to be written, one entry at a time, and the server
refuses it unless it does. Viewers see an event when it is written, so no number is ever seen with two meanings.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from adapters.redis.doubts import Doubts, require_answers
from adapters.redis.following import Following
from adapters.redis.manuscript import Manuscript
from adapters.redis.pipe import Pipe
from adapters.redis.resp import Command
from adapters.redis.run_codec import Entry, entry_of
from adapters.redis.run_stream import LOAD, WRITTEN, RunStreams
from adapters.redis.subscription import Subscription
from application.ports.run_log import (
    AttemptStarted,
    FencedOut,
    MessageDelta,
    Opened,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFeed,
    RunLog,
    RunWriter,
)
from application.runs.transcript import Transcripts
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId

_KEPT_HERE_SECONDS: Final = 15.0


class RedisRunLog(RunLog):
    """Writes of all runs leave together, `window` seconds apart at most; what is urgent (the first text, the end) leaves at once.

    When the server has been away for `alone_after` seconds, viewers of this node see events before they are written, of the runs
    that nobody can have taken over: those that began under the `tenure` of this node's lease that still stands (None: it does
    not). An ended log is kept for `lifetime` seconds.
    """

    def __init__(
        self, url: str, *, prefix: str = "onelast:run:", window: float = 0.001, lifetime: float = 120.0, alone_after: float = 2.0,
        tenure: Callable[[], int | None] = lambda: 0, patience: float = 1.0,
    ) -> None:
        self._window, self._tenure = window, tenure
        self._pipe, self._streams = Pipe(url, patience=patience), RunStreams(prefix, lifetime)
        self._transcripts = Transcripts(lifetime=_KEPT_HERE_SECONDS, unwatched=self._unwatched)
        self._following = Following(self._pipe, Subscription(url, patience=patience), self._transcripts, prefix)
        self._doubts = Doubts(
            self._pipe, self._streams, alone_after=alone_after, tenure=tenure, known=self._settle_doubt, shown=self._finish
        )
        self._writing: dict[RunId, Manuscript] = {}
        self._due: set[Manuscript] = set()
        self._timer: asyncio.Handle | None = None
        self._flushed_at = float("-inf")

    def begin(self, run_id: RunId, stored: "asyncio.Future[None] | None" = None) -> RunWriter:
        """Return the writer of a log that nobody else writes."""
        manuscript = Manuscript(self._transcripts.open(run_id), 1, tenure=self._tenure())
        if stored is not None and not stored.done():
            manuscript.held = True
            stored.add_done_callback(partial(self._release, manuscript))
        return self._writer(manuscript)

    async def take_over(self, created: RunCreated, opening: AttemptStarted) -> Opened:
        """Read the log and write behind its end, until nothing came in between."""
        run_id, tenure = created.run.id, self._tenure()
        while True:
            entries = await self._read(run_id)
            if entries and entries[-1].attempt > opening.attempt:
                raise FencedOut(f"run {run_id} is at attempt {entries[-1].attempt}")
            lines = _lines(entries)
            tip = entries[-1].tip if entries else ""
            manuscript = Manuscript(self._transcripts.open(run_id), opening.attempt, lines, tip=tip, tenure=tenure)
            if entries and entries[-1].attempt == opening.attempt and lines[-1] == opening:
                del lines[-1]  # written before, when the answer was lost
            else:
                manuscript.tell([opening] if lines else [created, opening])
                if (await self._ask(self._append(manuscript)))[0] != WRITTEN:
                    continue
            self._following.leave(run_id)
            manuscript.landed()
            return Opened(self._writer(manuscript), [RunEvent(run_id, seq, body) for seq, body in enumerate(lines, 1)])

    async def last_seq(self, run_id: RunId) -> int:
        """Return the last number written."""
        transcript = self._transcripts.find(run_id)
        if transcript is not None and (transcript.ended or run_id in self._writing):
            return len(transcript.events)
        newest = (await self._ask(self._streams.newest(run_id)))[0]
        return entry_of(newest[0]).last if newest else 0

    async def feed(self, run_id: RunId, after: int) -> RunFeed:
        """Return a reading of the transcript; that of a run which is made elsewhere is kept up to date while it is read."""
        transcript = self._transcripts.find(run_id)
        if run_id not in self._writing and (transcript is None or not transcript.ended):
            await self._following.join(run_id)
        return self._transcripts.open(run_id).feed(after)

    async def ping(self) -> None:
        """Ask the server for a sign of life, on the connection that writes: it connects if there is none."""
        await self._ask(("PING",))

    async def close(self) -> None:
        """Close the connections."""
        if self._timer is not None:
            self._timer.cancel()
        await self._doubts.close()
        await self._following.close()
        await self._pipe.close()

    def note(self, manuscript: Manuscript, *, urgent: bool) -> None:
        """Have the manuscript written with the others, soon or at once."""
        if manuscript.held:
            return
        self._due.add(manuscript)
        if urgent or self._timer is None:
            if self._timer is not None:
                self._timer.cancel()
            loop = asyncio.get_running_loop()
            wait = 0.0 if urgent else self._flushed_at + self._window - loop.time()
            self._timer = loop.call_later(wait, self._flush) if wait > 0 else loop.call_soon(self._flush)

    def _release(self, manuscript: Manuscript, stored: "asyncio.Future[None]") -> None:
        """Write what was held back, or nothing of a run that is not stored."""
        manuscript.held = False
        if stored.cancelled():
            self._overtaken(manuscript)
        elif manuscript.unwritten:
            self.note(manuscript, urgent=True)

    def _writer(self, manuscript: Manuscript) -> RunWriter:
        self._writing[manuscript.transcript.run_id] = manuscript
        return _RedisRunWriter(self, manuscript)

    def _flush(self) -> None:
        self._timer, self._flushed_at = None, asyncio.get_running_loop().time()
        ready: defaultdict[str, list[Manuscript]] = defaultdict(list)
        doubtful = []
        for manuscript in self._due:
            if manuscript in self._doubts:
                doubtful.append(manuscript)
            elif not manuscript.on_its_way:
                ready[self._doubts.server(manuscript)].append(manuscript)
        self._due.clear()
        self._doubts.show_unwritten(doubtful)
        for some in ready.values():
            self._send(some)

    def _send(self, manuscripts: Sequence[Manuscript]) -> None:
        if not self._pipe.connected:
            self._doubts.add(manuscripts)
            return
        try:
            answered = self._pipe.submit([self._append(one) for one in manuscripts])
        except Unavailable:
            self._doubts.add(manuscripts)
            return
        answered.add_done_callback(partial(self._answered, manuscripts))

    def _answered(self, sent: Sequence[Manuscript], answered: "asyncio.Future[list[Any]]") -> None:
        if answered.cancelled() or answered.exception() is not None:
            self._doubts.add(sent)
            return
        for manuscript, answer in zip(sent, answered.result(), strict=True):
            if answer == WRITTEN:
                self._doubts.landed(manuscript)
                manuscript.landed()
                self._go_on(manuscript)
            else:
                self._doubts.add([manuscript], refused=isinstance(answer, Exception) and "NOSCRIPT" not in str(answer))

    def _go_on(self, manuscript: Manuscript) -> None:
        if manuscript.unwritten:
            self.note(manuscript, urgent=True)
        else:
            self._finish(manuscript)

    def _finish(self, manuscript: Manuscript) -> None:
        if manuscript.finished:
            self._writing.pop(manuscript.transcript.run_id, None)
            self._transcripts.note_end(manuscript.transcript.run_id)

    def _settle_doubt(self, manuscript: Manuscript, newest: Entry | None) -> None:
        if newest is not None and (newest.attempt > manuscript.attempt or newest.last > len(manuscript.lines)):
            self._overtaken(manuscript)
            return
        manuscript.found(newest)
        self._go_on(manuscript)

    def _overtaken(self, manuscript: Manuscript) -> None:
        transcript = manuscript.transcript
        if self._writing.get(transcript.run_id) is manuscript:
            del self._writing[transcript.run_id]
        if manuscript.fall_behind():
            self._transcripts.drop(transcript.run_id)
            transcript.turn_away()
        elif transcript.viewers:
            self._following.join_later(transcript.run_id)

    def _unwatched(self, run_id: RunId) -> None:
        if run_id not in self._writing:
            self._following.leave(run_id)

    def _append(self, manuscript: Manuscript) -> Command:
        tip = manuscript.tip
        return self._streams.append(manuscript.transcript.run_id, manuscript.next_entry(), tip)

    async def _read(self, run_id: RunId) -> list[Entry]:
        answers = await self._ask(LOAD, self._streams.whole(run_id))
        return [entry_of(stored) for stored in answers[1]]

    async def _ask(self, *commands: Command) -> list[Any]:
        answers = await self._pipe.ask(*commands)
        require_answers(answers)
        return answers


class _RedisRunWriter(RunWriter):
    """One attempt's writer."""

    __slots__ = ("_log", "_manuscript", "_started")

    def __init__(self, log: RedisRunLog, manuscript: Manuscript) -> None:
        self._log, self._manuscript, self._started = log, manuscript, False

    def tell(self, *bodies: RunEventBody) -> None:
        """Take the events; the first text and all that is no text is urgent."""
        self._manuscript.tell(bodies)
        text = isinstance(bodies[-1], MessageDelta)
        self._log.note(self._manuscript, urgent=not (text and self._started))
        self._started = self._started or text

    async def settle(self) -> int:
        """Wait until viewers see all that was told."""
        return await self._manuscript.settle()


def _lines(entries: Sequence[Entry]) -> list[RunEventBody]:
    """Return the events from number 1 on; a head that the server has lost is replaced by pieces without text."""
    lines: list[RunEventBody] = [MessageDelta("")] * (entries[0].first - 1 if entries else 0)
    for entry in entries:
        lines += entry.bodies
    return lines
