"""All users, for administrators' eyes. As new as can be; never cached."""

from abc import abstractmethod
from typing import Protocol

from application.paging import Page, PageRequest
from application.users.views import UserView


class UserDirectory(Protocol):
    """Everybody who has an account."""

    @abstractmethod
    async def find_by_email(self, email: str) -> UserView | None:
        """Return the user with this (lower-case) address, or None."""

    @abstractmethod
    async def list_users(self, page: PageRequest) -> Page[UserView]:
        """Return users, by identifier."""
