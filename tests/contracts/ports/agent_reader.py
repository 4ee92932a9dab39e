"""What every reader of agents does. The fixtures: `agents`, and `catalog` to write what it reads; both begin empty."""

from dataclasses import replace

import pytest

from application.agents.views import AgentView
from application.paging import PageRequest
from application.ports.catalog import Catalog
from application.ports.readers import AgentReader
from domain.agents.agent import Agent, Visibility
from domain.shared.identifiers import UserId
from tests.support.builders import LATER, new_agent, new_user_id
from tests.support.storing import remove_user, save_agent, store_agent, store_user
from tests.support.walking import every_way, walks_both_ways

FIRST = PageRequest(100, descending=False)


async def store_agents(catalog: Catalog, count: int, owner_id: UserId | None = None) -> list[AgentView]:
    return [AgentView.of(await store_agent(catalog, new_agent(owner_id))) for _ in range(count)]


async def retire(catalog: Catalog, agent: Agent) -> AgentView:
    agent.retire(now=LATER)
    await save_agent(catalog, agent)
    return AgentView.of(agent)


class AgentReaderSuite:
    async def test_an_agent_is_found_by_its_identifier_and_by_its_slug(self, catalog: Catalog, agents: AgentReader) -> None:
        owner = await store_user(catalog)
        for agent in (new_agent(), new_agent(owner.id, visibility=Visibility.PRIVATE)):
            await store_agent(catalog, agent)
            assert await agents.find(agent.id) == await agents.find(agent.profile.slug) == AgentView.of(agent)

    @pytest.mark.parametrize("name", ["nobody", "agent_01kdyak3xpga2tvfv3h1d9q0p5", "", "' OR true --", "no\x00body"])
    async def test_what_is_not_there_is_none(self, catalog: Catalog, agents: AgentReader, name: str) -> None:
        await store_agent(catalog)
        assert await agents.find(name) is None

    async def test_a_retired_agent_is_found_by_its_identifier_alone(self, catalog: Catalog, agents: AgentReader) -> None:
        agent = await store_agent(catalog)
        retired = await retire(catalog, agent)
        assert retired.retired
        assert await agents.find(agent.id) == retired
        assert await agents.find(agent.profile.slug) is None

    async def test_the_slug_of_a_retired_agent_leads_to_its_successor(self, catalog: Catalog, agents: AgentReader) -> None:
        agent = await store_agent(catalog)
        await retire(catalog, agent)
        successor = await store_agent(catalog, new_agent(slug=agent.profile.slug))
        assert await agents.find(agent.profile.slug) == AgentView.of(successor)

    async def test_a_stored_change_is_seen_at_once(self, catalog: Catalog, agents: AgentReader) -> None:
        agent = await store_agent(catalog)
        before = await agents.find(agent.id)
        agent.edit(replace(agent.profile, name="Pathfinder", visibility=Visibility.PRIVATE), now=LATER)
        await save_agent(catalog, agent)
        assert await agents.find(agent.id) == AgentView.of(agent) != before
        assert (await agents.list_public(FIRST)).items == ()

    async def test_the_public_catalogue_has_public_agents_in_service_of_everybody(
        self, catalog: Catalog, agents: AgentReader
    ) -> None:
        owner = await store_user(catalog)
        listed = [*await store_agents(catalog, 1), *await store_agents(catalog, 1, owner.id)]
        await store_agent(catalog, new_agent(owner.id, visibility=Visibility.PRIVATE))
        await retire(catalog, await store_agent(catalog))
        page = await agents.list_public(FIRST)
        assert (page.items, page.has_more) == (tuple(sorted(listed, key=lambda view: view.id)), False)

    async def test_an_owners_list_has_the_owners_agents_in_service(self, catalog: Catalog, agents: AgentReader) -> None:
        owner, other = await store_user(catalog), await store_user(catalog)
        listed = [
            AgentView.of(await store_agent(catalog, new_agent(owner.id, visibility=visibility))) for visibility in Visibility
        ]
        await retire(catalog, await store_agent(catalog, new_agent(owner.id)))
        await store_agents(catalog, 1)
        await store_agents(catalog, 1, other.id)
        assert (await agents.list_for_owner(owner.id, FIRST)).items == tuple(listed)
        assert (await agents.list_for_owner(new_user_id(), FIRST)).items == ()

    async def test_an_erased_owners_agents_are_gone(self, catalog: Catalog, agents: AgentReader) -> None:
        owner = await store_user(catalog)
        (view,) = await store_agents(catalog, 1, owner.id)
        await remove_user(catalog, owner)
        assert [await agents.find(view.id), await agents.find(view.slug)] == [None, None]
        assert (await agents.list_public(FIRST)).items == ()

    @every_way
    async def test_lists_are_paged_in_both_directions(
        self, catalog: Catalog, agents: AgentReader, limit: int, descending: bool
    ) -> None:
        owner = await store_user(catalog)
        views = await store_agents(catalog, 7, owner.id)
        for read in (agents.list_public, lambda page: agents.list_for_owner(owner.id, page)):
            await walks_both_ways(read, views, limit=limit, descending=descending)
