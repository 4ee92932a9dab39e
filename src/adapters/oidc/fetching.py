"""HTTP to a provider: one short request after the other, and every failure as a domain error."""

import logging
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from msgspec import DecodeError, json

from domain.shared.errors import Unavailable

_PATIENCE: Final = aiohttp.ClientTimeout(total=5.0, sock_connect=3.0)
_LONGEST: Final = 1 << 20
_JSON: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
_log = logging.getLogger(__name__)


class Fetching:
    """Asks one provider; the session is made with the first request, in the loop that runs then. Nothing is redirected."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """Return the status and the JSON object of the answer; Unavailable when there is none, or the provider has failed."""
        try:
            async with self._open().request(
                method, url, headers={**_JSON, **(headers or {})}, data=body, allow_redirects=False
            ) as answer:
                status, text = answer.status, await _start_of(answer)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self.failed(f"cannot be asked: {type(error).__name__}") from error
        if status >= 500 or status == 429:
            raise self.failed(f"answers {status}")
        return status, self._object(text)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def failed(self, why: str) -> Unavailable:
        """Return the failure to raise, and tell the operator."""
        _log.warning("an OIDC provider cannot be used", extra={"provider": self._name, "reason": why})
        return Unavailable(f"The provider {self._name!r} {why}.")

    def _object(self, text: bytes) -> Mapping[str, Any]:
        try:
            return json.decode(text, type=dict[str, Any])
        except (DecodeError, UnicodeDecodeError) as error:
            raise self.failed("answers what is no JSON object") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


async def _start_of(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, or what of it may be held at once: no provider has so much to say."""
    parts, left = [], _LONGEST
    while left > 0 and (part := await answer.content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def is_safe_address(url: str) -> bool:
    """Return whether secrets may go there: over TLS, or to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
