"""All users, in Postgres."""

from typing import Final

from sqlalchemy import bindparam, select

from adapters.postgres.database import Database
from adapters.postgres.paging import PagedReading
from adapters.postgres.rows import user_view
from adapters.postgres.statement import Statement
from adapters.postgres.tables import USERS, Id
from application.paging import Page, PageRequest, page_of
from application.ports.user_directory import UserDirectory
from application.users.views import UserView

_BY_EMAIL: Final = Statement(select(USERS).where(USERS.c.email == bindparam("email", type_=Id)), "users.find_by_email")
_ALL: Final = PagedReading(select(USERS), USERS.c.id, "users.list")


class PostgresUserDirectory(UserDirectory):
    """The users of the catalog."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog

    async def find_by_email(self, email: str) -> UserView | None:
        """Read the user."""
        row = await self._catalog.row(_BY_EMAIL, email=email)
        return None if row is None else user_view(row)

    async def list_users(self, page: PageRequest) -> Page[UserView]:
        """Read a page of users."""
        statement, values = _ALL.for_page(page)
        return page_of([user_view(row) for row in await self._catalog.rows(statement, **values)], page)
