"""Put the platform's own agents into the catalogue."""

from dataclasses import dataclass

from application.ports.builtin_agents import BuiltinAgents
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from domain.agents.agent import Agent, AgentProfile, SlugTaken
from domain.shared.identifiers import AgentId


@dataclass(frozen=True, slots=True)
class SeedCatalogue:
    """Adds built-in agents that are missing and brings changed ones up to date; running it again changes nothing."""

    catalog: Catalog
    builtin: BuiltinAgents
    clock: Clock
    entropy: Entropy

    async def execute(self) -> int:
        """Return how many agents were added or changed."""
        return sum([await self._seed(profile) for profile in self.builtin.load()])

    async def _seed(self, profile: AgentProfile) -> int:
        now = self.clock.now()
        async with self.catalog.open() as unit:
            agent = await unit.agents.find_by_slug(profile.slug)
            if agent is None:
                agent = Agent(AgentId(self.entropy.identifier("agent", self.entropy.bucket())), None, profile, now, now)
                unit.agents.add(agent)
            elif agent.owner_id is not None or agent.profile == profile:
                return 0
            else:
                agent.edit(profile, now=now)
                unit.agents.save(agent)
            unit.record(agent.changed())
            try:
                await unit.commit()
            except SlugTaken:
                return 0  # another node seeds at the same moment
        return 1
