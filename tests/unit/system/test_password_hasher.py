"""Argon2id, with parameters too small for production."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from adapters.system.password_hasher import Argon2PasswordHasher
from domain.shared.errors import Unavailable

PASSWORD = "correct horse battery"


def small(most_waiting: int = 200) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(threads=1, most_waiting=most_waiting, memory_kib=8, passes=1)


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    with closing(small()) as hasher:
        yield hasher


@pytest.fixture
async def stored(hasher: Argon2PasswordHasher) -> str:
    return await hasher.hash(PASSWORD)


async def test_the_right_password_fits(hasher: Argon2PasswordHasher, stored: str) -> None:
    assert await hasher.verify(PASSWORD, stored)


@pytest.mark.parametrize("guess", ["", PASSWORD[:-1], PASSWORD.upper(), PASSWORD + " ", "x" * 256])
async def test_any_other_does_not(hasher: Argon2PasswordHasher, stored: str, guess: str) -> None:
    assert not await hasher.verify(guess, stored)


@pytest.mark.parametrize("guess", [PASSWORD, "", "nobody has this password"])
async def test_nothing_fits_somebody_who_does_not_exist(hasher: Argon2PasswordHasher, guess: str) -> None:
    assert not await hasher.verify(guess, None)


@pytest.mark.parametrize("broken", ["", "hash", "$argon2id$v=19$m=8,t=1,p=1$"])
async def test_nothing_fits_a_hash_that_is_none(hasher: Argon2PasswordHasher, broken: str) -> None:
    assert not await hasher.verify(PASSWORD, broken)


async def test_one_password_has_another_hash_each_time_and_is_not_in_it(hasher: Argon2PasswordHasher, stored: str) -> None:
    assert await hasher.hash(PASSWORD) != stored
    assert PASSWORD not in stored


async def test_the_hash_tells_its_parameters_so_that_others_verify_it_later(stored: str) -> None:
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    with closing(Argon2PasswordHasher(memory_kib=16, passes=2)) as stronger:
        assert await stronger.verify(PASSWORD, stored)


async def test_the_parameters_of_production_are_owasps() -> None:
    with closing(Argon2PasswordHasher()) as hasher:
        assert (await hasher.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_more_than_may_wait_are_turned_away_at_once_and_the_others_are_served() -> None:
    with closing(small(most_waiting=3)) as hasher:
        outcomes = await asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(5)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [str, str, str, Unavailable, Unavailable]
        assert await hasher.verify(PASSWORD, await hasher.hash(PASSWORD))


async def test_somebody_who_gives_up_makes_room_for_the_next() -> None:
    with closing(small(most_waiting=1)) as hasher:
        waiting = asyncio.create_task(hasher.hash(PASSWORD))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await hasher.hash(PASSWORD)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert await hasher.hash(PASSWORD)
