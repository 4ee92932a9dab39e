"""A run is one reply being made; connections only watch it.

States: queued → streaming → completed | failed | cancelled. Whoever begins the reply anew raises `attempt`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.agents.agent import Sampling
from domain.shared.errors import Conflict, NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, MessageId, NodeId, RunId, SessionId, UserId

MOST_LOSSES: Final = 3
# What made a reply that was brought along from elsewhere: no model of ours.
ELSEWHERE: Final = "elsewhere"


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self not in (RunStatus.QUEUED, RunStatus.STREAMING)


class RunNotFound(NotFound):
    """There is no such run, or not for this caller."""

    code = "run_not_found"


class RunEnded(Conflict):
    """The run has ended and cannot change any more."""

    code = "run_ended"


class RunNotBegun(Conflict):
    """The run waits for its turn."""

    code = "run_not_begun"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written, as the provider counted them (or estimated where it sends no count)."""

    input_tokens: int
    output_tokens: int

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum."""
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed, in words fit for the user; details of the provider stay in the log."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """How a client of OpenAI's responses put its request: told to it again, and without effect on the reply itself.

    `model` is what it called the model, `previous` the response that it goes on after. `standing` is what system and
    developer messages have said so far in this conversation: responses that follow are told it too.
    """

    model: str
    instructions: str | None = None
    previous: RunId | None = None
    background: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    standing: str = ""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was told beside its agent: what is None is as the agent has it; `instructions` stand in the persona's place."""

    instructions: str | None = None
    sampling: Sampling | None = None
    asked: Asked | None = None


AS_THE_AGENT: Final = RunOptions()


@dataclass(frozen=True, slots=True)
class RunFinished(DomainEvent):
    """A run reached its end."""

    run_id: RunId
    session_id: SessionId
    owner_id: UserId
    status: RunStatus


@dataclass(slots=True)
class Run:
    """One reply being made, by `node`; `last_seq` is the last number of its event log, known once it has ended.

    `attempt` is also the fence: what an earlier attempt still wants to store is refused. `losses` counts the nodes that died
    while they made the reply.
    """

    id: RunId
    session_id: SessionId
    owner_id: UserId
    agent_id: AgentId
    model: str
    message_id: MessageId
    message_seq: int
    created_at: datetime
    status: RunStatus = RunStatus.QUEUED
    attempt: int = 1
    usage: Usage | None = None
    error: RunError | None = None
    finished_at: datetime | None = None
    last_seq: int = 0
    node: NodeId | None = None
    losses: int = 0
    cancel_requested: bool = False
    version: int = 0
    options: RunOptions = AS_THE_AGENT

    @classmethod
    def brought_along(
        cls, run_id: RunId, session_id: SessionId, owner_id: UserId, agent_id: AgentId, message_id: MessageId, message_seq: int,
        *, events: int, replied: bool, now: datetime,
    ) -> "Run":
        """Return the run of an exchange that took place elsewhere: it has ended, and its log of so many events is not kept."""
        run = cls(run_id, session_id, owner_id, agent_id, ELSEWHERE, message_id, message_seq, now, RunStatus.STREAMING)
        if replied:
            run.complete(Usage(0, 0), last_seq=events, now=now)
        else:
            run.cancel(None, last_seq=events, now=now)
        return run

    def start(self, node: NodeId) -> None:
        """Begin streaming."""
        if self.status is not RunStatus.QUEUED:
            raise RunEnded(f"The run {self.id} is {self.status}, not queued.")
        self.status, self.node = RunStatus.STREAMING, node

    def take_over(self, node: NodeId, *, lost: bool) -> None:
        """Begin anew on another node; `lost` tells that the one before died, and did not hand the run over."""
        self.restart()
        self.node, self.losses = node, self.losses + lost

    def restart(self) -> None:
        """Begin anew what streams already."""
        self._require_streaming()
        self.attempt += 1

    def request_cancel(self) -> None:
        """Ask whoever makes the reply to stop."""
        self._require_open()
        self.cancel_requested = True

    @property
    def hopeless(self) -> bool:
        """Whether making this reply has killed so many nodes that no other shall try."""
        return self.losses >= MOST_LOSSES

    def complete(self, usage: Usage, *, last_seq: int, now: datetime) -> None:
        """End with a whole reply."""
        self._require_streaming()
        self._end(RunStatus.COMPLETED, usage, last_seq, now)

    def cancel(self, usage: Usage | None, *, last_seq: int, now: datetime) -> None:
        """End because the user said so."""
        self._end(RunStatus.CANCELLED, usage, last_seq, now)

    def fail(self, error: RunError, usage: Usage | None, *, last_seq: int, now: datetime) -> None:
        """End without a whole reply."""
        self._end(RunStatus.FAILED, usage, last_seq, now)
        self.error = error

    def finished(self) -> RunFinished:
        """Return the event that tells of the end."""
        return RunFinished(self.id, self.session_id, self.owner_id, self.status)

    def _require_open(self) -> None:
        if self.status.terminal:
            raise RunEnded(f"The run {self.id} has ended: {self.status}.")

    def _require_streaming(self) -> None:
        self._require_open()
        if self.status is not RunStatus.STREAMING:
            raise RunNotBegun(f"The run {self.id} is {self.status}: nobody makes it yet.")

    def _end(self, status: RunStatus, usage: Usage | None, last_seq: int, now: datetime) -> None:
        self._require_open()
        self.status, self.usage, self.last_seq, self.finished_at = status, usage, last_seq, now
