"""Which node makes which run. A node's lease stands for all its runs; it lives where the runs live, so it is lost with none."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.runs.run import Run
from domain.shared.identifiers import NodeId, RunId


class RunLeases(Protocol):
    """The lease of one node, on every shard. A shard that is away is passed over; Unavailable when none answers."""

    @property
    @abstractmethod
    def node(self) -> NodeId:
        """Return this node's identifier, which no other process has or had."""

    @property
    @abstractmethod
    def tenure(self) -> int | None:
        """Return a number while the lease stands for certain (no other node can claim a run of this one), else None.

        It changes when the lease may have ended before it was renewed: others may have runs of before.
        """

    @abstractmethod
    async def renew(self) -> Sequence[RunId]:
        """Keep this node's runs for some more seconds; return those of them that somebody wants cancelled."""

    @abstractmethod
    async def claim(self, limit: int) -> Sequence[Run]:
        """Take over up to `limit` runs per shard whose node's lease has ended; each comes at its next attempt, to one claimer."""

    @abstractmethod
    async def reclaim(self, making: Collection[RunId], limit: int) -> Sequence[Run]:
        """Take over this node's runs that are not among those it is `making`, and those of nodes that nobody remembers.

        Their beginning was lost on the way: between a commit and its acknowledgement, or behind a node that had left.
        """

    @abstractmethod
    async def release(self) -> None:
        """End this node's lease at once; whoever claims its runs does not count them as lost."""
