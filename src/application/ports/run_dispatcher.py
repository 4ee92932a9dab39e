"""Making replies apart from the requests that ask for them."""

import asyncio
from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from application.agents.views import AgentView
from application.ports.limiter import Held
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class Assignment:
    """A run to make, and what is known already; the rest is read from the database.

    A run whose commit is still under way has a future, `stored`: nobody is told before it is done, and the model is asked before
    only if the run `asks_early`. `hold` is the stream that its owner was given for it; without one the dispatcher takes one.
    """

    run: Run
    session: Session | None = None
    message: Message | None = None
    agent: AgentView | None = None
    stored: "asyncio.Future[None] | None" = None
    asks_early: bool = False
    hold: Held | None = None


class RunDispatcher(Protocol):
    """Hands runs to whoever makes the replies on this node."""

    @abstractmethod
    def dispatch(self, assignment: Assignment) -> None:
        """Begin to make the reply, without waiting for it; one that is being made here already is given up."""

    @abstractmethod
    def drop(self, run_id: RunId) -> None:
        """Give up a run that could not be stored."""

    @property
    @abstractmethod
    def making(self) -> Collection[RunId]:
        """Return the runs that are being made here."""

    @abstractmethod
    def interrupt(self, run_id: RunId) -> bool:
        """Ask for the end of a run that this node makes, without waiting; False when it makes no such run."""
