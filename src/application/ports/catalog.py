"""Writing the catalog: what is global and small (users, sign-ins, keys, agents)."""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.ports.audit_log import AuditLog
from application.ports.erasures import ErasureRepository
from application.ports.idempotency import IdempotencyRepository
from application.ports.mailed_tokens import MailedTokenRepository
from domain.agents.agent import Agent
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId, UserId
from domain.users.credential import ApiKey, Credential, SignIn
from domain.users.identity import Identity
from domain.users.user import User


class UserRepository(Protocol):
    """Users and their passwords. A second user with one address: commit raises EmailTaken."""

    @abstractmethod
    async def get(self, user_id: UserId) -> User:
        """Return the user; UserNotFound if there is none."""

    @abstractmethod
    async def find_credential(self, email: str) -> Credential | None:
        """Return the credential of the user with this (lower-case) address, or None."""

    @abstractmethod
    def add(self, user: User, credential: Credential) -> None:
        """Store a new user on commit."""

    @abstractmethod
    def save(self, user: User, credential: Credential | None = None) -> None:
        """Store changes on commit, and another password if one is given; StaleWrite if somebody else changed it since `get`."""

    @abstractmethod
    def require(self, credential: Credential) -> None:
        """Commit nothing unless the user has this password still: StaleWrite there. A change of it at that moment comes after."""

    @abstractmethod
    def remove(self, user: User) -> None:
        """Erase the user, the credential, every sign-in, key, identity, agent and remembered answer of theirs on commit."""


class SignInRepository(Protocol):
    """Sign-ins and the refresh tokens that they have spent."""

    @abstractmethod
    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Return the sign-in, or None."""

    @abstractmethod
    async def find_by_refresh(self, refresh: bytes) -> tuple[SignIn, bool] | None:
        """Return the sign-in that this refresh token belongs to and whether the token was spent before, or None."""

    @abstractmethod
    def add(self, sign_in: SignIn) -> None:
        """Store a new sign-in on commit."""

    @abstractmethod
    def save(self, sign_in: SignIn, spent: bytes) -> None:
        """Store a rotation on commit and remember the refresh token it spent; StaleWrite if somebody else rotated first."""

    @abstractmethod
    def remove(self, sign_in: SignIn) -> None:
        """Remove the sign-in with all its tokens on commit."""

    @abstractmethod
    async def fingerprints_of(self, user_id: UserId) -> tuple[bytes, ...]:
        """Return the fingerprints of the user's access tokens and API keys."""


class ApiKeyRepository(Protocol):
    """API keys."""

    @abstractmethod
    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Return the key; ApiKeyNotFound if there is none."""

    @abstractmethod
    def add(self, key: ApiKey) -> None:
        """Store a new key on commit."""

    @abstractmethod
    def remove(self, key: ApiKey) -> None:
        """Remove the key on commit."""

    @abstractmethod
    def remove_all_of(self, user_id: UserId) -> None:
        """Remove all keys of a user on commit."""


class IdentityRepository(Protocol):
    """Who users are elsewhere. A second identity with one issuer and subject: commit raises StaleWrite."""

    @abstractmethod
    async def find(self, issuer: str, subject: str) -> Identity | None:
        """Return the identity, or None."""

    @abstractmethod
    def add(self, identity: Identity) -> None:
        """Store a new identity on commit."""

    @abstractmethod
    def remove_all_of(self, user_id: UserId) -> None:
        """Remove all identities of a user on commit."""


class AgentRepository(Protocol):
    """Agents. A second agent in service with one slug: commit raises SlugTaken."""

    @abstractmethod
    async def get(self, agent_id: AgentId) -> Agent:
        """Return the agent, retired or not; AgentNotFound if there is none."""

    @abstractmethod
    async def find_by_slug(self, slug: str) -> Agent | None:
        """Return the agent in service with this slug, or None."""

    @abstractmethod
    def add(self, agent: Agent) -> None:
        """Store a new agent on commit."""

    @abstractmethod
    def save(self, agent: Agent) -> None:
        """Store changes on commit; StaleWrite there if somebody else stored a change since the read."""


class CatalogUnitOfWork(Protocol):
    """One change of the catalog: all of it or nothing. Reads see what is stored, not what is staged."""

    users: UserRepository
    sign_ins: SignInRepository
    api_keys: ApiKeyRepository
    identities: IdentityRepository
    agents: AgentRepository
    mailed_tokens: MailedTokenRepository
    audit: AuditLog
    erasures: ErasureRepository
    keys: IdempotencyRepository

    @abstractmethod
    def record(self, event: DomainEvent) -> None:
        """Write the event to the outbox on commit."""

    @abstractmethod
    async def commit(self) -> None:
        """Store what was staged, with its events, at once; leaving without commit stores nothing."""


class Catalog(Protocol):
    """Opens units of work on the catalog."""

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[CatalogUnitOfWork]:
        """Begin a unit of work."""
