"""Two nodes over the same Postgres and Valkey."""

from collections.abc import AsyncIterator, Callable

import pytest

from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.application import Application, running_application


# A database of their own: another node would claim what one of them leaves.
class Pair:
    """Two applications that know nothing of each other but the servers they share."""

    def __init__(self, first: Application, second: Application) -> None:
        self.first, self.second = first, second

    async def sign_up(self) -> tuple[Caller, Caller]:
        """Return one new user's clients, one at each node."""
        here = await self.first.api.sign_up()
        return here, Caller(self.second.api.http, here.signed_up, here.email)


@pytest.fixture
async def pair(own_dsn: str, own_valkey_url: Callable[[], str]) -> AsyncIterator[Pair]:
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey_url())
    async with running_application(settings) as first, running_application(settings) as second:
        yield Pair(first, second)
