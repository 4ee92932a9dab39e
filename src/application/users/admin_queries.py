"""Reading any user, for administrators."""

from dataclasses import dataclass

from application.paging import Page, PageRequest
from application.ports.readers import UserReader
from application.ports.user_directory import UserDirectory
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.user import UserNotFound, parse_email


@dataclass(frozen=True, slots=True)
class ReadUser:
    """One user."""

    users: UserReader

    async def execute(self, user_id: UserId) -> UserView:
        """Return the user; UserNotFound."""
        user = await self.users.find_user(user_id)
        if user is None:
            raise UserNotFound(f"There is no user {user_id}.")
        return user


@dataclass(frozen=True, slots=True)
class ListUsers:
    """All users, or the one with an address."""

    directory: UserDirectory

    async def execute(self, page: PageRequest, email: str | None = None) -> Page[UserView]:
        """Return a page of users; with an address a page of one or none. Invalid for what is no address."""
        if email is None:
            return await self.directory.list_users(page)
        found = await self.directory.find_by_email(parse_email(email))
        return Page(() if found is None else (found,), has_more=False)
