"""Facts about sessions, messages and runs. A commit changes them together, so at each moment they agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.consistency.facts import Facts
from domain.consistency.faults import Code, Fault
from domain.consistency.whereabouts import Lodging, Whereabouts
from domain.runs.run import RunStatus

_STATUSES: Final = frozenset(RunStatus)


@dataclass(frozen=True, slots=True)
class SessionFacts(Facts):
    """A session; `last_seq` is its last message's number (0: none), `active_status` its active run's, `queued` counts runs."""

    lodging: Lodging
    agent_id: str
    head_seq: int
    last_seq: int
    active_run_id: str | None
    active_status: str | None
    waiting: int
    queued: int
    owner_known: bool
    agent_known: bool

    @property
    def key(self) -> str:
        """Return the identifier."""
        return self.lodging.identifier

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong with it."""
        ids = {"session_id": self.key, "owner_id": str(self.lodging.owner_id)}
        yield from self.lodging.faults(where, ids)
        if not self.lodging.at_home(where):
            return
        if not self.owner_known:
            yield Fault(Code.OWNER_UNKNOWN, ids, "its owner is not in the catalog")
        if not self.agent_known:
            yield Fault(Code.AGENT_UNKNOWN, ids | {"agent_id": self.agent_id}, "its agent is not in the catalog")
        if self.head_seq != self.last_seq:
            yield Fault(Code.HEAD_SEQ, ids, f"its head_seq is {self.head_seq}, and its last message is number {self.last_seq}")
        turn = "; ".join(self._turn())
        if turn:
            yield Fault(Code.SESSION_TURN, ids, turn)

    def _turn(self) -> Iterator[str]:
        if self.active_run_id is not None and self.active_status != RunStatus.STREAMING:
            yield f"its active run {self.active_run_id} is {self.active_status or 'not there'}"
        if self.active_run_id is None and self.queued:
            yield "runs wait for their turn behind none that is active"
        if self.waiting != self.queued:
            yield f"it counts {self.waiting} waiting runs, and there are {self.queued}"


@dataclass(frozen=True, slots=True)
class MessageFacts(Facts):
    """A message; `previous_seq` is the number before it in its session (0: none), `has_run` tells of its run in that session."""

    lodging: Lodging
    session_id: str
    seq: int
    previous_seq: int
    role: str
    run_id: str
    has_run: bool

    @property
    def key(self) -> str:
        """Return the identifier."""
        return self.lodging.identifier

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong with it; what hangs on a session that is gone is told once."""
        ids = {"message_id": self.key, "session_id": self.session_id}
        yield from self.lodging.faults(where, ids)
        if not self.lodging.at_home(where):
            return
        if self.lodging.owner_id is None:
            yield Fault(Code.MESSAGE_ORPHANED, ids, "its session is not there")
            return
        if self.seq != self.previous_seq + 1:
            yield Fault(Code.SEQ_GAP, ids, f"its number is {self.seq}, and the one before is {self.previous_seq or 'none'}")
        if not self.has_run:
            text = f"the run of this message ({self.role}) is not there"
            yield Fault(Code.MESSAGE_WITHOUT_RUN, ids | {"run_id": self.run_id}, text)


@dataclass(frozen=True, slots=True)
class RunFacts(Facts):
    """A run; `kept` tells whether its node's lease stands, `any_node` whether any node's does; `replies` counts its messages."""

    lodging: Lodging
    session_id: str
    session_owner_id: str | None
    session_active: str | None
    status: str
    node: str | None
    kept: bool
    any_node: bool
    finished: bool
    counted: bool
    error_code: str | None
    has_message: bool
    replies: int

    @property
    def key(self) -> str:
        """Return the identifier."""
        return self.lodging.identifier

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong with it; what hangs on a session that is gone is told once."""
        ids = {"run_id": self.key, "session_id": self.session_id, "owner_id": str(self.lodging.owner_id)}
        yield from self.lodging.faults(where, ids)
        if not self.lodging.at_home(where):
            return
        if self.session_owner_id is None:
            yield Fault(Code.RUN_ORPHANED, ids, "its session is not there")
            return
        if self.session_owner_id != self.lodging.owner_id:
            yield Fault(Code.OWNER_DIFFERS, ids, f"it is {self.lodging.owner_id}'s, and its session {self.session_owner_id}'s")
        if not self.has_message:
            yield Fault(Code.RUN_WITHOUT_MESSAGE, ids, "the message that it answers is not there")
        for code, text in (*self._end(), *self._turn(), *self._replies()):
            yield Fault(code, ids, text)

    def _end(self) -> Iterator[tuple[Code, str]]:
        wrongs = {
            f"the status {self.status} is unknown": self.status not in _STATUSES,
            f"it is {self.status} and has finished_at": not self._terminal and self.finished,
            f"it is {self.status} and has no finished_at": self._terminal and not self.finished,
            "it is completed and has no usage": self.status == RunStatus.COMPLETED and not self.counted,
            "it is failed and has no error_code": self.status == RunStatus.FAILED and self.error_code is None,
        }
        text = "; ".join(text for text, wrong in wrongs.items() if wrong)
        if text:
            yield Code.RUN_END, text

    def _turn(self) -> Iterator[tuple[Code, str]]:
        if self.status != RunStatus.STREAMING or self.finished:
            return
        if self.session_active != self.key:
            yield Code.RUN_OUT_OF_TURN, f"it streams, and its session's active run is {self.session_active or 'none'}"
        elif not self.kept and (self.any_node or self.node is None):
            yield Code.RUN_UNMADE, f"it streams, and {self._maker()}"
        elif not self.kept:
            yield Code.RUN_WAITS, "it was interrupted and waits for a node; none serves now"

    def _maker(self) -> str:
        return "no node is named that makes it" if self.node is None else f"the lease of its node {self.node} has ended"

    def _replies(self) -> Iterator[tuple[Code, str]]:
        if self.status == RunStatus.COMPLETED and not self.replies:
            yield Code.RUN_WITHOUT_REPLY, "it is completed, and its reply is not there"
        if self.replies > 1:
            yield Code.RUN_REPLIED_TWICE, f"it has {self.replies} replies"

    @property
    def _terminal(self) -> bool:
        return self.status in _STATUSES and RunStatus(self.status).terminal
