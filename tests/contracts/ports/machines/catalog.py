"""A catalog does what plain dicts do."""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Generic, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, rule

from application.actor import Actor
from application.agents.views import AgentView
from application.paging import PageRequest
from application.ports.catalog import CatalogUnitOfWork
from application.users.views import UserView
from domain.agents.agent import Agent, SlugTaken
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId, UserId
from domain.users.credential import ApiKey, SignIn
from domain.users.user import EmailTaken, User, UserNotFound
from tests.contracts.ports.machines.world import WorldMachine
from tests.support.builders import (
    LATER,
    credential_of,
    new_agent,
    new_api_key,
    new_profile,
    new_sign_in,
    new_user,
    rotated,
)
from tests.support.walking import cut

E = TypeVar("E", User, SignIn, Agent)
_examples = count(1)
few = st.integers(0, 2)


@dataclass
class Held(Generic[E]):
    """An entity as somebody read or saved it some time ago."""

    entity: E


class CatalogMachine(WorldMachine):
    """Users, sign-ins, keys and agents with few addresses and few slugs, so that they collide."""

    users = Bundle("users")
    sign_ins = Bundle("sign_ins")
    keys = Bundle("keys")
    agents = Bundle("agents")

    def __init__(self) -> None:
        super().__init__()
        self.example = next(_examples)
        self.stored_users: dict[UserId, User] = {}
        self.stored_sign_ins: dict[SignInId, SignIn] = {}
        self.spent: dict[bytes, SignInId] = {}
        self.stored_keys: dict[ApiKeyId, ApiKey] = {}
        self.stored_agents: dict[AgentId, Agent] = {}
        self.gone: set[UserId] = set()

    @rule(target=users, number=few)
    def register(self, number: int) -> Held[User]:
        user = new_user(f"{number}-of-{self.example}@example.net")
        taken = any(other.email == user.email for other in self.stored_users.values())
        if self._commits(EmailTaken if taken else None, lambda unit: unit.users.add(user, credential_of(user))):
            self.stored_users[user.id] = deepcopy(user)
        else:
            self.gone.add(user.id)
        return Held(user)

    @rule(target=users, held=users)
    def read_user_again(self, held: Held[User]) -> Held[User]:
        return Held(deepcopy(self.stored_users.get(held.entity.id, held.entity)))

    @rule(held=users, name=st.sampled_from(["Ada", "Grace"]))
    def rename(self, held: Held[User], name: str) -> None:
        user = deepcopy(held.entity)
        user.rename(name, now=LATER)
        if self._commits(self._stale(self.stored_users, user), lambda unit: unit.users.save(user)):
            held.entity, self.stored_users[user.id] = user, deepcopy(user)

    @rule(held=users)
    def erase(self, held: Held[User]) -> None:
        user = held.entity
        if self._commits(self._stale(self.stored_users, user), lambda unit: unit.users.remove(user)):
            self.gone.add(user.id)
            del self.stored_users[user.id]
            for sign_in in [one for one in self.stored_sign_ins.values() if one.user_id == user.id]:
                self._drop_sign_in(sign_in.id)
            self.stored_keys = {key: one for key, one in self.stored_keys.items() if one.user_id != user.id}
            self.stored_agents = {key: one for key, one in self.stored_agents.items() if one.owner_id != user.id}

    @rule(target=sign_ins, held=users)
    def sign_in(self, held: Held[User]) -> Held[SignIn]:
        sign_in = new_sign_in(held.entity.id)
        if self._commits(self._missing(held.entity.id), lambda unit: unit.sign_ins.add(sign_in)):
            self.stored_sign_ins[sign_in.id] = deepcopy(sign_in)
        return Held(sign_in)

    @rule(held=sign_ins)
    def rotate(self, held: Held[SignIn]) -> None:
        sign_in = deepcopy(held.entity)
        spent = rotated(sign_in)
        if self._commits(self._stale(self.stored_sign_ins, sign_in), lambda unit: unit.sign_ins.save(sign_in, spent)):
            held.entity, self.stored_sign_ins[sign_in.id] = sign_in, deepcopy(sign_in)
            self.spent[spent] = sign_in.id

    @rule(held=sign_ins)
    def sign_out(self, held: Held[SignIn]) -> None:
        sign_in = held.entity
        if self._commits(self._stale(self.stored_sign_ins, sign_in), lambda unit: unit.sign_ins.remove(sign_in)):
            self._drop_sign_in(sign_in.id)

    @rule(target=keys, held=users)
    def issue_key(self, held: Held[User]) -> ApiKey:
        key = new_api_key(held.entity.id)
        if self._commits(self._missing(key.user_id), lambda unit: unit.api_keys.add(key)):
            self.stored_keys[key.id] = key
        return key

    @rule(key=keys)
    def revoke_key(self, key: ApiKey) -> None:
        if self._commits(None if key.id in self.stored_keys else StaleWrite, lambda unit: unit.api_keys.remove(key)):
            del self.stored_keys[key.id]

    @rule(target=agents, held=users, number=few)
    def create_agent(self, held: Held[User], number: int) -> Held[Agent]:
        agent = new_agent(held.entity.id, slug=self._slug(number))
        refused = SlugTaken if self._is_taken(agent) else self._missing(held.entity.id)
        if self._commits(refused, lambda unit: unit.agents.add(agent)):
            self.stored_agents[agent.id] = deepcopy(agent)
        return Held(agent)

    @rule(held=agents, number=few)
    def edit_agent(self, held: Held[Agent], number: int) -> None:
        agent = deepcopy(held.entity)
        agent.edit(new_profile(slug=self._slug(number)), now=LATER)
        self._save_agent(held, agent)

    @rule(held=agents)
    def retire_agent(self, held: Held[Agent]) -> None:
        agent = deepcopy(held.entity)
        agent.retire(now=LATER)
        self._save_agent(held, agent)

    @rule(held=users)
    def race(self, held: Held[User]) -> None:
        """Three who read the same write at once."""
        rivals = [replace(held.entity, name=f"Rival {number}") for number in range(3)]
        outcomes = self.ask(self._save_at_once(rivals))
        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert sum(isinstance(outcome, StaleWrite) for outcome in outcomes) == 3 - len(winners)
        assert len(winners) == (1 if self._stale(self.stored_users, held.entity) is None else 0)
        for winner in winners:
            held.entity, self.stored_users[winner.id] = winner, deepcopy(winner)

    @rule(held=users, number=few)
    def leave_without_commit(self, held: Held[User], number: int) -> None:
        self.ask(self._leave(held.entity, new_agent(slug=self._slug(number))))

    @rule(number=few)
    def find_by_slug(self, number: int) -> None:
        slug = self._slug(number)
        agents = [agent for agent in self.stored_agents.values() if agent.profile.slug == slug and agent.retired_at is None]
        wanted = AgentView.of(agents[0]) if agents else None
        assert len(agents) <= 1
        assert self.ask(self.world.agents.find(slug)) == wanted

    @rule(held=users, limit=st.integers(1, 3), descending=st.booleans())
    def list_agents_and_keys(self, held: Held[User], limit: int, descending: bool) -> None:
        owner, request = held.entity.id, PageRequest(limit, descending)
        in_service = [agent for agent in self.stored_agents.values() if agent.owner_id == owner and agent.retired_at is None]
        views = [AgentView.of(agent) for agent in sorted(in_service, key=lambda agent: agent.id)]
        page = self.ask(self.world.agents.list_for_owner(owner, request))
        assert page == cut(views, [view.id for view in views], request, None)
        keys = sorted((key for key in self.stored_keys.values() if key.user_id == owner), key=lambda key: key.id)
        assert self.ask(self.world.users.list_api_keys(owner, request)) == cut(keys, [key.id for key in keys], request, None)

    def teardown(self) -> None:
        """Compare everything."""
        for user_id in self.gone:
            assert self.ask(self.world.users.find_user(user_id)) is None
        for user_id, user in self.stored_users.items():
            assert self.ask(self.world.users.find_user(user_id)) == UserView.of(user)
            assert set(self.ask(self._fingerprints_of(user_id))) == {
                *[one.access for one in self.stored_sign_ins.values() if one.user_id == user_id],
                *[one.fingerprint for one in self.stored_keys.values() if one.user_id == user_id],
            }
        for sign_in in self.stored_sign_ins.values():
            plan = self.stored_users[sign_in.user_id].plan
            actor = Actor(sign_in.user_id, plan, sign_in.id, sign_in.access_expires_at)
            assert self.ask(self.world.users.find_actor(sign_in.access)) == actor
            assert self.ask(self._by_refresh(sign_in.refresh)) == (sign_in, False)
        for token, sign_in_id in self.spent.items():
            assert self.ask(self._by_refresh(token)) == (self.stored_sign_ins[sign_in_id], True)
        for agent in self.stored_agents.values():
            assert self.ask(self.world.agents.find(agent.id)) == AgentView.of(agent)

    def _commits(self, refused: type[Exception] | None, stage: Callable[[CatalogUnitOfWork], None]) -> bool:
        async def attempt() -> None:
            async with self.world.catalog.open() as unit:
                stage(unit)
                await unit.commit()

        return self.tells(refused, attempt())

    def _save_agent(self, held: Held[Agent], agent: Agent) -> None:
        stale = self._stale(self.stored_agents, agent)
        refused = stale or (SlugTaken if self._is_taken(agent) else None)
        if self._commits(refused, lambda unit: unit.agents.save(agent)):
            held.entity, self.stored_agents[agent.id] = agent, deepcopy(agent)

    def _stale(self, table: Mapping[Any, E], entity: E) -> type[Exception] | None:
        stored = table.get(entity.id)
        return StaleWrite if stored is None or stored.version != entity.version else None

    def _missing(self, user_id: UserId) -> type[Exception] | None:
        return None if user_id in self.stored_users else UserNotFound

    def _is_taken(self, agent: Agent) -> bool:
        others = [one for one in self.stored_agents.values() if one.retired_at is None and one.id != agent.id]
        return agent.retired_at is None and agent.profile.slug in {one.profile.slug for one in others}

    def _slug(self, number: int) -> str:
        return f"machine-{self.example}-{number}"

    def _drop_sign_in(self, sign_in_id: SignInId) -> None:
        del self.stored_sign_ins[sign_in_id]
        self.spent = {token: spender for token, spender in self.spent.items() if spender != sign_in_id}

    async def _save_at_once(self, rivals: list[User]) -> list[BaseException | None]:
        return await asyncio.gather(*(self._save(rival) for rival in rivals), return_exceptions=True)

    async def _save(self, user: User) -> None:
        async with self.world.catalog.open() as unit:
            unit.users.save(user)
            await unit.commit()

    async def _leave(self, user: User, agent: Agent) -> None:
        async with self.world.catalog.open() as unit:
            unit.users.remove(user)
            unit.agents.add(agent)

    async def _fingerprints_of(self, user_id: UserId) -> tuple[bytes, ...]:
        async with self.world.catalog.open() as unit:
            return await unit.sign_ins.fingerprints_of(user_id)

    async def _by_refresh(self, token: bytes) -> tuple[SignIn, bool] | None:
        async with self.world.catalog.open() as unit:
            return await unit.sign_ins.find_by_refresh(token)
