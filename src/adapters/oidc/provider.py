"""Signing in at a provider of OpenID Connect: the authorization code flow with PKCE, checked as OpenID Connect Core 1.0 asks."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from adapters.oidc.fetching import Fetching
from adapters.oidc.metadata import Discovery, Metadata
from application.ports.identity_providers import Attempt, IdentityProvider, IdentityProviders
from domain.users.identity import Claims, ProviderNotFound, SignInRefused

_LEEWAY_SECONDS: Final = 60
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class OidcClient:
    """What a provider knows us by; `scopes` always has `openid`."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]


class OidcProvider(IdentityProvider):
    """One provider, asked by its discovery document."""

    def __init__(self, client: OidcClient) -> None:
        self._client = client
        self._fetching = Fetching(client.name)
        self._discovery = Discovery(client.issuer, self._fetching)

    @property
    def key(self) -> bytes:
        """Return what follows from the client's secret."""
        return hmac.digest(self._client.client_secret.encode(), b"onelast browser state", "sha256")

    async def address(self, attempt: Attempt) -> str:
        """Return the address of the authorization request."""
        metadata = await self._discovery.metadata()
        address: str = prepare_grant_uri(
            metadata.authorization, self._client.client_id, "code", redirect_uri=attempt.redirect_uri,
            scope=" ".join(self._client.scopes), state=attempt.state, nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier), code_challenge_method="S256",
        )
        return address

    async def redeem(self, code: str, attempt: Attempt) -> Claims:
        """Exchange the code, check the ID token, and ask for what it does not tell."""
        metadata = await self._discovery.metadata()
        tokens = await self._exchange(metadata, code, attempt)
        access, id_token = tokens.get("access_token"), tokens.get("id_token")
        if not isinstance(id_token, str):
            raise SignInRefused("The provider sent no ID token.")
        said = await self._checked(metadata, id_token, attempt.nonce, access)
        if "email" not in said and metadata.userinfo is not None and isinstance(access, str):
            said = {**await self._more(metadata.userinfo, access, said["sub"]), **said}
        return _claims(said)

    async def close(self) -> None:
        """Close all connections."""
        await self._fetching.close()

    async def _exchange(self, metadata: Metadata, code: str, attempt: Attempt) -> Mapping[str, Any]:
        client = self._client
        way = "client_secret_post" if metadata.by_post else "client_secret_basic"
        form = prepare_token_request(
            "authorization_code", redirect_uri=attempt.redirect_uri, code=code, code_verifier=attempt.verifier
        )
        auth = ClientAuth(client.client_id, client.client_secret, way)
        url, headers, body = auth.prepare("POST", metadata.token, dict(_FORM), form)
        status, tokens = await self._fetching.ask("POST", url, headers=headers, body=body)
        if status in {401, 403}:
            raise self._fetching.failed("does not know us: look at CLIENT_ID and CLIENT_SECRET")
        if status != 200:
            raise SignInRefused("The provider did not take the code back: it was used before, or has expired.", param="code")
        return tokens

    async def _checked(self, metadata: Metadata, id_token: str, nonce: str, access: object) -> dict[str, Any]:
        """Return the claims of a good ID token."""
        try:
            token = await self._decoded(metadata, id_token)
            return self._validated(token, nonce, access)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInRefused("The provider's ID token does not hold.", param="id_token") from error

    async def _decoded(self, metadata: Metadata, id_token: str) -> jwt.Token:
        """Return the token if a key of the provider's has signed it; where none has, its keys are fetched once again."""
        try:
            return jwt.decode(id_token, await self._discovery.keys(), algorithms=metadata.algorithms)
        except (JoseError, ValueError, TypeError):
            return jwt.decode(id_token, await self._discovery.keys(anew=True), algorithms=metadata.algorithms)

    def _validated(self, token: jwt.Token, nonce: str, access: object) -> dict[str, Any]:
        ours = {"iss": self._client.issuer, "aud": self._client.client_id}
        claims = CodeIDToken(
            token.claims, token.header, {name: {"essential": True, "value": value} for name, value in ours.items()},
            {"nonce": nonce, "client_id": self._client.client_id, "access_token": access},
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
        return dict(claims)

    async def _more(self, url: str, access: str, subject: object) -> Mapping[str, Any]:
        status, said = await self._fetching.ask("GET", url, headers={"Authorization": f"Bearer {access}"})
        if status != 200 or said.get("sub") != subject:
            raise SignInRefused("The provider tells nothing of who signed in.")
        return said


class OidcProviders(IdentityProviders):
    """The providers by name."""

    def __init__(self, clients: Sequence[OidcClient]) -> None:
        self._providers = {client.name: OidcProvider(client) for client in clients}

    def names(self) -> Sequence[str]:
        """Return the names as the settings have them."""
        return tuple(self._providers)

    def get(self, name: str) -> OidcProvider:
        """Return the provider."""
        provider = self._providers.get(name)
        if provider is None:
            raise ProviderNotFound(f"There is no provider {name!r} to sign in with.", param="name")
        return provider

    async def close(self) -> None:
        """Close all connections."""
        for provider in self._providers.values():
            await provider.close()


def _claims(said: Mapping[str, Any]) -> Claims:
    subject, email, name, verified = said["sub"], said.get("email"), said.get("name"), said.get("email_verified")
    if not isinstance(subject, str) or not subject.isascii() or not subject.isprintable() or not 0 < len(subject) <= 255:
        raise SignInRefused("The provider's ID token names nobody.", param="id_token")
    return Claims(
        said["iss"], subject, email if isinstance(email, str) else None,
        email_verified=isinstance(email, str) and (verified is True or verified == "true"),
        name=name if isinstance(name, str) else None,
    )
