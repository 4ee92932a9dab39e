"""A provider of OpenID Connect as a program of its own, and browsers that sign in there."""

import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx

from tests.support.processes import running

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@asynccontextmanager
async def running_provider(port: int = 0) -> AsyncIterator[str]:
    """Run a provider with a key of its own, who takes any client; yield its issuer."""
    async with running(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)) as program:
        await program.says("running on http")
        found = _ADDRESS.search(program.out + program.err)
        assert found is not None
        yield found[0]


def with_query(url: str, **changes: str | None) -> str:
    """Return the address with other parameters; None takes one away."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return urlunsplit(parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})))


class Browser:
    """Somebody's browser at a node: it keeps cookies, and follows to the provider and back when it is told to."""

    def __init__(self, http: httpx.AsyncClient, provider: str) -> None:
        self.http, self.provider = http, provider

    async def begin(self, **query: str) -> str:
        """Return where the node sends the browser for a sign-in."""
        answer = await self.http.get(f"/v1/auth/oidc/{self.provider}", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def consent(self, address: str, subject: str, **form: str) -> str:
        """Sign in at the provider; return where it sends the browser back to."""
        async with httpx.AsyncClient() as elsewhere:
            answer = await elsewhere.post(address, data={"sub": subject, **form})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, address: str, **headers: str) -> httpx.Response:
        """Return the node's answer to what the provider sent back."""
        return await self.http.get(address, headers=headers)

    async def sign_in(self, subject: str, **headers: str) -> httpx.Response:
        """Return the node's answer at the end of the whole way."""
        return await self.come_back(await self.consent(await self.begin(), subject), **headers)

    async def profile(self) -> dict[str, Any]:
        """Return whom the browser's cookie opens the account of."""
        answer = await self.http.get("/v1/users/me")
        assert answer.status_code == 200, answer.text
        profile: dict[str, Any] = answer.json()
        return profile


@asynccontextmanager
async def new_browser(url: str, provider: str = "acme") -> AsyncIterator[Browser]:
    """Open a browser without cookies at the node."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        yield Browser(http, provider)


async def know(issuer: str, subject: str, **claims: Any) -> None:
    """Have the provider know somebody."""
    async with httpx.AsyncClient() as http:
        answer = await http.put(f"{issuer}/users/{subject}", json=claims)
    assert answer.status_code == 204, answer.text
