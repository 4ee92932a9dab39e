"""How runs look from outside."""

from dataclasses import dataclass
from datetime import datetime

from domain.runs.run import Run, RunError, RunOptions, RunStatus, Usage
from domain.sessions.message import Message
from domain.shared.identifiers import AgentId, RunId, SessionId


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, flat; `last_seq` is 0 until the run has ended."""

    id: RunId
    session_id: SessionId
    status: RunStatus
    attempt: int
    usage: Usage | None
    error: RunError | None
    created_at: datetime
    finished_at: datetime | None
    last_seq: int

    @classmethod
    def of(cls, run: Run) -> "RunView":
        """Return the view of an entity."""
        return cls(
            run.id, run.session_id, run.status, run.attempt, run.usage, run.error, run.created_at, run.finished_at, run.last_seq
        )


@dataclass(frozen=True, slots=True)
class ResponseView:
    """A run seen from outside: what it was told, what it answers, and its reply if one is stored and shown."""

    run: RunView
    agent_id: AgentId
    model: str
    options: RunOptions
    said: Message
    reply: Message | None

    @classmethod
    def of(cls, run: Run, said: Message) -> "ResponseView":
        """Return the view of a run that has no reply yet."""
        return cls(RunView.of(run), run.agent_id, run.model, run.options, said, None)
