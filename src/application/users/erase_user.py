"""Erase an account and all that it owns."""

from contextlib import suppress
from dataclasses import dataclass

from application.actor import Actor
from application.emptying import empty_shard
from application.idempotency import Done, Once, recall
from application.paging import PageRequest
from application.ports.catalog import Catalog
from application.ports.readers import AgentReader
from application.ports.shards import Shards
from application.retrying import again_when_stale
from domain.agents.agent import AgentChanged, Visibility
from domain.shared.identifiers import UserId
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased, UserNotFound


@dataclass(frozen=True, slots=True)
class EraseUserCommand:
    """Who wants to be forgotten."""

    actor: Actor
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class EraseUser:
    """Empties the shard first and the catalog last, so that a crash in between leaves an account that can ask again.

    Who asks at the same moment finds nobody, which is what was asked for; nothing is left that could remember an answer.
    """

    catalog: Catalog
    shards: Shards
    agents: AgentReader

    async def execute(self, command: EraseUserCommand) -> None:
        """Erase everything."""
        with suppress(UserNotFound):
            await again_when_stale(lambda: self._erase(command))

    async def _erase(self, command: EraseUserCommand) -> None:
        user_id = command.actor.user_id
        async with self.catalog.open() as unit:
            await recall(unit.keys, command.once, user_id, Done)
        await empty_shard(self.shards, user_id)
        changes = await self._agents_of(user_id)
        async with self.catalog.open() as unit:
            unit.users.remove(await unit.users.get(user_id))
            unit.record(TokensRevoked(await unit.sign_ins.fingerprints_of(user_id)))
            unit.record(UserErased(user_id))
            for change in changes:
                unit.record(change)
            await unit.commit()

    async def _agents_of(self, user_id: UserId) -> list[AgentChanged]:
        changes: list[AgentChanged] = []
        after: str | None = None
        while True:
            page = await self.agents.list_for_owner(user_id, PageRequest(100, True, after))
            changes += [AgentChanged(a.id, a.slug, a.visibility is Visibility.PUBLIC) for a in page.items]
            if not page.has_more:
                return changes
            after = page.items[-1].id
