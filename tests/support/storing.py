"""Putting entities into stores, one commit each."""

from application.ports.catalog import Catalog
from application.ports.shards import Shards
from domain.agents.agent import Agent
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.identifiers import RunId, UserId
from domain.users.credential import ApiKey, SignIn
from domain.users.user import User
from tests.support.builders import (
    again,
    credential_of,
    new_agent,
    new_api_key,
    new_session,
    new_sign_in,
    new_user,
    new_user_id,
    replied,
    said,
)


async def store_user(catalog: Catalog, email: str | None = None) -> User:
    """Return a user who is stored."""
    user = new_user(email)
    async with catalog.open() as unit:
        unit.users.add(user, credential_of(user))
        await unit.commit()
    return user


async def store_sign_in(catalog: Catalog, user: User) -> SignIn:
    """Return a sign-in that is stored."""
    sign_in = new_sign_in(user.id)
    async with catalog.open() as unit:
        unit.sign_ins.add(sign_in)
        await unit.commit()
    return sign_in


async def store_api_key(catalog: Catalog, user: User) -> ApiKey:
    """Return a key that is stored."""
    key = new_api_key(user.id)
    async with catalog.open() as unit:
        unit.api_keys.add(key)
        await unit.commit()
    return key


async def store_agent(catalog: Catalog, agent: Agent | None = None) -> Agent:
    """Return the agent (else a new one of nobody's), which is stored now."""
    agent = agent or new_agent()
    async with catalog.open() as unit:
        unit.agents.add(agent)
        await unit.commit()
    return agent


async def save_agent(catalog: Catalog, agent: Agent) -> None:
    """Store the changes."""
    async with catalog.open() as unit:
        unit.agents.save(agent)
        await unit.commit()


async def remove_user(catalog: Catalog, user: User) -> None:
    """Erase the user."""
    async with catalog.open() as unit:
        unit.users.remove(user)
        await unit.commit()


async def store_session(shards: Shards, owner_id: UserId | None = None) -> Session:
    """Return a session (of a new owner, if none is named) that is stored."""
    session = new_session(owner_id or new_user_id())
    async with shards.open(session.owner_id) as unit:
        unit.sessions.add(session)
        await unit.commit()
    return session


async def save_session(shards: Shards, session: Session) -> None:
    """Store the changes."""
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        await unit.commit()


async def say(
    shards: Shards, session: Session, text: str = "Hello!", client_message_id: str | None = None
) -> tuple[Message, Run]:
    """Store what the user says, with its run."""
    message, run = said(session, text, client_message_id)
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.messages.add(message)
        unit.runs.add(run)
        await unit.commit()
    return message, run


async def answer(shards: Shards, session: Session, run: Run, following: RunId | None = None) -> Message:
    """Store the reply, with the run's end."""
    reply = replied(session, run, following=following)
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.messages.add(reply)
        unit.runs.save(run)
        await unit.commit()
    return reply


async def ask_again(shards: Shards, session: Session, message: Message) -> Run:
    """Store another run that answers the message."""
    run = again(session, message)
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.runs.add(run)
        await unit.commit()
    return run
