"""Who users are elsewhere."""

import asyncio
from itertools import count

import pytest

from application.ports.catalog import Catalog
from domain.shared.errors import StaleWrite
from domain.users.identity import Identity
from domain.users.user import User, UserNotFound
from tests.support.builders import NOW, credential_of, new_user
from tests.support.racing import one_wins, race
from tests.support.storing import remove_user, store_user

ISSUER = "https://id.example.org"
_numbers = count(1)


def new_identity(user: User, issuer: str = ISSUER) -> Identity:
    return Identity(issuer, f"subject-{next(_numbers)}", user.id, NOW)


async def store(catalog: Catalog, identity: Identity) -> None:
    async with catalog.open() as unit:
        unit.identities.add(identity)
        await unit.commit()


async def find(catalog: Catalog, issuer: str, subject: str) -> Identity | None:
    async with catalog.open() as unit:
        return await unit.identities.find(issuer, subject)


class IdentitySuite:
    async def test_an_identity_comes_back_by_its_issuer_and_subject_together(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        here, elsewhere = new_identity(user), new_identity(user, "https://other.example.org")
        await store(catalog, here)
        await store(catalog, elsewhere)
        assert await find(catalog, ISSUER, here.subject) == here
        assert await find(catalog, "https://other.example.org", here.subject) is None
        assert await find(catalog, ISSUER, elsewhere.subject) is None

    async def test_all_identities_of_a_user_are_removed_and_no_others(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        own = [new_identity(user), new_identity(user, "https://other.example.org")]
        kept = new_identity(await store_user(catalog))
        for identity in (*own, kept):
            await store(catalog, identity)
        async with catalog.open() as unit:
            unit.identities.remove_all_of(user.id)
            await unit.commit()
        assert [await find(catalog, one.issuer, one.subject) for one in (*own, kept)] == [None, None, kept]

    async def test_a_user_and_the_first_identity_are_stored_in_one_unit(self, catalog: Catalog) -> None:
        user = new_user()
        identity = new_identity(user)
        async with catalog.open() as unit:
            unit.identities.add(identity)
            unit.users.add(user, credential_of(user))
            await unit.commit()
        assert await find(catalog, ISSUER, identity.subject) == identity

    async def test_of_many_who_link_one_identity_at_once_one_wins(self, catalog: Catalog) -> None:
        subject = f"subject-{next(_numbers)}"

        async def link(barrier: asyncio.Barrier) -> None:
            identity = Identity(ISSUER, subject, (await store_user(catalog)).id, NOW)
            await barrier.wait()
            await store(catalog, identity)

        assert await race(link) == one_wins(StaleWrite)
        assert await find(catalog, ISSUER, subject) is not None

    async def test_an_identity_goes_with_its_user_and_is_free_again(self, catalog: Catalog) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        identity = new_identity(user)
        await store(catalog, identity)
        await remove_user(catalog, user)
        assert await find(catalog, ISSUER, identity.subject) is None
        with pytest.raises(UserNotFound):
            await store(catalog, identity)
        await store(catalog, Identity(ISSUER, identity.subject, other.id, NOW))

    async def test_an_identity_that_is_not_committed_is_not_there(self, catalog: Catalog) -> None:
        identity = new_identity(await store_user(catalog))
        async with catalog.open() as unit:
            unit.identities.add(identity)
        assert await find(catalog, ISSUER, identity.subject) is None
