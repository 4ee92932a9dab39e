"""Twenty at the same moment."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.catalog import Catalog
from domain.agents.agent import SlugTaken
from domain.shared.errors import StaleWrite
from domain.users.credential import ApiKeyNotFound
from domain.users.user import EmailTaken, UserNotFound
from tests.contracts.ports.catalog.access import by_refresh, is_gone, read_key, read_user, remove_key, save_rotation
from tests.support.builders import (
    LATER,
    credential_of,
    new_agent,
    new_api_key,
    new_profile,
    new_user,
    rotated,
)
from tests.support.racing import one_wins, race
from tests.support.storing import store_agent, store_api_key, store_sign_in, store_user


class RacesSuite:
    async def test_of_twenty_who_register_one_address_one_wins(self, catalog: Catalog) -> None:
        email = new_user().email

        async def register(barrier: asyncio.Barrier) -> None:
            user = new_user(email)
            async with catalog.open() as unit:
                unit.users.add(user, credential_of(user))
                await barrier.wait()
                await unit.commit()

        assert await race(register) == one_wins(EmailTaken)

    async def test_of_twenty_who_take_one_slug_one_wins(self, catalog: Catalog) -> None:
        profile = new_profile()

        async def create(barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            await store_agent(catalog, replace(new_agent(), profile=profile))

        assert await race(create) == one_wins(SlugTaken)

    async def test_of_twenty_who_change_one_user_one_wins(self, catalog: Catalog) -> None:
        user = await store_user(catalog)

        async def rename(barrier: asyncio.Barrier) -> None:
            async with catalog.open() as unit:
                found = await unit.users.get(user.id)
                found.rename("Grace", now=LATER)
                unit.users.save(found)
                await barrier.wait()
                await unit.commit()

        assert await race(rename) == one_wins(StaleWrite)
        assert (await read_user(catalog, user.id)).version == 1

    async def test_of_twenty_who_use_one_refresh_token_one_wins(self, catalog: Catalog) -> None:
        sign_in = await store_sign_in(catalog, await store_user(catalog))

        async def refresh(barrier: asyncio.Barrier) -> None:
            found = await by_refresh(catalog, sign_in.refresh)
            assert found == (sign_in, False)
            await barrier.wait()
            await save_rotation(catalog, found[0], rotated(found[0]))

        assert await race(refresh) == one_wins(StaleWrite)
        assert (await by_refresh(catalog, sign_in.refresh) or (None, None))[1] is True

    async def test_of_twenty_who_revoke_one_key_one_wins(self, catalog: Catalog) -> None:
        key = await store_api_key(catalog, await store_user(catalog))

        async def revoke(barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            await remove_key(catalog, key)

        assert await race(revoke) == one_wins(StaleWrite)

    async def test_nothing_of_a_user_outlives_an_erasure_that_others_race_with(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        keys = [new_api_key(user.id) for _ in range(20)]
        places = iter(range(20))

        async def erase_or_issue(barrier: asyncio.Barrier) -> None:
            place = next(places)
            await barrier.wait()
            async with catalog.open() as unit:
                if place == 10:
                    unit.users.remove(user)
                else:
                    unit.api_keys.add(keys[place])
                await unit.commit()

        outcomes = await race(erase_or_issue)
        assert set(outcomes) <= {"won", UserNotFound.__name__}
        assert await is_gone(catalog, user)
        for key in keys:
            with pytest.raises(ApiKeyNotFound):
                await read_key(catalog, key.id)
