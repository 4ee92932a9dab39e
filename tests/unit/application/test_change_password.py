"""Changing the password: of two equal requests at once one is carried out, and the other is told the same."""

import pytest

from adapters.memory.account_reader import MemoryAccountReader
from adapters.memory.attempts import MemoryAttempts
from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.password_hasher import MemoryPasswordHasher
from adapters.memory.store import MemoryStore
from application.actor import Actor
from application.idempotency import Once
from application.users.change_password import ChangePassword, ChangePasswordCommand, WrongPassword
from application.users.throttling import Throttle
from domain.users.credential import Credential
from domain.users.user import User
from tests.support.builders import LATER, new_user
from tests.unit.application.overtaken import OvertakenCatalog

OLD, NEW = "the old password", "the new password"


class World:
    """Somebody with a password, over one store."""

    def __init__(self) -> None:
        self.clock, self.hasher, self.user = HandClock(LATER), MemoryPasswordHasher(), new_user()
        self.store = MemoryStore(self.clock)
        self.attempts = MemoryAttempts(self.clock)

    async def begin(self) -> User:
        async with MemoryCatalog(self.store).open() as unit:
            unit.users.add(self.user, Credential(self.user.id, await self.hasher.hash(OLD)))
            await unit.commit()
        return self.user

    def use_case(self, catalog: MemoryCatalog | None = None) -> ChangePassword:
        return ChangePassword(
            catalog or MemoryCatalog(self.store), MemoryAccountReader(self.store), self.clock, MemoryEntropy(), self.hasher,
            Throttle(self.attempts, self.clock),
        )

    async def change(self, key: str, catalog: MemoryCatalog | None = None) -> Once:
        once = Once(key, b"the same request")
        await self.use_case(catalog).execute(ChangePasswordCommand(Actor(self.user.id, self.user.plan), OLD, NEW, once))
        return once


@pytest.fixture
async def world() -> World:
    world = World()
    await world.begin()
    return world


async def test_a_request_that_its_like_has_overtaken_is_told_the_same(world: World) -> None:
    async def its_like() -> None:
        assert not (await world.change("k")).replayed

    assert (await world.change("k", OvertakenCatalog(world.store, its_like))).replayed


async def test_a_request_that_another_has_overtaken_has_the_wrong_password(world: World) -> None:
    async def another() -> None:
        await world.change("another")

    with pytest.raises(WrongPassword):
        await world.change("k", OvertakenCatalog(world.store, another))
