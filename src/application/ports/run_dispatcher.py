"""Making replies apart from the requests that ask for them."""

from abc import abstractmethod
from typing import Protocol

from application.agents.views import AgentView
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.shared.identifiers import RunId


class RunDispatcher(Protocol):
    """Hands accepted runs to whoever makes the replies."""

    @abstractmethod
    def dispatch(self, run: Run, message: Message | None, agent: AgentView | None) -> None:
        """Begin to make the reply, without waiting for it; what is None is read again from the database."""

    @abstractmethod
    async def cancel(self, run_id: RunId) -> bool:
        """Ask for the end of a run and wait until it has ended; False when it is not being made."""
