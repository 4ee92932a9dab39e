"""List where one can sign in."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.identity_providers import IdentityProviders


@dataclass(frozen=True, slots=True)
class ListProviders:
    """The providers by name."""

    providers: IdentityProviders

    async def execute(self) -> Sequence[str]:
        """Return the names, in order."""
        return self.providers.names()
