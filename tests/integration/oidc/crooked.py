"""A provider that says whatever a test wants it to say."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey
from msgspec import json

from adapters.oidc.provider import OidcClient, OidcProvider
from application.ports.identity_providers import Attempt

SECRET = "secret-of-the-client-of-32-bytes!"
ATTEMPT = Attempt("http://127.0.0.1/callback", "state", "nonce-of-the-attempt", "v" * 43)


class CrookedProvider:
    """Its keys, what it says of itself and of who signed in, and what it was asked; tests change them as they like."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.answers: dict[str, web.Response] = {}
        self.asked: list[tuple[str, str]] = []
        self.form: dict[str, str] = {}

    def settle(self, issuer: str) -> None:
        """Begin as an honest provider."""
        now, self.issuer = int(time.time()), issuer
        self.metadata = {
            "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys", "userinfo_endpoint": f"{issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.claims = {
            "iss": issuer, "sub": "ada", "aud": "us", "iat": now, "exp": now + 60, "nonce": ATTEMPT.nonce,
            "email": "ada@example.org", "email_verified": True, "name": "Ada",
        }

    def signed(self) -> str:
        """Return the ID token of now."""
        return jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, self.claims, self.key)

    def signed_with_a_secret(self, secret: bytes) -> str:
        """Return an ID token with a symmetric signature, made by hand: no library would take a public key for it."""
        known = ({"alg": "HS256", "kid": str(self.key.kid)}, self.claims)
        text = b".".join(_in_base64(json.encode(part)) for part in known)
        return (text + b"." + _in_base64(hmac.digest(secret, text, "sha256"))).decode()

    def application(self) -> web.Application:
        """Return what serves it."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        if request.path in self.answers:
            prepared = self.answers[request.path]
            return web.Response(status=prepared.status, headers=prepared.headers, body=prepared.body)
        match request.path:
            case "/.well-known/openid-configuration":
                return web.json_response(self.metadata)
            case "/keys":
                return web.json_response({"keys": [self.key.as_dict(private=False), {"kty": "unheard-of"}]})
            case "/token":
                self.form = {name: str(value) for name, value in (await request.post()).items()}
                return web.json_response({"access_token": "a", "token_type": "Bearer", "id_token": self.signed(), **self.tokens})
            case "/userinfo":
                return web.json_response(self.userinfo)
        return web.Response(status=404)


def _in_base64(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


@asynccontextmanager
async def crooked() -> AsyncIterator[tuple[CrookedProvider, OidcProvider]]:
    """Run one, and yield it with our client of it."""
    provider = CrookedProvider()
    runner = web.AppRunner(provider.application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    provider.settle(f"http://{host}:{port}")
    ours = OidcProvider(OidcClient("acme", provider.issuer, "us", SECRET, ("openid", "email")))
    try:
        yield provider, ours
    finally:
        await ours.close()
        await runner.cleanup()
