"""What a provider says of itself (OpenID Connect Discovery 1.0), and its keys; both are remembered for a while."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from adapters.oidc.fetching import Fetching, is_safe_address

_KEPT_SECONDS: Final = 3_600.0
# Symmetric ones are left out: their key would be the client's secret, and a provider's public key could pass for it.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses and ways of a provider that a sign-in needs."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    algorithms: tuple[str, ...]
    by_post: bool


class Discovery:
    """Fetches when something is needed that is not known, or was fetched an hour ago."""

    def __init__(self, issuer: str, fetching: Fetching, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetching, self._monotonic = issuer, fetching, monotonic
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def metadata(self) -> Metadata:
        """Return the metadata; Unavailable, also for what is no provider of this issuer."""
        if self._metadata is None or self._metadata[0] < self._monotonic():
            status, said = await self._fetching.ask("GET", get_well_known_url(self._issuer, external=True))
            if status != 200:
                raise self._fetching.failed(f"has no discovery document: it answers {status}")
            self._metadata = self._monotonic() + _KEPT_SECONDS, self._read(said)
        return self._metadata[1]

    async def keys(self, *, anew: bool = False) -> KeySet:
        """Return the public keys, `anew` those of this moment: a provider may have taken others. Unavailable."""
        if anew or self._keys is None or self._keys[0] < self._monotonic():
            status, said = await self._fetching.ask("GET", (await self.metadata()).keys)
            try:
                keys = KeySet.import_key_set(_usable(said if status == 200 else {}))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise self._fetching.failed("has no readable keys") from error
            self._keys = self._monotonic() + _KEPT_SECONDS, keys
        return self._keys[1]

    def _read(self, said: Mapping[str, Any]) -> Metadata:
        if str(said.get("issuer", "")) != self._issuer:
            raise self._fetching.failed("calls itself otherwise than its ISSUER setting does")
        offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            self._address(said, "authorization_endpoint"), self._address(said, "token_endpoint"),
            self._address(said, "jwks_uri"), self._address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else None,
            tuple(one for one in _ALGORITHMS if one in offered), by_post="client_secret_basic" not in ways,
        )

    def _address(self, said: Mapping[str, Any], field: str) -> str:
        url = said.get(field)
        if not isinstance(url, str) or not is_safe_address(url):
            raise self._fetching.failed(f"has no https address as {field}")
        return url


def _usable(said: Mapping[str, Any]) -> KeySetSerialization:
    """Return the set without keys of kinds that are not ours to know: one such must not make the others unreadable."""
    return {"keys": [key for key in said["keys"] if isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"}]}
