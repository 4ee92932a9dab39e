"""A living Database whose server goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.outbox import PostgresOutbox
from application.users.views import UserView
from domain.shared.errors import StaleWrite, Unavailable
from domain.users.user import EmailTaken, User, UserErased
from tests.contracts.ports.catalog.access import add_user, read_user, save_user
from tests.integration.postgres.conftest import PATIENCE
from tests.integration.postgres.losing_proxy import LosingProxy
from tests.integration.postgres.own_server import OwnServer
from tests.integration.postgres.waiting import WAIT, WAITING, Gate
from tests.support.builders import LATER, new_user, new_user_id
from tests.support.fault_proxy import FaultProxy
from tests.support.pgbouncer import at_port
from tests.support.processes import until
from tests.support.storing import store_user

SOON = 30


class Node:
    """What one process has of a database."""

    def __init__(self, dsn: str, entropy: MemoryEntropy, *, statement_timeout: float = 10.0) -> None:
        self.database = Database(dsn, name="own", patience=PATIENCE, statement_timeout=statement_timeout)
        self.catalog = PostgresCatalog(self.database, entropy)
        self.users = PostgresUserReader(self.database)
        self.outbox = PostgresOutbox(self.database, [self.database])

    async def refuses_everything(self) -> None:
        """Look that every operation says that the database is away."""
        attempts = (
            self.database.ping(), self.users.find_user(new_user_id()), store_user(self.catalog), self.outbox.claim(10),
            asyncio.gather(*(self.users.find_user(new_user_id()) for _ in range(30))),
        )
        for attempt in attempts:
            with pytest.raises(Unavailable):
                await attempt

    def serves(self, user: User) -> Callable[[], Awaitable[bool]]:
        """Return what asks whether a user is found."""
        async def found() -> bool:
            with suppress(Unavailable):
                return await self.users.find_user(user.id) is not None
            return False

        return found


@pytest.fixture
async def node(own_dsn: str, entropy: MemoryEntropy) -> AsyncIterator[Node]:
    node = Node(own_dsn, entropy)
    yield node
    await node.database.close()


@pytest.mark.parametrize("killed", [False, True])
async def test_a_server_that_comes_back_is_found_again(own_server: OwnServer, entropy: MemoryEntropy, killed: bool) -> None:
    node = Node(await own_server.database(), entropy)
    user = await store_user(node.catalog)
    await asyncio.gather(*(node.users.find_user(user.id) for _ in range(30)))
    await (own_server.kill() if killed else own_server.stop())
    await node.refuses_everything()
    await own_server.start()
    assert await node.users.find_user(user.id) == UserView.of(user)
    await asyncio.gather(*(store_user(node.catalog) for _ in range(30)))
    await node.database.ping()
    await node.database.close()


async def test_a_frozen_server_is_given_up_and_used_again_when_it_is_thawed(
    own_server: OwnServer, entropy: MemoryEntropy
) -> None:
    node = Node(await own_server.database(), entropy, statement_timeout=0.5)
    user = await store_user(node.catalog)
    own_server.freeze()
    with pytest.raises(Unavailable):
        await node.users.find_user(user.id)
    own_server.thaw()
    assert await node.users.find_user(user.id) == UserView.of(user)
    own_server.freeze()
    await node.database.close()
    own_server.thaw()


async def test_a_server_that_stays_silent_is_left_alone_but_for_a_trial_now_and_then(
    own_dsn: str, entropy: MemoryEntropy
) -> None:
    async with FaultProxy.before(urlsplit(own_dsn).port or 0) as proxy:
        node = Node(at_port(own_dsn, proxy.port), entropy, statement_timeout=0.1)
        user = await store_user(node.catalog)
        proxy.silent = True
        async with asyncio.timeout(SOON):
            await node.refuses_everything()
        asked = node.database.pool.use.connects
        for _ in range(200):
            async with asyncio.timeout(SOON):
                with pytest.raises(Unavailable):
                    await node.users.find_user(user.id)
        assert node.database.pool.use.connects - asked < 10
        proxy.silent = False
        await until(node.serves(user), SOON)
        await node.database.close()


async def test_a_network_that_swallows_everything_hangs_neither_newcomers_nor_the_close(
    own_dsn: str, entropy: MemoryEntropy
) -> None:
    async with FaultProxy.before(urlsplit(own_dsn).port or 0) as proxy:
        node, newcomer = (Node(at_port(own_dsn, proxy.port), entropy, statement_timeout=0.5) for _ in range(2))
        await asyncio.gather(*(node.users.find_user(new_user_id()) for _ in range(10)))
        proxy.silent = True
        async with asyncio.timeout(SOON):
            with pytest.raises(Unavailable):
                await newcomer.database.ping()
            await asyncio.gather(node.database.close(), newcomer.database.close())


async def test_a_reading_whose_connection_is_cut_is_made_again(own_dsn: str, node: Node) -> None:
    async with Gate.closed(own_dsn) as gate:
        reading = asyncio.create_task(node.database.rows(WAIT, **WAITING))
        await gate.cut(await gate.holds())
        await gate.holds()
        await gate.open()
        assert len(await reading) == 1


async def test_a_writing_whose_connection_is_cut_is_not_made_again(own_dsn: str, node: Node) -> None:
    async with Gate.closed(own_dsn) as gate:
        writing = asyncio.create_task(node.database.take(WAIT, **WAITING))
        await gate.cut(await gate.holds())
        with pytest.raises(Unavailable):
            await writing


async def test_a_new_row_whose_acknowledgement_is_lost_is_stored_once(own_dsn: str, node: Node, entropy: MemoryEntropy) -> None:
    async with LosingProxy.before(own_dsn) as (proxy, dsn):
        far, user = Node(dsn, entropy), new_user()
        await store_user(far.catalog)
        with proxy.losing_replies(), pytest.raises(Unavailable):
            await add_user(far.catalog, user)
        assert await read_user(node.catalog, user.id) == user
        with pytest.raises(EmailTaken):
            await add_user(far.catalog, new_user(user.email))
        await far.database.close()


async def test_a_change_whose_acknowledgement_is_lost_is_refused_when_it_is_tried_again(
    own_dsn: str, node: Node, entropy: MemoryEntropy
) -> None:
    async with LosingProxy.before(own_dsn) as (proxy, dsn):
        far = Node(dsn, entropy)
        user = await store_user(far.catalog)
        await save_user(far.catalog, user)
        user.rename("Grace", now=LATER)
        with proxy.losing_replies(), pytest.raises(Unavailable):
            await save_user(far.catalog, user)
        assert ((await read_user(node.catalog, user.id)).name, user.version) == ("Grace", 1)
        with pytest.raises(StaleWrite):
            await save_user(far.catalog, user)
        await far.database.close()


async def test_an_outbox_whose_database_is_away_does_not_hold_up_the_others(
    own_server: OwnServer, own_dsn: str, entropy: MemoryEntropy
) -> None:
    away, here = Database(await own_server.database(), name="away"), Database(own_dsn, name="here", patience=PATIENCE)
    outbox, event = PostgresOutbox(here, [away]), UserErased(new_user_id())
    await away.ping()
    async with PostgresCatalog(here, entropy).open() as unit:
        unit.record(event)
        await unit.commit()
    await own_server.stop()
    assert [envelope.event for envelope in await outbox.claim(10)] == [event]
    await own_server.start()
    assert list(await outbox.claim(10)) == []
    await away.close()
    await here.close()
