"""The events of an ended run whose log is gone, told again from what is stored.

They are numbered on from the viewer's cursor, so that no viewer sees a gap or a number twice. A viewer that has seen a
part is told by `attempt` that the text so far is replaced.
"""

from collections.abc import Sequence

from application.ports.run_log import (
    AttemptStarted,
    End,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFailed,
    RunFeed,
)
from application.runs.views import RunView
from domain.runs.run import RunStatus, Usage
from domain.sessions.message import Message, text_of


def stored_events(run: RunView, exchange: Sequence[Message], cursor: int) -> Sequence[RunEvent]:
    """Return what a viewer at `cursor` still has to see of an ended run; the last is always `End`.

    Who has seen all the text gets the rest under the numbers that it has in the log; who has seen the end gets that again.
    """
    if cursor >= run.last_seq:
        return [RunEvent(run.id, run.last_seq, End(run.status))]
    said = next((m for m in exchange if m.role == "user"), None)
    reply = next((m for m in exchange if m.role == "assistant"), None)
    bodies: list[RunEventBody] = []
    if cursor < run.last_seq - 2:
        if cursor >= 1:
            bodies.append(AttemptStarted(run.attempt, "log_expired", keep=False))
        elif said is not None:
            bodies.append(RunCreated(run, said))
        if reply is not None:
            bodies.append(MessageDelta(text_of(reply.content)))
    if cursor < run.last_seq - 1:
        bodies += _outcome(run, reply)
    bodies.append(End(run.status))
    return [RunEvent(run.id, cursor + place, body) for place, body in enumerate(bodies, 1)]


def _outcome(run: RunView, reply: Message | None) -> list[RunEventBody]:
    if run.status is RunStatus.CANCELLED:
        return [RunCancelled()]
    if run.error is not None:
        return [RunFailed(run.error)]
    return [] if reply is None else [MessageCompleted(reply, run.usage or Usage(0, 0))]


class StoredFeed(RunFeed):
    """A feed of events that are all known."""

    def __init__(self, events: Sequence[RunEvent]) -> None:
        self._events = events

    @property
    def closed(self) -> bool:
        """What is known cannot be taken away."""
        return False

    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return everything at once; nothing after that."""
        events, self._events = self._events, ()
        return events

    def close(self) -> None:
        """Nothing is held open."""
