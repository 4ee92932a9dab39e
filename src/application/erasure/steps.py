"""The steps of an erasure, behind the end of the account itself. Blobs will be one more."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from application.erasure.emptying import ShardEmptying
from application.ports.catalog import Catalog
from domain.shared.identifiers import UserId


class ErasureStep(Protocol):
    """Erases one kind of what a user had. Twice equals once; what is broken off half-way is begun again."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Return what the catalog calls it; a step of another name is another step."""

    @abstractmethod
    async def execute(self, user_id: UserId) -> None:
        """Erase; Unavailable when that has to wait."""


@dataclass(frozen=True, slots=True)
class EmptyShard(ErasureStep):
    """Stops the replies, and removes sessions, messages, runs, shares, ledger and remembered answers."""

    emptying: ShardEmptying

    @property
    def name(self) -> str:
        """Return the name."""
        return "shard"

    async def execute(self, user_id: UserId) -> None:
        """Empty the shard where the user lives now."""
        await self.emptying.empty(user_id)


@dataclass(frozen=True, slots=True)
class StripAudit(ErasureStep):
    """Takes from the audit log what is personal; that something was done to an account of a random name stays."""

    catalog: Catalog

    @property
    def name(self) -> str:
        """Return the name."""
        return "audit"

    async def execute(self, user_id: UserId) -> None:
        """Strip all entries."""
        async with self.catalog.open() as unit:
            unit.audit.strip(user_id)
            await unit.commit()
