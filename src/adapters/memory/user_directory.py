"""All users, in memory."""

from adapters.memory.paging import page_by
from adapters.memory.store import MemoryStore
from application.paging import Page, PageRequest
from application.ports.user_directory import UserDirectory
from application.users.views import UserView


class MemoryUserDirectory(UserDirectory):
    """The users of the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find_by_email(self, email: str) -> UserView | None:
        """Read the user."""
        users = (await self._store.read()).users.values()
        return next((UserView.of(user) for user in users if user.email == email), None)

    async def list_users(self, page: PageRequest) -> Page[UserView]:
        """Read a page of users."""
        views = [UserView.of(user) for user in (await self._store.read()).users.values()]
        return page_by(views, page, lambda view: str(view.id), page.cursor)
