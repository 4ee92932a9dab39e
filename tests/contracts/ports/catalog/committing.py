"""All of a unit or nothing, and only what nobody changed meanwhile."""

from dataclasses import replace

import pytest

from application.ports.catalog import Catalog
from domain.shared.errors import StaleWrite
from domain.users.user import EmailTaken
from tests.contracts.ports.catalog.access import (
    by_slug,
    is_gone,
    read_agent,
    read_key,
    read_sign_in,
    read_user,
    remove_key,
    remove_sign_in,
    save_rotation,
    save_user,
)
from tests.support.builders import (
    LATER,
    credential_of,
    new_agent,
    new_profile,
    new_sign_in,
    new_user,
    new_user_id,
    rotated,
)
from tests.support.storing import remove_user, save_agent, store_agent, store_api_key, store_sign_in, store_user


class RollbackSuite:
    async def test_leaving_without_commit_stores_nothing(self, catalog: Catalog) -> None:
        user, agent, stored = new_user(), new_agent(), await store_user(catalog)
        async with catalog.open() as unit:
            unit.users.add(user, credential_of(user))
            unit.agents.add(agent)
            unit.users.remove(stored)
        assert await is_gone(catalog, user)
        assert await by_slug(catalog, agent.profile.slug) is None
        assert await read_user(catalog, stored.id) == stored

    async def test_leaving_by_an_error_stores_nothing(self, catalog: Catalog) -> None:
        user = new_user()

        async def stumble() -> None:
            async with catalog.open() as unit:
                unit.users.add(user, credential_of(user))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await stumble()
        assert await is_gone(catalog, user)

    async def test_a_unit_does_not_see_what_it_has_staged(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        async with catalog.open() as unit:
            changed = await unit.users.get(user.id)
            changed.rename("Grace", now=LATER)
            unit.users.save(changed)
            assert await unit.users.get(user.id) == user
            await unit.commit()
            assert (await unit.users.get(user.id)).name == "Grace"

    async def test_a_commit_that_fails_stores_nothing_of_its_unit(self, catalog: Catalog) -> None:
        taken, sign_in = await store_user(catalog), new_sign_in(new_user_id())
        user, agent = replace(new_user(taken.email), id=sign_in.user_id), new_agent()
        key = await store_api_key(catalog, taken)
        async with catalog.open() as unit:
            unit.api_keys.remove(key)
            unit.agents.add(agent)
            unit.users.add(user, credential_of(user))
            unit.sign_ins.add(sign_in)
            with pytest.raises(EmailTaken):
                await unit.commit()
        assert await read_key(catalog, key.id) == key
        assert await by_slug(catalog, agent.profile.slug) is None
        assert await read_sign_in(catalog, sign_in.id) is None

    async def test_a_second_commit_stores_what_was_staged_since_the_first(self, catalog: Catalog) -> None:
        user, agent = new_user(), new_agent()
        async with catalog.open() as unit:
            unit.users.add(user, credential_of(user))
            await unit.commit()
            await unit.commit()
            unit.agents.add(agent)
            await unit.commit()
        assert await read_user(catalog, user.id) == user
        assert await read_agent(catalog, agent.id) == agent


class VersionSuite:
    async def test_a_saved_entity_carries_its_new_version_and_may_be_saved_again(self, catalog: Catalog) -> None:
        user, agent = await store_user(catalog), await store_agent(catalog)
        sign_in = await store_sign_in(catalog, user)
        for version in (1, 2):
            user.rename(f"Ada {version}", now=LATER)
            await save_user(catalog, user)
            agent.edit(new_profile(), now=LATER)
            await save_agent(catalog, agent)
            await save_rotation(catalog, sign_in, rotated(sign_in))
            assert user.version == agent.version == sign_in.version == version
            assert await read_user(catalog, user.id) == user
            assert await read_agent(catalog, agent.id) == agent
            assert await read_sign_in(catalog, sign_in.id) == sign_in

    async def test_a_change_of_what_somebody_else_changed_is_refused_and_lost(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        slow = await read_user(catalog, user.id)
        user.rename("Fast", now=LATER)
        await save_user(catalog, user)
        slow.rename("Slow", now=LATER)
        with pytest.raises(StaleWrite):
            await save_user(catalog, slow)
        assert slow.version == 0
        assert await read_user(catalog, user.id) == user

    async def test_what_was_removed_cannot_be_saved_or_removed_again(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        sign_in, key = await store_sign_in(catalog, user), await store_api_key(catalog, user)
        await remove_sign_in(catalog, sign_in)
        await remove_key(catalog, key)
        await remove_user(catalog, user)
        late = (
            save_user(catalog, user), remove_user(catalog, user), remove_key(catalog, key),
            save_rotation(catalog, sign_in, rotated(sign_in)), remove_sign_in(catalog, sign_in),
        )
        for attempt in late:
            with pytest.raises(StaleWrite):
                await attempt

    async def test_what_somebody_changed_since_the_read_is_not_removed(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        sign_in = await store_sign_in(catalog, user)
        old_user, old_sign_in = replace(user), replace(sign_in)
        await save_user(catalog, user)
        await save_rotation(catalog, sign_in, rotated(sign_in))
        with pytest.raises(StaleWrite):
            await remove_user(catalog, old_user)
        with pytest.raises(StaleWrite):
            await remove_sign_in(catalog, old_sign_in)
        assert await read_sign_in(catalog, sign_in.id) == sign_in
