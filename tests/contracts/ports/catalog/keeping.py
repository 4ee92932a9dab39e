"""What is stored comes back, and belongs to the catalog."""


import pytest

from application.ports.catalog import Catalog
from domain.agents.agent import AgentNotFound, Sampling, Visibility
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId
from domain.users.credential import ApiKeyNotFound
from domain.users.user import UserNotFound
from tests.contracts.ports.catalog.access import by_refresh, by_slug, read_agent, read_key, read_sign_in, read_user, save_rotation
from tests.support.builders import (
    LATER,
    credential_of,
    new_agent,
    new_fingerprint,
    new_sign_in,
    new_user,
    new_user_id,
    rotated,
)
from tests.support.storing import save_agent, store_agent, store_api_key, store_sign_in, store_user


class MissingSuite:
    async def test_what_is_not_there_is_not_found(self, catalog: Catalog) -> None:
        with pytest.raises(UserNotFound):
            await read_user(catalog, new_user_id())
        with pytest.raises(ApiKeyNotFound):
            await read_key(catalog, ApiKeyId("key_none"))
        with pytest.raises(AgentNotFound):
            await read_agent(catalog, AgentId("agent_none"))

    async def test_what_may_be_missing_is_none(self, catalog: Catalog) -> None:
        async with catalog.open() as unit:
            assert await unit.users.find_credential("nobody@example.org") is None
            assert await unit.sign_ins.find(SignInId("signin_none")) is None
            assert await unit.sign_ins.find_by_refresh(new_fingerprint()) is None
            assert await unit.agents.find_by_slug("agent-of-nobody") is None
            assert await unit.sign_ins.fingerprints_of(new_user_id()) == ()


class KeepingSuite:
    async def test_a_user_comes_back_as_it_was_with_the_password(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        async with catalog.open() as unit:
            assert await unit.users.get(user.id) == user
            assert await unit.users.find_credential(user.email) == credential_of(user)

    async def test_a_sign_in_comes_back_by_its_identifier_and_by_its_refresh_token(self, catalog: Catalog) -> None:
        sign_in = await store_sign_in(catalog, await store_user(catalog))
        assert await read_sign_in(catalog, sign_in.id) == sign_in
        assert await by_refresh(catalog, sign_in.refresh) == (sign_in, False)
        assert await by_refresh(catalog, sign_in.access) is None

    async def test_a_key_comes_back_as_it_was(self, catalog: Catalog) -> None:
        key = await store_api_key(catalog, await store_user(catalog))
        assert await read_key(catalog, key.id) == key

    @pytest.mark.parametrize("sampling", [Sampling(), Sampling(0.0, 0.25, 1), Sampling(2.0, 1.0, 131_072)])
    async def test_an_agent_comes_back_by_its_identifier_and_by_its_slug(self, catalog: Catalog, sampling: Sampling) -> None:
        owner = await store_user(catalog)
        for agent in (new_agent(sampling=sampling, description=""), new_agent(owner.id, visibility=Visibility.PRIVATE)):
            await store_agent(catalog, agent)
            assert await read_agent(catalog, agent.id) == await by_slug(catalog, agent.profile.slug) == agent

    async def test_a_user_and_the_first_sign_in_are_stored_in_one_unit(self, catalog: Catalog) -> None:
        user = new_user()
        sign_in = new_sign_in(user.id)
        async with catalog.open() as unit:
            unit.sign_ins.add(sign_in)
            unit.users.add(user, credential_of(user))
            await unit.commit()
        assert await read_sign_in(catalog, sign_in.id) == sign_in

    async def test_a_rotation_spends_the_old_refresh_token(self, catalog: Catalog) -> None:
        sign_in = await store_sign_in(catalog, await store_user(catalog))
        first = rotated(sign_in)
        await save_rotation(catalog, sign_in, first)
        second = rotated(sign_in)
        await save_rotation(catalog, sign_in, second)
        assert await by_refresh(catalog, sign_in.refresh) == (sign_in, False)
        assert [await by_refresh(catalog, spent) for spent in (first, second)] == [(sign_in, True)] * 2

    async def test_all_keys_of_a_user_are_removed_and_no_others(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        own = [await store_api_key(catalog, user) for _ in range(2)]
        kept = await store_api_key(catalog, await store_user(catalog))
        async with catalog.open() as unit:
            unit.api_keys.remove_all_of(user.id)
            await unit.commit()
            assert await unit.sign_ins.fingerprints_of(user.id) == ()
        assert await read_key(catalog, kept.id) == kept
        for key in own:
            with pytest.raises(ApiKeyNotFound):
                await read_key(catalog, key.id)

    async def test_the_fingerprints_are_those_of_access_tokens_and_keys(self, catalog: Catalog) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        opening = [await store_sign_in(catalog, user), await store_sign_in(catalog, user)]
        key = await store_api_key(catalog, user)
        await store_sign_in(catalog, other)
        async with catalog.open() as unit:
            found = await unit.sign_ins.fingerprints_of(user.id)
        assert sorted(found) == sorted([*[sign_in.access for sign_in in opening], key.fingerprint])

    async def test_a_retired_agent_is_found_by_its_identifier_alone(self, catalog: Catalog) -> None:
        agent = await store_agent(catalog)
        agent.retire(now=LATER)
        await save_agent(catalog, agent)
        assert await read_agent(catalog, agent.id) == agent
        assert await by_slug(catalog, agent.profile.slug) is None


class IsolationSuite:
    async def test_changing_what_was_read_changes_nothing_that_is_stored(self, catalog: Catalog) -> None:
        user, agent = await store_user(catalog), await store_agent(catalog)
        sign_in = await store_sign_in(catalog, user)
        (await read_user(catalog, user.id)).rename("Grace", now=LATER)
        (await read_agent(catalog, agent.id)).retire(now=LATER)
        found = await read_sign_in(catalog, sign_in.id)
        assert found is not None
        rotated(found)
        assert await read_user(catalog, user.id) == user
        assert await read_agent(catalog, agent.id) == agent
        assert await read_sign_in(catalog, sign_in.id) == sign_in

    async def test_what_counts_is_how_it_was_when_it_was_handed_over(self, catalog: Catalog) -> None:
        user = new_user()
        async with catalog.open() as unit:
            unit.users.add(user, credential_of(user))
            user.name = "Changed before the commit"
            await unit.commit()
            user.name = "Changed after the commit"
        stored = await read_user(catalog, user.id)
        assert stored.name == "Ada"
        async with catalog.open() as unit:
            unit.users.save(stored)
            stored.name = "Changed before the commit"
            await unit.commit()
        assert (await read_user(catalog, user.id)).name == "Ada"
