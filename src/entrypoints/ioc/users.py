"""Looking after users from the command line: the catalog alone is needed, and the cache if there is one.

Nodes forget what they know of a changed user at once where the cache can be told; a worker repeats it from the outbox.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec.structs import replace

from adapters.caching.catalog import InvalidatingCatalog
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.user_directory import PostgresUserDirectory
from adapters.system.clock import SystemClock
from adapters.system.entropy import SystemEntropy
from application.paging import PageRequest
from application.reactions.invalidate import InvalidateCaches
from application.users.admin_queries import ListUsers, ReadUser
from application.users.change_standing import ChangeStanding, ChangeStandingCommand
from application.users.views import UserView
from domain.shared.errors import DomainError
from domain.shared.identifiers import UserId
from domain.users.user import UserNotFound
from entrypoints.ioc.cache_layers import LayerCounts, open_layers
from entrypoints.ioc.schema import require_usable_catalog
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings


class UserProblem(OperatorProblem):
    """There is no such user, or what is asked cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class UserCare:
    """What an operator does with users."""

    list_users: ListUsers
    read_user: ReadUser
    change_standing: ChangeStanding

    async def find(self, who: str) -> UserView:
        """Return the user with this address or identifier; UserNotFound."""
        if "@" not in who:
            return await self.read_user.execute(UserId(who))
        page = await self.list_users.execute(PageRequest(1), who)
        if not page.items:
            raise UserNotFound(f"There is no user {who}.")
        return page.items[0]

    async def change(self, command: ChangeStandingCommand) -> UserView:
        """Change the user and return it."""
        return await self.change_standing.execute(command)


@asynccontextmanager
async def caring(settings: Settings) -> AsyncIterator[UserCare]:
    """Open the catalog and the cache; what the domain refuses is a UserProblem."""
    await require_usable_catalog(settings)
    if settings.redis_url is None:
        settings = replace(settings, cache_layers=())
    catalog = Database(
        settings.require_catalog(), name="catalog", size=1, statement_timeout=settings.database_timeout, pooler=settings.pooler
    )
    try:
        async with open_layers(settings, LayerCounts([])) as cache:
            written = InvalidatingCatalog(PostgresCatalog(catalog, SystemEntropy()), InvalidateCaches(cache))
            yield UserCare(
                ListUsers(PostgresUserDirectory(catalog)), ReadUser(PostgresUserReader(catalog)),
                ChangeStanding(written, SystemClock(), SystemEntropy()),
            )
    except DomainError as problem:
        raise UserProblem(problem.message) from problem
    finally:
        await catalog.close()
