"""Nobody to sign in with."""

from collections.abc import Sequence

from application.ports.identity_providers import IdentityProvider, IdentityProviders
from domain.users.identity import ProviderNotFound


class NoIdentityProviders(IdentityProviders):
    """What there is where the settings name none; it needs no library."""

    def names(self) -> Sequence[str]:
        """Return none."""
        return ()

    def get(self, name: str) -> IdentityProvider:
        """Raise ProviderNotFound."""
        raise ProviderNotFound(f"There is no provider {name!r} to sign in with.", param="name")
