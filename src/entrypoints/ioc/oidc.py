"""The providers to sign in with."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.oidc.no_providers import NoIdentityProviders
from application.ports.identity_providers import IdentityProviders
from entrypoints.settings import Settings


class OidcProvider(Provider):
    """Providers of OpenID Connect, from the settings alone."""

    scope = Scope.APP

    @provide
    async def identity_providers(self, settings: Settings) -> AsyncIterator[IdentityProviders]:
        """Return the providers; they are asked nothing before somebody signs in."""
        if not settings.oidc_providers:
            yield NoIdentityProviders()
            return
        # Its libraries take megabytes and a tenth of a second, for those alone who have providers.
        from adapters.oidc.provider import OidcClient, OidcProviders  # noqa: PLC0415

        clients = [
            OidcClient(one.name, one.issuer, one.client_id, one.client_secret, one.scopes) for one in settings.oidc_providers
        ]
        providers = OidcProviders(clients)
        yield providers
        await providers.close()
