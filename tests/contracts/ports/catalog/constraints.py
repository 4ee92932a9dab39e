"""What the catalog refuses, and what goes along with what."""

from dataclasses import replace

import pytest

from application.ports.catalog import Catalog
from domain.agents.agent import AgentNotFound, SlugTaken
from domain.users.credential import ApiKeyNotFound
from domain.users.user import EmailTaken, UserNotFound
from tests.contracts.ports.catalog.access import (
    add_user,
    by_refresh,
    by_slug,
    is_gone,
    read_agent,
    read_key,
    read_sign_in,
    read_user,
    remove_sign_in,
    save_rotation,
)
from tests.support.builders import (
    LATER,
    new_agent,
    new_profile,
    new_user,
    rotated,
)
from tests.support.storing import remove_user, save_agent, store_agent, store_api_key, store_sign_in, store_user


class UniquenessSuite:
    async def test_a_second_account_with_one_address_is_refused(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        second = new_user(user.email)
        with pytest.raises(EmailTaken) as refused:
            await add_user(catalog, second)
        assert refused.value.param == "email"
        assert await read_user(catalog, user.id) == user

    async def test_an_erased_users_address_is_free_again(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        await remove_user(catalog, user)
        second = new_user(user.email)
        await add_user(catalog, second)
        assert await read_user(catalog, second.id) == second

    async def test_a_second_agent_in_service_with_one_slug_is_refused(self, catalog: Catalog) -> None:
        agent, other = await store_agent(catalog), await store_agent(catalog)
        taken = agent.profile.slug
        with pytest.raises(SlugTaken) as refused:
            await store_agent(catalog, new_agent(slug=taken))
        assert refused.value.param == "slug"
        other.edit(new_profile(slug=taken), now=LATER)
        with pytest.raises(SlugTaken):
            await save_agent(catalog, other)
        assert await by_slug(catalog, taken) == agent

    async def test_an_agent_may_keep_its_slug(self, catalog: Catalog) -> None:
        agent = await store_agent(catalog)
        agent.edit(replace(agent.profile, name="Pathfinder"), now=LATER)
        await save_agent(catalog, agent)
        assert await by_slug(catalog, agent.profile.slug) == agent

    async def test_a_retired_agents_slug_is_free_again_and_hinders_nothing_but_its_return(self, catalog: Catalog) -> None:
        retired = await store_agent(catalog)
        retired.retire(now=LATER)
        await save_agent(catalog, retired)
        successor = await store_agent(catalog, new_agent(slug=retired.profile.slug))
        retired.edit(replace(retired.profile, name="Of old"), now=LATER)
        await save_agent(catalog, retired)
        assert await by_slug(catalog, retired.profile.slug) == successor
        retired.retired_at = None
        with pytest.raises(SlugTaken):
            await save_agent(catalog, retired)

    async def test_a_slug_passes_from_one_agent_to_another_in_one_unit(self, catalog: Catalog) -> None:
        retired = await store_agent(catalog)
        retired.retire(now=LATER)
        successor = new_agent(slug=retired.profile.slug)
        async with catalog.open() as unit:
            unit.agents.add(successor)
            unit.agents.save(retired)
            await unit.commit()
        assert await by_slug(catalog, successor.profile.slug) == successor

    async def test_nothing_is_added_for_a_user_who_is_not_there(self, catalog: Catalog) -> None:
        nobody = new_user()
        agent = new_agent(nobody.id)
        for attempt in (store_sign_in(catalog, nobody), store_api_key(catalog, nobody), store_agent(catalog, agent)):
            with pytest.raises(UserNotFound):
                await attempt
        assert await by_slug(catalog, agent.profile.slug) is None


class CascadeSuite:
    async def test_all_that_hangs_on_a_user_goes_with_the_user(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        sign_in, key = await store_sign_in(catalog, user), await store_api_key(catalog, user)
        spent = rotated(sign_in)
        await save_rotation(catalog, sign_in, spent)
        agent = await store_agent(catalog, new_agent(user.id))
        await remove_user(catalog, user)
        assert await is_gone(catalog, user)
        assert await read_sign_in(catalog, sign_in.id) is None
        assert [await by_refresh(catalog, token) for token in (spent, sign_in.refresh)] == [None, None]
        with pytest.raises(ApiKeyNotFound):
            await read_key(catalog, key.id)
        with pytest.raises(AgentNotFound):
            await read_agent(catalog, agent.id)

    async def test_what_others_have_stays(self, catalog: Catalog) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        sign_in, key = await store_sign_in(catalog, other), await store_api_key(catalog, other)
        agents = [await store_agent(catalog, new_agent(other.id)), await store_agent(catalog)]
        await remove_user(catalog, user)
        assert await read_user(catalog, other.id) == other
        assert await read_sign_in(catalog, sign_in.id) == sign_in
        assert await read_key(catalog, key.id) == key
        assert [await read_agent(catalog, agent.id) for agent in agents] == agents

    async def test_a_sign_in_goes_with_its_tokens_and_leaves_the_other_devices(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        here, there = await store_sign_in(catalog, user), await store_sign_in(catalog, user)
        spent = rotated(here)
        await save_rotation(catalog, here, spent)
        await remove_sign_in(catalog, here)
        assert [await by_refresh(catalog, token) for token in (spent, here.refresh)] == [None, None]
        assert await read_sign_in(catalog, there.id) == there
