"""Reading users and keys."""

from dataclasses import dataclass

from application.actor import Actor
from application.paging import Page, PageRequest
from application.ports.readers import UserReader
from application.users.views import UserView
from domain.users.credential import ApiKey
from domain.users.user import UserNotFound


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """The caller's own profile."""

    users: UserReader

    async def execute(self, actor: Actor) -> UserView:
        """Return the profile; UserNotFound when the account is gone."""
        user = await self.users.find_user(actor.user_id)
        if user is None:
            raise UserNotFound("The account is gone.")
        return user


@dataclass(frozen=True, slots=True)
class ListApiKeys:
    """The caller's keys, without secrets."""

    users: UserReader

    async def execute(self, actor: Actor, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys."""
        return await self.users.list_api_keys(actor.user_id, page)
