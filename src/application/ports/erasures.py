"""Erasures under way: a row of the catalog each, from the end of the account until nothing of it is left."""

from abc import abstractmethod
from typing import Protocol

from domain.shared.identifiers import UserId
from domain.users.erasure import Erasure


class ErasureRepository(Protocol):
    """Begins erasures, in the commit that ends the account."""

    @abstractmethod
    def begin(self, user_id: UserId, step: str, lease: float) -> None:
        """Store on commit that the user is being erased; nobody else takes it on for `lease` seconds."""


class Erasures(Protocol):
    """Those that have begun. Delays and leases are in seconds, by the catalog's clock; what is gone is not changed."""

    @abstractmethod
    async def claim(self, lease: float) -> Erasure | None:
        """Take on the one that is due longest, for `lease` seconds, and count the attempt; None when none is due."""

    @abstractmethod
    async def advance(self, user_id: UserId, step: str, due_in: float) -> None:
        """Note the next step, which nobody has attempted yet, and when it is due."""

    @abstractmethod
    async def put_off(self, user_id: UserId, due_in: float) -> None:
        """Make the step due again later; the attempts stay counted."""

    @abstractmethod
    async def finish(self, user_id: UserId) -> None:
        """Forget the erasure, and on which shard the user was wanted: nothing is left that they could lead to."""
