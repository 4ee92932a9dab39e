"""Reading views: flat, immutable, cacheable. Other owners' things are not found. Pages are by keyset."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from application.actor import Actor
from application.agents.views import AgentView
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.runs.views import RunView
from application.sessions.views import Excerpt, SessionView, SharedSession, ShareView
from application.users.views import UserView
from domain.analytics.usage import DayUsage, Spent
from domain.sessions.message import Message
from domain.shared.identifiers import RunId, SessionId, ShareId, UserId
from domain.users.credential import ApiKey


class AgentReader(Protocol):
    """Agents as everybody may read them."""

    @abstractmethod
    async def find(self, id_or_slug: str) -> AgentView | None:
        """Return the agent by identifier (retired or not) or by slug (in service only), or None."""

    @abstractmethod
    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        """Return public agents in service, by identifier."""

    @abstractmethod
    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        """Return the owner's agents in service, by identifier."""


class UserReader(Protocol):
    """Users and what opens their account."""

    @abstractmethod
    async def find_user(self, user_id: UserId) -> UserView | None:
        """Return the user, or None."""

    @abstractmethod
    async def find_actor(self, fingerprint: bytes) -> Actor | None:
        """Return who a token or key (by its SHA-256) stands for, or None; the expiry is for the caller to check."""

    @abstractmethod
    async def list_api_keys(self, user_id: UserId, page: PageRequest) -> Page[ApiKey]:
        """Return the user's keys, by identifier."""


class SessionReader(Protocol):
    """Sessions and their messages, but for those that others replaced.

    `freshness` is how new they have to be; without it, as new as can be.
    """

    @abstractmethod
    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView | None:
        """Return the session, or None."""

    @abstractmethod
    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Return the owner's sessions, by identifier; `archived` None means both kinds."""

    @abstractmethod
    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        """Return the session and messages by seq, or None if the owner has none; Invalid for a cursor that is not in it."""

    @abstractmethod
    async def recent_messages(
        self, owner_id: UserId, session_id: SessionId, *, limit: int, most_characters: int
    ) -> Sequence[Message]:
        """Return the newest messages, oldest first: at most `limit`, and none that begins past `most_characters`."""

    @abstractmethod
    async def find_by_chat(self, owner_id: UserId, client_chat_id: str) -> SessionView | None:
        """Return the owner's session that a client calls so, or None; as new as can be."""

    @abstractmethod
    async def find_message_run(
        self, owner_id: UserId, session_id: SessionId, client_message_id: str
    ) -> tuple[Message, RunView] | None:
        """Return the message that the client gave this identifier and its run, or None."""


class UsageReader(Protocol):
    """What an owner's replies took. `freshness` is how new it has to be; without it, as new as can be."""

    @abstractmethod
    async def list_days(
        self, owner_id: UserId, first: date, last: date, freshness: Freshness = Tolerance.FRESH
    ) -> Sequence[DayUsage]:
        """Return the sums of the days from `first` to `last`, both included, by day, agent and model."""

    @abstractmethod
    async def spent(self, owner_id: UserId, today: date) -> Spent:
        """Return what was taken on this day, and what was spent in its month until it."""


class RunReader(Protocol):
    """Runs. `freshness` is how new they have to be; without it, as new as can be."""

    @abstractmethod
    async def find(self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH) -> RunView | None:
        """Return the run, or None."""

    @abstractmethod
    async def read_exchange(self, owner_id: UserId, run_id: RunId) -> Sequence[Message]:
        """Return the run's messages by seq: what was said (also where it is not the first that answers), and the stored reply."""


class ShareReader(Protocol):
    """Shares, as their owners and as all others see them."""

    @abstractmethod
    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> ShareView | None:
        """Return the share of the owner's session, or None."""

    @abstractmethod
    async def read_shared(self, share_id: ShareId, after: int, limit: int) -> SharedSession | None:
        """Return the share as it is now, with up to `limit` of its whole messages over the seq `after`, or None.

        Whoever it belongs to; the secret is for the caller to check.
        """
