"""One reading or one commit each."""



from application.ports.catalog import Catalog
from domain.agents.agent import Agent
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId, UserId
from domain.users.credential import ApiKey, SignIn
from domain.users.user import User
from tests.support.builders import (
    credential_of,
)


async def read_user(catalog: Catalog, user_id: UserId) -> User:
    async with catalog.open() as unit:
        return await unit.users.get(user_id)


async def read_sign_in(catalog: Catalog, sign_in_id: SignInId) -> SignIn | None:
    async with catalog.open() as unit:
        return await unit.sign_ins.find(sign_in_id)


async def read_key(catalog: Catalog, key_id: ApiKeyId) -> ApiKey:
    async with catalog.open() as unit:
        return await unit.api_keys.get(key_id)


async def read_agent(catalog: Catalog, agent_id: AgentId) -> Agent:
    async with catalog.open() as unit:
        return await unit.agents.get(agent_id)


async def by_refresh(catalog: Catalog, refresh: bytes) -> tuple[SignIn, bool] | None:
    async with catalog.open() as unit:
        return await unit.sign_ins.find_by_refresh(refresh)


async def by_slug(catalog: Catalog, slug: str) -> Agent | None:
    async with catalog.open() as unit:
        return await unit.agents.find_by_slug(slug)


async def add_user(catalog: Catalog, user: User) -> None:
    async with catalog.open() as unit:
        unit.users.add(user, credential_of(user))
        await unit.commit()


async def save_user(catalog: Catalog, user: User) -> None:
    async with catalog.open() as unit:
        unit.users.save(user)
        await unit.commit()


async def save_rotation(catalog: Catalog, sign_in: SignIn, spent: bytes) -> None:
    async with catalog.open() as unit:
        unit.sign_ins.save(sign_in, spent)
        await unit.commit()


async def remove_sign_in(catalog: Catalog, sign_in: SignIn) -> None:
    async with catalog.open() as unit:
        unit.sign_ins.remove(sign_in)
        await unit.commit()


async def remove_key(catalog: Catalog, key: ApiKey) -> None:
    async with catalog.open() as unit:
        unit.api_keys.remove(key)
        await unit.commit()


async def is_gone(catalog: Catalog, user: User) -> bool:
    async with catalog.open() as unit:
        return await unit.users.find_credential(user.email) is None
