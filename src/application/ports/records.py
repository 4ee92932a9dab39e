"""Reading all that a user has, in the order of its identifiers: the hidden, retired and replaced too. Never cached.

A page begins after the identifier `after` ('' is before all) and has at most `limit` items; one that has fewer is the last.
Everything is as new as can be.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.agents.views import AgentView
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from domain.analytics.usage import UsageEntry
from domain.sessions.message import Message
from domain.shared.identifiers import SessionId, UserId
from domain.users.credential import SignIn
from domain.users.identity import Identity


@dataclass(frozen=True, slots=True)
class Said:
    """A message, and whether another has taken its place."""

    message: Message
    superseded: bool


class AccountRecords(Protocol):
    """What the catalog has of a user that no other reader tells."""

    @abstractmethod
    async def list_sign_ins(self, user_id: UserId, after: str, limit: int) -> Sequence[SignIn]:
        """Return the user's sign-ins, also those that have run out."""

    @abstractmethod
    async def list_agents(self, owner_id: UserId, after: str, limit: int) -> Sequence[AgentView]:
        """Return the owner's agents, retired or not."""

    @abstractmethod
    async def list_identities(self, user_id: UserId) -> Sequence[Identity]:
        """Return them all: there are few."""


class ConversationRecords(Protocol):
    """What a shard has of its owner."""

    @abstractmethod
    async def list_sessions(self, owner_id: UserId, after: str, limit: int) -> Sequence[SessionView]:
        """Return the owner's sessions."""

    @abstractmethod
    async def list_shares(self, owner_id: UserId, session_ids: Sequence[SessionId]) -> Sequence[ShareView]:
        """Return the shares of these sessions."""

    @abstractmethod
    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, after_seq: int, *, limit: int, most_characters: int
    ) -> Sequence[Said]:
        """Return messages by seq, and none that begins past `most_characters` of the page: only an empty page is the last."""

    @abstractmethod
    async def list_runs(self, owner_id: UserId, session_id: SessionId, after: str, limit: int) -> Sequence[RunView]:
        """Return the session's runs."""

    @abstractmethod
    async def list_usage(self, owner_id: UserId, after: str, limit: int) -> Sequence[UsageEntry]:
        """Return the owner's ledger, entry by entry."""
