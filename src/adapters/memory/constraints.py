"""What the memory store refuses, in the same words as a real one."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from adapters.memory.tables import Tables
from domain.agents.agent import Agent, SlugTaken
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import UserId
from domain.users.user import EmailTaken, User, UserNotFound

K = TypeVar("K")


class DuplicateKey(Exception):
    """Two rows have one identifier or one secret: a mistake of the program, for which there is no domain error."""


class Versioned(Protocol):
    """An entity that is saved by its version."""

    version: int


def require_as_read(table: Mapping[K, Versioned], key: K, version: int) -> None:
    """Return if the row is there with the version that was read; StaleWrite if not."""
    row = table.get(key)
    if row is None or row.version != version:
        raise StaleWrite("Somebody else changed it at the same moment.")


def require_new(table: Mapping[K, object], key: K) -> None:
    """Return if no row has the key."""
    if key in table:
        raise DuplicateKey(f"there is a row {key!r} already")


def require_free_email(tables: Tables, user: User) -> None:
    """Return if no other account has the address; EmailTaken."""
    if any(other.email == user.email for other in tables.users.values() if other.id != user.id):
        raise EmailTaken("There is an account with this address already.", param="email")


def require_free_slug(tables: Tables, agent: Agent) -> None:
    """Return if no other agent in service has the slug; SlugTaken."""
    in_service = [other for other in tables.agents.values() if other.retired_at is None and other.id != agent.id]
    if agent.retired_at is None and any(other.profile.slug == agent.profile.slug for other in in_service):
        raise SlugTaken("There is an agent with this slug already.", param="slug")


def require_free_chat(tables: Tables, session: Session) -> None:
    """Return if no other session of the owner's is called so by a client; StaleWrite."""
    own = (other for other in tables.sessions.values() if other.owner_id == session.owner_id and other.id != session.id)
    if session.client_chat_id is not None and any(other.client_chat_id == session.client_chat_id for other in own):
        raise StaleWrite("Somebody else was faster.")


def require_user(tables: Tables, user_id: UserId | None) -> None:
    """Return if the account is there, or nobody's is meant; UserNotFound."""
    if user_id is not None and user_id not in tables.users:
        raise UserNotFound("The account is gone.")


def require_next(tables: Tables, message: Message) -> None:
    """Return if the session has no message with this seq or this identifier of the client's; StaleWrite."""
    for other in tables.messages.get(message.session_id, ()):
        known = message.client_message_id is not None and other.client_message_id == message.client_message_id
        if known or other.seq == message.seq:
            raise StaleWrite("Somebody else was faster.")
