"""The agents that come with the platform."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.agents.agent import AgentProfile


class BuiltinAgents(Protocol):
    """Where the built-in catalogue is written down."""

    @abstractmethod
    def load(self) -> Sequence[AgentProfile]:
        """Return the profiles, with distinct slugs."""
