"""One run's log as its writer knows it."""

import asyncio
from collections.abc import Sequence

from adapters.redis.run_codec import Entry
from application.ports.run_log import End, FencedOut, RunEventBody
from application.runs.transcript import Transcript, merged


class Manuscript:
    """What was told of a run, by how far it got: waiting for a number, numbered, sent, written, shown.

    `lines` are all events by number (the first is number 1); the first `written` of them are in the log for certain, those up to
    `sent` may be; of a `held` one nothing is numbered yet. Nothing is sent while something is on its way, so an entry's number is
    a fence: it is the next one, behind the entry with the `tip`, or refused.
    """

    __slots__ = (
        "_next_tip", "_settling", "attempt", "held", "lines", "overtaken", "sent", "shown_alone", "tenure", "tip", "transcript",
        "waiting", "written",
    )

    def __init__(
        self, transcript: Transcript, attempt: int, lines: Sequence[RunEventBody] = (), *, tip: str = "",
        tenure: int | None = None,
    ) -> None:
        self.transcript, self.attempt, self.tenure = transcript, attempt, tenure
        self.tip = self._next_tip = tip
        self.lines: list[RunEventBody] = list(lines)
        self.waiting: list[RunEventBody] = []
        self.written = self.sent = len(self.lines)
        self.overtaken = self.held = False
        self.shown_alone = 0
        self._settling: list[asyncio.Future[None]] = []

    @property
    def on_its_way(self) -> bool:
        """Whether an entry has no answer yet."""
        return self.sent > self.written

    @property
    def unwritten(self) -> bool:
        """Whether there is something that the log does not have."""
        return bool(self.waiting) or len(self.lines) > self.written

    @property
    def finished(self) -> bool:
        """Whether the end is numbered."""
        return bool(self.lines) and isinstance(self.lines[-1], End)

    def tell(self, bodies: Sequence[RunEventBody]) -> None:
        """Take events; FencedOut once another attempt has written."""
        if self.overtaken:
            raise FencedOut(f"attempt {self.attempt} of run {self.transcript.run_id} was overtaken")
        self.waiting += bodies

    def number(self) -> None:
        """Give numbers to what waits, pieces of text joined."""
        if self.waiting:
            self.lines += merged(self.waiting)
            self.waiting = []

    def next_entry(self) -> Entry:
        """Return all that the log does not have, numbered, as one entry that is on its way from now on."""
        self.number()
        self.sent = len(self.lines)
        entry = Entry(self.written + 1, self.attempt, tuple(self.lines[self.written :]))
        self._next_tip = entry.tip
        return entry

    def landed(self) -> None:
        """Note that the entry on its way is in the log, and show it."""
        self.written, self.tip = self.sent, self._next_tip
        self.show(self.written)

    def found(self, newest: Entry | None) -> None:
        """Note up to which entry the log has what was sent: an answer, or the log itself or its end, may have been lost."""
        self.written = self.sent = newest.last if newest else 0
        self.tip = newest.tip if newest else ""
        self.show(self.written)

    def show(self, upto: int) -> None:
        """Let viewers see the lines up to this number."""
        shown = len(self.transcript.events)
        if upto > shown:
            self.transcript.extend(shown + 1, self.lines[shown:upto])
        if not self.waiting and upto >= len(self.lines):  # viewers may have heard of more: another attempt may be behind it
            self._settle(None)

    def show_all(self) -> None:
        """Let viewers see everything, written or not."""
        self.number()
        self.shown_alone = len(self.lines)
        self.show(self.shown_alone)

    def fall_behind(self) -> bool:
        """Note that another attempt has written; return whether viewers have seen what the log will never have."""
        self.overtaken = True
        self._settle(FencedOut(f"attempt {self.attempt} of run {self.transcript.run_id} was overtaken"))
        return self.shown_alone > self.written

    async def settle(self) -> int:
        """Wait until all that was told is shown, and return its last number; FencedOut."""
        if self.overtaken:
            raise FencedOut(f"attempt {self.attempt} of run {self.transcript.run_id} was overtaken")
        if self.waiting or len(self.transcript.events) < len(self.lines):
            settled = asyncio.get_running_loop().create_future()
            self._settling.append(settled)
            await settled
        return len(self.lines)

    def _settle(self, failure: FencedOut | None) -> None:
        settling, self._settling = self._settling, []
        for settled in settling:
            if settled.done():
                continue
            if failure is None:
                settled.set_result(None)
            else:
                settled.set_exception(failure)
