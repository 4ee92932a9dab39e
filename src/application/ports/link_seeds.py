"""What the secrets of an owner's links follow from, so that a link can be told again although it is stored nowhere."""

from abc import abstractmethod
from typing import Protocol

from domain.shared.identifiers import UserId


class LinkSeeds(Protocol):
    """One seed per owner, kept apart from the shares; it goes with the account."""

    @abstractmethod
    async def of(self, owner_id: UserId) -> bytes:
        """Return the owner's seed, at least 32 bytes: made when first asked for, by one of several who ask, and never changed.

        UserNotFound if the account is gone.
        """
