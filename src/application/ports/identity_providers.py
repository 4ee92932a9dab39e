"""Signing in elsewhere: providers of OpenID Connect."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.users.identity import Claims


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in at a provider: where its answer goes, and the secrets that tie the answer to the question."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class IdentityProvider(Protocol):
    """One provider."""

    @property
    @abstractmethod
    def key(self) -> bytes:
        """Return 32 secret bytes, the same on every node, that what is left in browsers for this provider is signed with."""

    @abstractmethod
    async def address(self, attempt: Attempt) -> str:
        """Return the address to send the browser to; Unavailable."""

    @abstractmethod
    async def redeem(self, code: str, attempt: Attempt) -> Claims:
        """Return who signed in, from the code that came back; SignInRefused, Unavailable."""


class IdentityProviders(Protocol):
    """All providers that the settings name."""

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Return their names, in order."""

    @abstractmethod
    def get(self, name: str) -> IdentityProvider:
        """Return the provider; ProviderNotFound."""
