"""Tokens that were sent by mail."""

from abc import abstractmethod
from typing import Protocol

from domain.users.mailed_token import MailedToken


class MailedTokenRepository(Protocol):
    """At most one token of each purpose for an account; they go with the account."""

    @abstractmethod
    async def find(self, fingerprint: bytes) -> MailedToken | None:
        """Return the token, however old, or None."""

    @abstractmethod
    def replace(self, token: MailedToken) -> None:
        """Store the token on commit, in the place of the account's other one with its purpose; UserNotFound there."""

    @abstractmethod
    def take(self, token: MailedToken) -> None:
        """Remove the token on commit; StaleWrite there if it was used or replaced since it was read."""
