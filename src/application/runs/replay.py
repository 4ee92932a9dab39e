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
from domain.sessions.message import Message, Role, text_of


def stored_events(run: RunView, exchange: Sequence[Message], cursor: int) -> Sequence[RunEvent]:
    """Return the events of an ended run for a viewer at `cursor` whose log is gone; the last is always `End`.

    A cursor does not tell whether it comes from the log or from an earlier replay that broke, so all the text is told again.
    """
    said, reply = _of_role(exchange, Role.USER), _of_role(exchange, Role.ASSISTANT)
    bodies: list[RunEventBody] = []
    if cursor >= 1:
        bodies.append(AttemptStarted(run.attempt, "log_expired", keep=False))
    elif said is not None:
        bodies.append(RunCreated(run, said))
    if reply is not None:
        bodies.append(MessageDelta(text_of(reply.content)))
    bodies += [*_outcome(run, reply), End(run.status)]
    return [RunEvent(run.id, cursor + place, body) for place, body in enumerate(bodies, 1)]


def last_events(run: RunView, exchange: Sequence[Message], cursor: int) -> Sequence[RunEvent]:
    """Return what the log of an ended run has behind `cursor`, at which all the text was told: the outcome and the end.

    Who has seen the end gets it again.
    """
    bodies = [*_outcome(run, _of_role(exchange, Role.ASSISTANT)), End(run.status)]
    events = [RunEvent(run.id, seq, body) for seq, body in enumerate(bodies, run.last_seq + 1 - len(bodies))]
    return [event for event in events if event.seq > cursor] or events[-1:]


def _of_role(exchange: Sequence[Message], role: Role) -> Message | None:
    return next((message for message in exchange if message.role is role), None)


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
